"""The rows of a training set: all of them without their images, and the images of a few."""

import json
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import numpy as np

from augmentation.operations import describe_all, percent
from zest.classes import ClassInfo
from zest.contracts import TRAINSET, read_pictures, read_table
from zest.images import decode_png

KINDS = {"mixup": "MixUp", "cutmix": "CutMix"}


def read_rows(path: Path) -> list[dict]:
    """Return the rows of a TRAINSET table without their images; operations and mix are parsed.

    Raises:
        UserError: the file is missing or is no such table.
    """
    columns = [name for name in TRAINSET.names if name != "image"]
    rows = read_table(path, TRAINSET, columns=columns).to_pylist()
    for row in rows:
        row["operations"] = json.loads(row["operations"])
        row["mix"] = json.loads(row["mix"]) if row["mix"] else None
    return rows


def read_images(path: Path, rows: Collection[int]) -> dict[int, np.ndarray]:
    """Return the images of some rows: uint8 RGB (size, size, 3), by the number of the row."""
    pictures = read_pictures(path, "image", rows)
    return {row: decode_png(picture) for row, picture in pictures.items()}


def rows_of_photos(rows: list[dict]) -> dict[str, list[int]]:
    """Return for each image_id the numbers of its rows, copy 0, which is the photo, first."""
    found = defaultdict(list)
    for number in sorted(range(len(rows)), key=lambda number: rows[number]["copy"]):
        found[rows[number]["image_id"]].append(number)
    return dict(found)


def describe_row(row: dict, labels: dict[str, int], classes: list[ClassInfo]) -> list[str]:
    """Return in words what was done to a photo to make a row, a line each.

    Args:
        row: of `read_rows`.
        labels: of all photos of the training set, by image_id.
        classes: in the order of the labels.
    """
    if not row["copy"]:
        return []
    lines, mix = describe_all(row["operations"]), row["mix"]
    if mix:
        partner = classes[labels[mix["partner"]]]
        lines.append(
            f"{KINDS[mix['kind']]} with {percent(1 - mix['lambda'])} of {mix['partner']} "
            f"({partner.name or partner.class_num})"
        )
        lines.append(f"that photo: {', '.join(describe_all(mix['operations']))}")
    return lines


def describe_label(row: dict, classes: list[ClassInfo]) -> str:
    """Return the label of a mixed row, as `label: 63 % good, 37 % fair`; of any other nothing."""
    if row["soft_label"] is None:
        return ""
    shares = sorted(zip(row["soft_label"], classes, strict=True), key=lambda pair: -pair[0])
    told = [f"{percent(share)} {one.name or one.class_num}" for share, one in shares if share]
    return f"label: {', '.join(told)}"
