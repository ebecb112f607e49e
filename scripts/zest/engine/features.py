"""What frozen layers make of each image, computed once and kept in a FEATURES table."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zest.contracts import FEATURES, read_table, write_table
from zest.errors import UserError

SEED_OF_FROZEN = 0  # of what a file of weights lacks in the layers that are run once
_ROWS_IN_GROUP = 256


def write_features(ids: list[str], features: np.ndarray, path: Path) -> None:
    """Write a FEATURES table.

    Args:
        ids: image_id of each row.
        features: float32, (rows, ...).
        path: of the parquet file.
    """
    write_table(_tables(ids, features), path, FEATURES)


def read_features(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the ids and the features, float32 (rows, ...), of a FEATURES table.

    Raises:
        UserError: the file is missing or is no such table.
    """
    ids = read_table(path, FEATURES, columns=["image_id"])["image_id"].to_pylist()
    file = pq.ParquetFile(path, pre_buffer=False)  # or it would hold all of it at once
    shape = next(file.iter_batches(1, columns=["shape"]))["shape"][0].as_py()
    features = np.empty((len(ids), *shape), np.float32)
    row = 0
    for batch in file.iter_batches(_ROWS_IN_GROUP, columns=["features"]):
        values = batch["features"].flatten().to_numpy()
        features[row : row + len(batch)] = values.reshape(len(batch), *shape)
        row += len(batch)
    return ids, features


def read_features_of(path: Path, ids: list[str]) -> np.ndarray:
    """Return the features of these images in their order, float32 (rows, ...).

    Raises:
        UserError: as of `read_features`, or the table is of other images.
    """
    found, features = read_features(path)
    if found != ids:
        raise UserError(
            f"{path}: these are features of other images, or in another order. Delete the file and "
            "run the same command again."
        )
    return features


def _tables(ids: list[str], features: np.ndarray) -> Iterator[pa.Table]:
    shape = list(features.shape[1:])
    flat = features.reshape(len(features), -1)
    for start in range(0, len(ids), _ROWS_IN_GROUP):
        part = flat[start : start + _ROWS_IN_GROUP]
        offsets = np.arange(len(part) + 1, dtype=np.int32) * part.shape[1]
        yield pa.table(
            [
                pa.array(ids[start : start + len(part)]),
                pa.array(list(itertools.repeat(shape, len(part))), pa.list_(pa.int32())),
                pa.ListArray.from_arrays(pa.array(offsets), pa.array(part.ravel())),
            ],
            schema=FEATURES,
        )
