"""How many training and test photos there are of each size, shape, format, mode, orientation."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from eda.survey import Split

MOST_SIZES = 6  # rows of the table of image sizes
TALL, WIDE = 0.95, 1.05  # width / height: between them a photo counts as square
ORIENTATIONS = {
    1: "upright",
    2: "mirrored",
    3: "turned by 180°",
    4: "mirrored, turned by 180°",
    5: "mirrored, turned by 90°",
    6: "turned by 90°",
    7: "mirrored, turned by 270°",
    8: "turned by 270°",
}
MODES = {"RGB": "RGB, colour", "L": "L, grey", "RGBA": "RGBA, transparent", "P": "P, palette"}

Rows = list[tuple[str, int, int]]  # (kind, training photos, test photos), most frequent first


def sizes(train: Split, test: Split) -> Rows:
    """Count the most frequent sizes, and all others in one row."""
    rows = _counted(*([f"{w} × {h}" for w, h in size_pairs(split)] for split in (train, test)))
    rest = rows[MOST_SIZES:]
    if rest:
        others = (f"{len(rest):,} other sizes", sum(r[1] for r in rest), sum(r[2] for r in rest))
        return [*rows[:MOST_SIZES], others]
    return rows


def size_pairs(split: Split) -> list[tuple[int, int]]:
    """Return (width, height) of each photo."""
    return list(zip(split.width.tolist(), split.height.tolist(), strict=True))


def shapes(train: Split, test: Split) -> Rows:
    """Count tall, square and wide photos."""
    return _counted(_shapes(train), _shapes(test))


def formats(train: Split, test: Split) -> Rows:
    """Count file formats."""
    return _counted(train.format, test.format)


def modes(train: Split, test: Split) -> Rows:
    """Count colour modes, as stored."""
    return _counted(*([MODES.get(mode, mode) for mode in split.mode] for split in (train, test)))


def orientations(train: Split, test: Split) -> Rows:
    """Count EXIF orientations."""
    splits = (train, test)
    return _counted(*([ORIENTATIONS[value] for value in split.orientation] for split in splits))


def _shapes(split: Split) -> list[str]:
    ratio = split.width / split.height
    return np.where(ratio < TALL, "tall", np.where(ratio > WIDE, "wide", "square")).tolist()


def _counted(train: Iterable[str], test: Iterable[str]) -> Rows:
    """Count kinds, the most frequent first, ties by name."""
    in_train, in_test = Counter(train), Counter(test)
    names = sorted(in_train | in_test, key=lambda kind: (-in_train[kind] - in_test[kind], kind))
    return [(name, in_train[name], in_test[name]) for name in names]
