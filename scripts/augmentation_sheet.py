"""Show photos of a training set beside their copies, with what was done to each written under it.

Reads trainset/{recipe}/fold{fold}/images.parquet and catalog/classes.csv; writes sheet.html beside
it (one file, no network needed) and the same as sheet.png. What is shown are rows of the training
set itself, as a model learns from them.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from augmentation.pictures import Picture, Strip, draw_sheet
from augmentation.rows import (
    describe_label,
    describe_row,
    read_images,
    read_rows,
    rows_of_photos,
)
from zest.classes import ClassInfo, class_title, read_classes
from zest.errors import run
from zest.files import write_text
from zest.page import render_page
from zest.samples import choose_samples, samples_of_each

TEMPLATE = Path(__file__).parent / "augmentation" / "templates" / "sheet.html.j2"
MOST_PHOTOS = 100  # on a sheet; of more classes than that, so many are chosen
MOST_COPIES = 6  # of a photo


@dataclass(frozen=True)
class Group:
    """The photos of one class on the sheet."""

    label: int
    title: str  # of the class
    photos: int  # of this class in the training set
    strips: list[Strip]


def choose_photos(rows: list[dict], classes: list[ClassInfo], cfg: dict) -> dict[int, list[str]]:
    """Choose photos of each class by chance, those that have copies first.

    Args:
        rows: of `read_rows`.
        classes: in the order of the labels.
        cfg: seed and augmentation.

    Returns:
        image_id of the chosen ones by label. Classes without a photo are not in it; of very many
        classes some are left out.
    """
    photos: dict[int, set[str]] = {one.label: set() for one in classes}
    copied: dict[int, set[str]] = {one.label: set() for one in classes}
    for row in rows:
        (copied if row["copy"] else photos)[row["label"]].add(row["image_id"])
    each = samples_of_each(cfg["augmentation"]["photos_per_class"], len(classes), MOST_PHOTOS)
    names = [one.class_num for one in classes]
    shown = sorted(choose_samples(names, MOST_PHOTOS, cfg["seed"]))
    chosen = {}
    for label in (classes[position].label for position in shown):
        ids = sorted(copied[label] or photos[label])
        if ids:
            chosen[label] = [ids[place] for place in choose_samples(ids, each, cfg["seed"])]
    return chosen


def make_groups(
    path: Path, rows: list[dict], chosen: dict[int, list[str]], classes: list[ClassInfo]
) -> list[Group]:
    """Return the chosen photos with their copies, at most MOST_COPIES of each.

    Args:
        path: of the TRAINSET table, for the images.
        rows: of that table, see `read_rows`.
        chosen: see `choose_photos`.
        classes: in the order of the labels.
    """
    photos = rows_of_photos(rows)
    labels = {row["image_id"]: row["label"] for row in rows}
    numbers = {
        image_id: photos[image_id][: 1 + MOST_COPIES] for ids in chosen.values() for image_id in ids
    }
    images = read_images(path, [number for found in numbers.values() for number in found])

    def picture(number: int) -> Picture:
        row = rows[number]
        return Picture(
            image=images[number],
            name=f"copy {row['copy']}" if row["copy"] else "the photo",
            lines=describe_row(row, labels, classes),
            verdict=describe_label(row, classes),
        )

    return [
        Group(
            label,
            class_title(classes[label]),
            sum(of == label for of in labels.values()),
            [
                Strip(image_id, [picture(number) for number in numbers[image_id]])
                for image_id in ids
            ],
        )
        for label, ids in chosen.items()
    ]


def explain(rows: list[dict], recipe: str) -> list[str]:
    """Say what to look for, in sentences for people who know the photos, not the field."""
    copies = sum(row["copy"] > 0 for row in rows)
    if not copies:
        return [
            f"The recipe {recipe} makes no copies: every photo stands in the training set once, as "
            "it is. What a model's online_operations do is drawn anew in each epoch and is stored "
            "nowhere, so it is not on this sheet."
        ]
    sentences = [
        "Would you give each copy the label of its photo, from the picture alone? Where you would "
        "not, the model is taught something wrong: lower the parameter of the operation that is "
        f"written under it, or drop the operation (recipes.{recipe}.operations). Where all copies "
        "look like the photo, they teach little, and the parameters may go up.",
        "snakemake augmentation_guard goes through all copies and finds the suspicious ones.",
    ]
    mixed = sum(row["mix"] is not None for row in rows)
    if mixed:
        sentences.append(
            f"{mixed:,} of the {copies:,} copies are mixed with another photo. Their label is "
            "mixed, too, and is written under them; it should be what you would bet."
        )
    return sentences


def summary(rows: list[dict], groups: list[Group]) -> str:
    """Say how many photos and copies are shown, of how many."""
    copies = sum(row["copy"] > 0 for row in rows)
    strips = [strip for group in groups for strip in group.strips]
    shown = sum(len(strip.pictures) - 1 for strip in strips)
    return (
        f"n = {len(strips):,} of {len({row['image_id'] for row in rows}):,} photos, "
        f"{shown:,} of {copies:,} copies"
    )


def main() -> None:
    """Choose the photos, write the page and the PNG."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: competition, seed, augmentation")
    parser.add_argument("--recipe", required=True, help="name of the recipe")
    parser.add_argument("--trainset", required=True, type=Path, help="images.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--html", required=True, type=Path, help="the page, written")
    parser.add_argument("--png", required=True, type=Path, help="the same as a picture, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    classes, rows = read_classes(args.classes), read_rows(args.trainset)
    groups = make_groups(args.trainset, rows, choose_photos(rows, classes, cfg), classes)
    page = render_page(
        TEMPLATE,
        competition=cfg["competition"],
        recipe=args.recipe,
        summary=summary(rows, groups),
        sentences=explain(rows, args.recipe),
        groups=groups,
    )
    write_text(args.html, page)
    strips = [
        Strip(f"{group.title} · {strip.title}", strip.pictures)
        for group in groups
        for strip in group.strips
    ]
    title = f"{cfg['competition']}, recipe {args.recipe}: photos and their copies"
    draw_sheet(strips, title, args.png)
    print(f"{args.html}: {summary(rows, groups)}", flush=True)


if __name__ == "__main__":
    run(main)
