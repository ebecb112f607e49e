"""Everything the report tells of: the catalog, and what was measured of each photo."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from eda.findings import Findings
from zest.classes import ClassInfo, read_classes
from zest.contracts import CATALOG, MEASURES, read_pictures, read_table
from zest.errors import UserError
from zest.files import read_csv
from zest.samples import choose_samples, samples_of_each

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
    frames: np.ndarray  # (n,) pictures in the file
    samples: list[list[int]]  # chosen rows: one list a class; for the test photos one list
    measures: Path | None  # the table that has the thumbnails; None without photos

    def __len__(self) -> int:
        return len(self.image_id)

    def thumbnails(self, rows: Iterable[int]) -> dict[int, bytes]:
        """Return JPEGs of whole photos, by row."""
        return read_pictures(self.measures, "thumbnail", rows) if self.measures else {}


@dataclass(frozen=True)
class Survey:
    """A competition's photos, classes and problems, measured."""

    competition: str
    train_folds: list[int]  # the folds in which models are trained
    classes: list[ClassInfo]  # K, in the order of the labels; the name is never empty
    photos: np.ndarray  # (K,), training photos of each class
    train: Split
    test: Split
    problems: list[dict[str, str]]  # file, row, image_id, problem
    findings: Findings


def survey(
    cfg: dict,
    train: tuple[Path, Path],
    test: tuple[Path, Path] | None,
    classes: Path,
    problems: Sequence[Path],
    findings: Findings,
) -> Survey:
    """Read what the catalog found out about the photos.

    Args:
        cfg: competition, eda, seed, train_folds.
        train: catalog/train.parquet and catalog/train_measures.parquet.
        test: the same of the test photos, or None.
        classes: catalog/classes.csv.
        problems: catalog/*_problems.csv.
        findings: of the other stages.

    Raises:
        UserError: there is no training photo, or a file is missing or no such table.
    """
    rows = [replace(one, name=one.name.strip() or one.class_num) for one in read_classes(classes)]
    each = samples_of_each(cfg["eda"]["samples_per_class"], len(rows), MAX_SAMPLES)
    catalog = read_table(train[0], CATALOG)
    if not len(catalog):
        raise UserError(
            f"{train[0]}: there is no training photo to report on. Look at {problems[0]} "
            "for why, and check data.labels and data.train_images."
        )
    labels = _labels(catalog)
    by_class = [np.flatnonzero(labels == row.label) for row in rows]
    shown = [_chosen(catalog, members, each, cfg["seed"]) for members in by_class]
    return Survey(
        competition=cfg["competition"],
        train_folds=cfg["train_folds"],
        classes=rows,
        photos=np.array([len(members) for members in by_class]),
        train=_split(catalog, train[1], shown),
        test=_test_split(test, each, cfg["seed"]),
        problems=[row for path in problems for row in read_csv(path)],
        findings=findings,
    )


def _test_split(files: tuple[Path, Path] | None, each: int, seed: int) -> Split:
    if files is None:
        return _split(CATALOG.empty_table(), None, [[]])
    catalog = read_table(files[0], CATALOG)
    shown = [_chosen(catalog, np.arange(len(catalog)), each, seed)]
    return _split(catalog, files[1], shown)


def _labels(table: pa.Table) -> np.ndarray:
    return table["label"].fill_null(-1).to_numpy()


def _chosen(table: pa.Table, members: np.ndarray, count: int, seed: int) -> list[int]:
    ids = table["image_id"].take(pa.array(members)).to_pylist()
    return [int(members[position]) for position in choose_samples(ids, count, seed)]


def _split(catalog: pa.Table, path: Path | None, samples: list[list[int]]) -> Split:
    measures = MEASURES.empty_table()
    if path is not None:  # thumbnails are most of it, and few are shown
        columns = [name for name in MEASURES.names if name != "thumbnail"]
        measures = read_table(path, MEASURES, columns)
    return Split(
        image_id=catalog["image_id"].to_pylist(),
        label=_labels(catalog),
        width=catalog["width"].to_numpy(),
        height=catalog["height"].to_numpy(),
        format=catalog["format"].to_pylist(),
        mode=catalog["mode"].to_pylist(),
        orientation=catalog["orientation"].to_pylist(),
        file_bytes=catalog["file_bytes"].to_numpy(),
        mean=_colours(measures["mean"]),
        mean_square=_colours(measures["mean_square"]),
        brightness=measures["brightness"].to_numpy(),
        contrast=measures["contrast"].to_numpy(),
        sharpness=measures["sharpness"].to_numpy(),
        grey=measures["grey"].to_numpy(zero_copy_only=False),
        frames=measures["frames"].to_numpy(),
        samples=samples,
        measures=path,
    )


def _colours(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of lists of R, G and B as float64 (n, 3)."""
    return np.array(column.to_pylist(), np.float64).reshape(-1, 3)
