"""The photos that the leader predicted out of fold: what it says of them, and what it saw."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zest.contracts import OUT_OF_FOLD, read_image_ids, read_table
from zest.engine.batches import load_images
from zest.errors import UserError
from zest.folds import group_numbers


@dataclass(frozen=True)
class Predictions:
    """What the leader says of photos that it never saw in training.

    Attributes:
        ids: image_id of each photo.
        folds: int, (photos,): of the model that predicted it.
        labels: int, (photos,), 0..K-1.
        probabilities: float32, (photos, K).
        groups: int, (photos,), 0 and up: what the split kept together.
    """

    ids: list[str]
    folds: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The class that is named for each photo: int, (photos,), 0..K-1."""
        return self.probabilities.argmax(axis=1)

    def of(self, rows: np.ndarray) -> "Predictions":
        """Return those of some rows, in their order."""
        ids = [self.ids[row] for row in rows]
        arrays = (self.folds, self.labels, self.probabilities, self.groups)
        return Predictions(ids, *(array[rows] for array in arrays))


def read_predictions(path: Path) -> Predictions:
    """Read out_of_fold.parquet."""
    table = read_table(path, OUT_OF_FOLD)
    return Predictions(
        ids=table["image_id"].to_pylist(),
        folds=table["fold"].to_numpy(),
        labels=table["label"].to_numpy(),
        probabilities=np.array(table["probabilities"].to_pylist(), np.float32),
        groups=group_numbers(table["group"].to_pylist()),
    )


def load_photos(path: Path, size: int, ids: list[str]) -> np.ndarray:
    """Return what a network sees of photos: uint8 RGB, (photos, size, size, 3).

    Args:
        path: images/{size}/train.parquet.
        size: of the network's input.
        ids: image_id of each photo, in the order of the result.

    Raises:
        UserError: a photo is not in the table.
    """
    row_of = {image_id: row for row, image_id in enumerate(read_image_ids(path))}
    missing = [image_id for image_id in ids if image_id not in row_of]
    if missing:
        raise UserError(
            f"{path}: it lacks {len(missing)} of the predicted photos, the first of them "
            f"{missing[0]}. Delete the file and run the same command again."
        )
    wanted = np.array([row_of[image_id] for image_id in ids], np.int64)
    rows, places = np.unique(wanted, return_inverse=True)
    return load_images(path, size, rows)[places]
