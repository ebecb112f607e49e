"""Look at the photos through a pretrained network: what would mislead a training, and a score.

Reads the catalog and the measures of the training photos, their features and their folds, and the
features of the test photos where there are any. Writes, for the report,
- eda/shortcuts.csv: how well the class is told by what is not the thing itself;
- eda/shift.csv: for each training photo how like a test photo it is, and its weight;
- eda/label_errors.csv: the photos whose label is doubtful, the most doubtful first;
- eda/map.csv: where photos stand on a map of what looks alike;
- eda/estimates.csv: what a linear probe scores in plain folds, in the folds of the split, and there
  weighted by likeness to the test photos; and how well the parts are told apart.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from study.label_errors import likely_errors
from study.photo_map import draw_map
from study.probe import linear_probe, out_of_fold, plain_folds
from study.shift import Shift, measure_shift
from study.shortcuts import CONFIDENCE, border, find_shortcuts
from zest.contracts import CATALOG, FOLDS, MEASURES, read_pictures, read_table
from zest.engine.features import read_features, read_features_of
from zest.errors import run
from zest.files import csv_text, write_text
from zest.images import load_rgb
from zest.metrics import effective_photos, wilson_interval
from zest.randomness import seed_from
from zest.similarity import unit_vectors

MOST_STUDIED = 5000  # training photos of which shortcuts are looked for
MOST_ON_MAP = 2000  # photos of both parts
FEWEST_TEST = 20  # test photos of which it is asked whether they can be told from training photos


def sources_of(catalog: pa.Table, measures: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of photos beside the thing itself, float (rows, values), by name.

    Args:
        catalog: a CATALOG table.
        measures: path of the measures of the same photos.
        rows: int, (rows,): of the photos, ascending.
    """
    size, width, height = (
        catalog[name].to_numpy()[rows].astype(float) for name in ("file_bytes", "width", "height")
    )
    thumbnails = read_pictures(measures, "thumbnail", rows.tolist())
    colours = read_table(measures, MEASURES, columns=["mean"])["mean"].take(pa.array(rows))
    return {
        "border pixels": np.stack([border(load_rgb(thumbnails[row])) for row in rows.tolist()]),
        "mean colour": np.array(colours.to_pylist()),
        "file size": np.log(size + 1)[:, None],
        "image size": np.stack([width, height], axis=1),
    }


def score(
    name: str, hits: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None
) -> tuple:
    """Return a row of estimates.csv: an accuracy, its 95 % interval, effective photos."""
    photos = effective_photos(hits, groups, weights)
    share = float(np.average(hits, weights=weights))
    low, high = wilson_interval(share * photos, photos, CONFIDENCE)
    return (name, f"{share:.6f}", f"{low:.6f}", f"{high:.6f}", f"{photos:.0f}")


def estimates(
    plain: np.ndarray,
    grouped: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    shift: Shift | None,
) -> list[tuple]:
    """Return the rows of estimates.csv.

    Args:
        plain: float, (photos, K), probabilities out of plain folds.
        grouped: float, (photos, K), probabilities out of the folds of the split.
        labels: int, (photos,), 0..K-1.
        groups: int, (photos,), what stays together in the split.
        shift: of the test photos, or None without any.
    """
    hits = grouped.argmax(axis=1) == labels
    rows = [
        score("plain folds", plain.argmax(axis=1) == labels, groups),
        score("folds of the split", hits, groups),
    ]
    if shift is not None:
        rows.append(score("folds of the split, weighted", hits, groups, shift.weights))
        auc = (shift.auc, shift.low, shift.high)
        rows.append(("AUC of test against training", *(f"{one:.6f}" for one in auc), len(labels)))
    return rows


def group_numbers(names: list[str | None]) -> np.ndarray:
    """Number the groups of photos, int (photos,); a photo without a name is one of its own."""
    known: dict[str | int, int] = {}
    keys = [row if name is None else name for row, name in enumerate(names)]
    return np.array([known.setdefault(key, len(known)) for key in keys])


def main() -> None:
    """Read what is known of the photos, study it, write the tables."""
    args = _arguments()
    cfg = json.loads(args.cfg)
    seed = seed_from(cfg["seed"], "study") % 2**32
    catalog = read_table(args.catalog, CATALOG)
    labels = catalog["label"].to_numpy()
    num_classes = int(labels.max()) + 1
    ids = catalog["image_id"].to_pylist()
    split = read_table(args.folds, FOLDS)
    folds, groups = split["fold"].to_numpy(), group_numbers(split["group"].to_pylist())
    features = read_features_of(args.features, ids)
    test_ids, test = read_features(args.test) if args.test else ([], features[:0])

    rng = np.random.default_rng(seed)
    studied = np.sort(rng.permutation(len(ids))[:MOST_STUDIED])
    sources = sources_of(catalog, args.measures, studied)
    of_studied = (labels[studied], folds[studied], groups[studied])
    shortcuts = find_shortcuts(sources, *of_studied, num_classes, seed)
    rows = [
        (one.source, *(f"{value:.6f}" for value in (one.accuracy, one.low, one.high, one.majority)))
        for one in shortcuts
    ]
    write_text(args.shortcuts, csv_text(["source", "accuracy", "low", "high", "majority"], rows))

    without_groups = plain_folds(labels, int(folds.max()) + 1, seed)
    plain = out_of_fold(linear_probe, features, labels, without_groups, num_classes, seed)
    grouped = out_of_fold(linear_probe, features, labels, folds, num_classes, seed)
    rows = [
        (ids[row], labels[row], other, f"{plain[row, labels[row]]:.6f}", f"{plain[row, other]:.6f}")
        for row, other in zip(*likely_errors(plain, labels), strict=True)
    ]
    header = ["image_id", "label", "predicted", "label_probability", "predicted_probability"]
    doubtful = len(rows)
    write_text(args.label_errors, csv_text(header, rows))

    shift = measure_shift(features, test, seed) if len(test) >= FEWEST_TEST else None
    rows = []
    if shift is not None:
        rows = [
            (image_id, f"{likeness:.6f}", f"{weight:.6f}")
            for image_id, likeness, weight in zip(ids, shift.likeness, shift.weights, strict=True)
        ]
    write_text(args.shift, csv_text(["image_id", "likeness", "weight"], rows))
    header = ["estimate", "value", "low", "high", "photos"]
    write_text(args.estimates, csv_text(header, estimates(plain, grouped, labels, groups, shift)))

    shown = np.sort(rng.permutation(len(ids) + len(test_ids))[:MOST_ON_MAP])
    on_map = np.concatenate(
        [features[shown[shown < len(ids)]], test[shown[shown >= len(ids)] - len(ids)]]
    )
    places = draw_map(unit_vectors(on_map), seed)
    named = [("train", one) for one in ids] + [("test", one) for one in test_ids]
    rows = [
        (*named[row], f"{x:.5f}", f"{y:.5f}") for row, (x, y) in zip(shown, places, strict=True)
    ]
    write_text(args.map, csv_text(["part", "image_id", "x", "y"], rows))
    for row in estimates(plain, grouped, labels, groups, shift):
        print(f"{row[0]}: {float(row[1]):.3f} ({float(row[2]):.3f} to {float(row[3]):.3f})")
    print(f"{doubtful} doubtful labels: {args.label_errors}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cfg", required=True, help="JSON: seed")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--measures", required=True, type=Path, help="its measures")
    parser.add_argument("--features", required=True, type=Path, help="of the training photos")
    parser.add_argument("--test", type=Path, nargs="?", help="features of the test photos")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument("--shortcuts", required=True, type=Path, help="CSV, written")
    parser.add_argument("--shift", required=True, type=Path, help="CSV, written")
    parser.add_argument("--label-errors", required=True, type=Path, help="CSV, written")
    parser.add_argument("--map", required=True, type=Path, help="CSV, written")
    parser.add_argument("--estimates", required=True, type=Path, help="CSV, written")
    return parser.parse_args()


if __name__ == "__main__":
    with threadpool_limits(1):  # sums of floats are then added in one order on every machine
        run(main)
