"""What the leader saw of the photos that it predicted out of fold."""

from pathlib import Path

import numpy as np

from zest.contracts import read_image_ids
from zest.engine.batches import load_images
from zest.errors import UserError


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
