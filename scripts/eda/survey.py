"""Everything the report tells of: the catalog, and what was measured of each photo."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from eda.photos import Job, Measurement, measure_files
from eda.statistics import choose_samples
from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, read_table
from zest.errors import UserError

MAX_SAMPLES = 400  # photos in the whole sample grid: with many classes, fewer of each


@dataclass(frozen=True)
class Split:
    """The training or the test photos: n rows, in the order of the catalog."""

    image_id: list[str]
    label: np.ndarray  # (n,) int; -1 for test photos
    width: np.ndarray  # (n,) pixels, upright
    height: np.ndarray
    format: list[str]
    mode: list[str]
    orientation: list[int]
    file_bytes: np.ndarray  # (n,)
    mean: np.ndarray  # (n, 3) RGB on [0, 1]
    mean_square: np.ndarray  # (n, 3)
    brightness: np.ndarray  # (n,), 0 to 1
    contrast: np.ndarray  # (n,), 0 to 0.5
    sharpness: np.ndarray  # (n,), at least 0
    grey: np.ndarray  # (n,) bool
    samples: list[list[int]]  # chosen rows: one list a class; for the test photos one list
    thumbnails: dict[int, np.ndarray]  # row -> uint8 (112, 112, 3), of the chosen rows

    def __len__(self) -> int:
        return len(self.image_id)


@dataclass(frozen=True)
class Survey:
    """A competition's photos, classes and problems, measured."""

    competition: str
    classes: list[ClassInfo]  # K, in the order of the labels; the name is never empty
    photos: np.ndarray  # (K,), training photos of each class
    train: Split
    test: Split
    problems: list[dict[str, str]]  # file, row, image_id, problem


def class_title(one: ClassInfo) -> str:
    """Return the number and the name of a class, or the number alone where it is the name."""
    return one.name if one.name == one.class_num else f"{one.class_num} {one.name}"


def samples_of_each(wanted: int, classes: int) -> int:
    """Return how many photos of each class the report shows: of many classes, fewer of each."""
    return max(1, min(wanted, MAX_SAMPLES // classes))


def survey(
    cfg: dict,
    catalog_train: str | os.PathLike,
    catalog_test: str | os.PathLike | None,
    classes: str | os.PathLike,
    problems: Sequence[str | os.PathLike],
    root: str | os.PathLike,
    threads: int,
) -> Survey:
    """Read the catalog and measure its photos, each decoded once.

    Raises:
        UserError: there is no training photo, or a photo is no longer what the catalog saw.
    """
    train = read_table(catalog_train, CATALOG)
    test = read_table(catalog_test, CATALOG) if catalog_test else CATALOG.empty_table()
    if not len(train):
        raise UserError(
            f"{catalog_train}: there is no training photo to report on. Look at {problems[0]} "
            "for why, and check data.labels and data.train_images."
        )
    rows = [replace(one, name=one.name.strip() or one.class_num) for one in read_classes(classes)]
    labels = _labels(train)
    each = samples_of_each(cfg["eda"]["samples_per_class"], len(rows))
    by_class = [np.flatnonzero(labels == row.label) for row in rows]
    samples_train = [_chosen(train, members, each, cfg["seed"]) for members in by_class]
    samples_test = [_chosen(test, np.arange(len(test)), each, cfg["seed"])]

    jobs = _jobs(train, root, samples_train) + _jobs(test, root, samples_test)
    measured = measure_files(jobs, threads)
    return Survey(
        competition=cfg["competition"],
        classes=rows,
        photos=np.array([len(members) for members in by_class]),
        train=_split(train, measured[: len(train)], samples_train),
        test=_split(test, measured[len(train) :], samples_test),
        problems=[row for path in problems for row in _read_csv(path)],
    )


def _read_csv(path: str | os.PathLike) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _labels(table: pa.Table) -> np.ndarray:
    return table["label"].fill_null(-1).to_numpy()


def _chosen(table: pa.Table, members: np.ndarray, count: int, seed: int) -> list[int]:
    ids = table["image_id"].take(pa.array(members)).to_pylist()
    return [int(members[position]) for position in choose_samples(ids, count, seed)]


def _jobs(table: pa.Table, root: str | os.PathLike, samples: list[list[int]]) -> list[Job]:
    shown = {row for chosen in samples for row in chosen}
    pixels = table["width"].to_numpy().astype(np.int64) * table["height"].to_numpy()
    paths = table["path"].to_pylist()
    return [
        Job(str(Path(root) / path), int(pixels[row]), row in shown)
        for row, path in enumerate(paths)
    ]


def _split(table: pa.Table, measured: Sequence[Measurement], samples: list[list[int]]) -> Split:
    return Split(
        image_id=table["image_id"].to_pylist(),
        label=_labels(table),
        width=table["width"].to_numpy(),
        height=table["height"].to_numpy(),
        format=table["format"].to_pylist(),
        mode=table["mode"].to_pylist(),
        orientation=table["orientation"].to_pylist(),
        file_bytes=table["file_bytes"].to_numpy(),
        mean=np.array([one.mean for one in measured]).reshape(-1, 3),
        mean_square=np.array([one.mean_square for one in measured]).reshape(-1, 3),
        brightness=np.array([one.brightness for one in measured]),
        contrast=np.array([one.contrast for one in measured]),
        sharpness=np.array([one.sharpness for one in measured]),
        grey=np.array([one.grey for one in measured], bool),
        samples=samples,
        thumbnails={
            row: one.thumbnail for row, one in enumerate(measured) if one.thumbnail is not None
        },
    )
