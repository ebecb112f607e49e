"""What a network learns from, in memory, and the batches that it takes from that."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow.parquet as pq

from zest.augment import REFLECT, augment_image, draw_operations, magnification
from zest.contracts import read_image_ids
from zest.errors import UserError
from zest.images import decode_png
from zest.randomness import seed_from

ZOOM = 2  # times the input size: what is kept of stored images for operations to cut from


def load_images(
    path: str | os.PathLike, size: int, rows: Sequence[int] | None = None, spare: int = 0
) -> np.ndarray:
    """Read the `image` column of a TRAINSET or IMAGES table, decoded.

    Args:
        path: of the parquet file.
        size: largest width and height of the result; larger images are scaled down to it.
        rows: which of the table, rising; None for all.
        spare: rows at the end of the result that are left for other images: to join two results
            would hold all of them twice.

    Returns:
        uint8 RGB, (rows + spare, pixels, pixels, 3), in the order of the table.
    """
    file = pq.ParquetFile(path, pre_buffer=False)  # or it would hold all of it at once
    wanted = np.arange(file.metadata.num_rows) if rows is None else np.asarray(rows, np.int64)
    images = np.empty((0, size, size, 3), np.uint8)
    total = len(wanted) + spare
    first = done = 0
    for batch in file.iter_batches(batch_size=256, columns=["image"]):
        encoded = batch.column("image").field("bytes")
        stop = np.searchsorted(wanted, first + len(batch))
        for row in wanted[done:stop] - first:
            image = decode_png(encoded[row].as_buffer())
            if not len(images):
                pixels = min(size, image.shape[0])
                images = np.empty((total, pixels, pixels, 3), np.uint8)
            images[done] = scale(image, images.shape[1])
            done += 1
        first += len(batch)
    return images


def load_images_of(path: str | os.PathLike, size: int, ids: list[str]) -> np.ndarray:
    """Return what a network sees of some photos: uint8 RGB, (photos, size, size, 3).

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
    return load_images(path, size, rows.tolist())[places]


def scale(image: np.ndarray, size: int) -> np.ndarray:
    """Scale a square image down: uint8 (height, width, 3) -> (size, size, 3)."""
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


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


class ImageSource:
    """The training images, and each batch of them as the network takes it.

    Args:
        images: uint8 RGB, (rows, stored size, stored size, 3). Operations cut from up to
            `ZOOM` times the size of the network's input, so that a crop is sharp.
        normalisation: mean and std of the three channels, on [0, 1].
        operations: drawn anew for every image in every epoch, as in a recipe.
        seed: of these draws; each depends on (seed, epoch, row) alone, never on the batch.
        fill: what comes from outside of the image, as in a recipe.
    """

    def __init__(
        self,
        images: np.ndarray,
        normalisation: tuple[tuple, tuple],
        operations: list,
        seed: int,
        fill: str | list[int] = REFLECT,
    ):
        self.stored = images
        self.normalisation = normalisation
        self.operations = operations
        self.seed = seed
        self.fill = fill
        self.resize(images.shape[1])

    def resize(self, size: int) -> None:
        """Give images of `size` pixels from now on."""
        self.size = size
        self.levels: list[np.ndarray] = []  # their memory is free for the next
        if not self.operations:
            self.levels = [_scaled(self.stored, size)]
            return
        # Each half as large as the one before: a crop is taken from the one that fits it, so that
        # it is neither blurred nor jagged (Williams 1983, "Pyramidal parametrics").
        self.levels = [_scaled(self.stored, ZOOM * size)]
        while self.levels[-1].shape[1] >= 2 * size:
            self.levels.append(_scaled(self.levels[-1], self.levels[-1].shape[1] // 2))

    def batch(self, rows: np.ndarray, epoch: int) -> np.ndarray:
        """Return the input of the network for some rows: float32, (batch, 3, size, size)."""
        if not self.operations:
            return normalise(self.levels[0][rows], *self.normalisation)
        images = np.empty((len(rows), self.size, self.size, 3), np.uint8)
        for place, row in enumerate(rows.tolist()):
            seed = seed_from(self.seed, "online", epoch, row)
            drawn = draw_operations(self.operations, seed, self.fill)
            sharp = self.size * magnification(drawn)
            fitting = [level for level in self.levels if level.shape[1] >= sharp]
            level = fitting[-1] if fitting else self.levels[0]
            images[place] = augment_image(level[row], drawn, self.size)
        return normalise(images, *self.normalisation)


def _scaled(images: np.ndarray, size: int) -> np.ndarray:
    """Scale down images that are larger: uint8, (rows, pixels, pixels, 3)."""
    if images.shape[1] <= size:
        return images
    scaled = np.empty((len(images), size, size, 3), np.uint8)
    for place, image in zip(scaled, images, strict=True):
        place[:] = scale(image, size)
    return scaled


class ActivationSource:
    """What the frozen layers made of each training image, computed once.

    Args:
        activations: float32, (rows, channels, height, width).
    """

    def __init__(self, activations: np.ndarray):
        self.activations = activations

    def resize(self, size: int) -> None:
        """Nothing to do: there is one size."""

    def batch(self, rows: np.ndarray, epoch: int) -> np.ndarray:
        """Return the activations of some rows: float32, (batch, channels, height, width)."""
        return self.activations[rows]


@dataclass(frozen=True)
class TrainingSet:
    """What a network learns from.

    Attributes:
        source: of the inputs.
        targets: float32, (rows, K): the distribution over the classes that each row is to be given.
        teacher: float32, (rows, K): probabilities of a teacher, for distillation, or None.
    """

    source: ImageSource | ActivationSource
    targets: np.ndarray
    teacher: np.ndarray | None = None


@dataclass(frozen=True)
class ValidationSet:
    """What a network is judged on, never learned from.

    Attributes:
        images: uint8 RGB, (n, size, size, 3), or float32 activations, (n, channels, h, w).
        labels: int64, (n,), 0..K-1.
    """

    images: np.ndarray
    labels: np.ndarray


def training_batches(rows: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the row numbers of each batch of one epoch, in random order.

    Every batch is full; the few rows that are left over are other ones in the next epoch.
    `batch_size` is at most `rows`.
    """
    order = rng.permutation(rows)
    for start in range(0, rows - batch_size + 1, batch_size):
        yield order[start : start + batch_size]
