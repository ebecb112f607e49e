"""Images in memory, and the batches that a network takes from them."""

import os
from collections.abc import Iterator

import cv2
import numpy as np
import pyarrow.parquet as pq

from zest.images import decode_png


def load_images(path: str | os.PathLike, size: int) -> np.ndarray:
    """Read the `image` column of a TRAINSET or IMAGES table, decoded.

    Args:
        path: of the parquet file.
        size: width and height of the result; stored images that are larger are scaled down.

    Returns:
        uint8 RGB, (rows, size, size, 3), in the order of the table.
    """
    file = pq.ParquetFile(path)
    images = np.empty((file.metadata.num_rows, size, size, 3), np.uint8)
    row = 0
    for batch in file.iter_batches(batch_size=256, columns=["image"]):
        for png in batch.column("image").field("bytes"):
            image = decode_png(png.as_buffer())
            if image.shape[0] != size:
                image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            images[row] = image
            row += 1
    return images


def normalise(images: np.ndarray, mean: tuple, std: tuple) -> np.ndarray:
    """Turn images into the input of a network.

    Args:
        images: uint8 RGB, (batch, height, width, 3).
        mean: of the three channels, on [0, 1].
        std: of the three channels, on [0, 1].

    Returns:
        float32, (batch, 3, height, width): (image / 255 - mean) / std.
    """
    scale = 1 / (255 * np.asarray(std, np.float32))
    offset = np.asarray(mean, np.float32) / np.asarray(std, np.float32)
    channels_last = images * scale - offset
    return np.ascontiguousarray(channels_last.transpose(0, 3, 1, 2))


def training_batches(rows: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the row numbers of each batch of one epoch, in random order.

    Every batch is full; the few rows that are left over are other ones in the next epoch.
    `batch_size` is at most `rows`.
    """
    order = rng.permutation(rows)
    for start in range(0, rows - batch_size + 1, batch_size):
        yield order[start : start + batch_size]
