"""Make the report on the photos of a competition: what is in the data, before any training.

Reads the catalog (of each part its table and its measures, catalog/classes.csv and the lists of
problems), what the stages duplicates, split and study have found, and no photo. Writes
eda/report.html (one file, no network needed), eda/photos.csv (a row a photo), eda/classes.csv (a
row a class) and three charts as PNG.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from eda import figures
from eda.findings import read_findings
from eda.page import render
from eda.sections import SECTIONS
from eda.statistics import effective_number
from eda.survey import Survey, survey
from zest.errors import run
from zest.files import csv_text, write_text

PHOTO_COLUMNS = ["split", "image_id", "label", "width", "height", "file_bytes"]
PHOTO_COLUMNS += ["brightness", "contrast", "sharpness", "mean_r", "mean_g", "mean_b"]
CLASS_COLUMNS = ["label", "class_num", "name", "photos", "share", "effective_number"]
CLASS_COLUMNS += ["brightness", "mean_r", "mean_g", "mean_b"]


def photo_rows(found: Survey) -> Iterable[list]:
    """Yield a row of photos.csv for each training photo, then each test photo."""
    for name, split in (("train", found.train), ("test", found.test)):
        for row, image_id in enumerate(split.image_id):
            label = int(split.label[row])
            measures = (split.brightness, split.contrast, split.sharpness)
            yield [
                name,
                image_id,
                label if label >= 0 else "",
                split.width[row],
                split.height[row],
                split.file_bytes[row],
                *(_decimal(values[row]) for values in measures),
                *(_decimal(value) for value in split.mean[row]),
            ]


def class_rows(found: Survey) -> Iterable[list]:
    """Yield a row of classes.csv for each class; without photos, its colour stays empty."""
    effective = effective_number(found.photos)
    for index, one in enumerate(found.classes):
        members = found.train.label == one.label
        colour = [""] * 4
        if members.any():
            means = (
                found.train.brightness[members].mean(),
                *found.train.mean[members].mean(axis=0),
            )
            colour = [_decimal(value) for value in means]
        yield [
            one.label,
            one.class_num,
            one.name,
            found.photos[index],
            _decimal(found.photos[index] / found.photos.sum()),
            _decimal(effective[index]),
            *colour,
        ]


def _decimal(value: float) -> str:
    return f"{value:.6f}"


def main() -> None:
    """Parse the arguments, measure the photos and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cfg", type=json.loads, required=True, help="competition, eda, seed, train_folds"
    )
    parser.add_argument(
        "--train", type=Path, required=True, nargs=2, help="catalog/train.parquet, its measures"
    )
    parser.add_argument(
        "--test", type=Path, required=True, nargs="*", help="the same of test.parquet, or nothing"
    )
    parser.add_argument("--classes", type=Path, required=True, help="catalog/classes.csv")
    parser.add_argument(
        "--problems", type=Path, required=True, nargs="+", help="catalog/*_problems.csv"
    )
    parser.add_argument("--pairs", type=Path, required=True, nargs="+", help="duplicates/*.parquet")
    parser.add_argument(
        "--study",
        type=Path,
        required=True,
        nargs=5,
        help="eda/shortcuts.csv, shift.csv, label_errors.csv, map.csv, estimates.csv",
    )
    parser.add_argument(
        "--split",
        type=Path,
        required=True,
        nargs=4,
        help="split/folds.parquet, balance.csv, leaks.csv, sessions.csv",
    )
    parser.add_argument("--html", type=Path, required=True, help="the report to write")
    parser.add_argument("--photos", type=Path, required=True, help="CSV to write, a row a photo")
    parser.add_argument("--classes-out", type=Path, required=True, help="CSV, a row a class")
    parser.add_argument("--chart-classes", type=Path, required=True, help="PNG: class counts")
    parser.add_argument("--chart-colour", type=Path, required=True, help="PNG: colour by class")
    parser.add_argument("--sheet", type=Path, required=True, help="PNG: photos of each class")
    args = parser.parse_args()

    findings = read_findings(args.pairs, args.study, args.split)
    found = survey(args.cfg, args.train, args.test or None, args.classes, args.problems, findings)
    write_text(args.html, render(found.competition, [section(found) for section in SECTIONS]))
    write_text(args.photos, csv_text(PHOTO_COLUMNS, photo_rows(found)))
    write_text(args.classes_out, csv_text(CLASS_COLUMNS, class_rows(found)))
    figures.draw_class_counts(found, args.chart_classes)
    figures.draw_colour_by_class(found, args.chart_colour)
    figures.draw_samples(found, args.sheet)
    print(f"{args.html}: {args.html.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
