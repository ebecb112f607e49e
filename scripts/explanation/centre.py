"""The centre of a photo, where a thing that is photographed mostly is, and the rest.

The centre is the square in the middle that has half of the area.
"""

from collections.abc import Callable

import numpy as np

AREA = 0.5  # of the photo
PARTS = ("plain", "centre_hidden", "border_hidden")  # what is painted over, of `Occlusion`
SIDE = AREA**0.5  # of the photo's side


def hide_centre(images: np.ndarray) -> np.ndarray:
    """Paint the centre of each photo over with the photo's mean colour.

    Args:
        images: uint8 RGB, (photos, size, size, 3).

    Returns:
        uint8, of the same shape.
    """
    return np.where(_inside(images.shape[1])[..., None], _mean_colours(images), images)


def hide_border(images: np.ndarray) -> np.ndarray:
    """Paint all but the centre of each photo over with the photo's mean colour.

    Args:
        images: uint8 RGB, (photos, size, size, 3).

    Returns:
        uint8, of the same shape.
    """
    return np.where(_inside(images.shape[1])[..., None], images, _mean_colours(images))


def hits_without_parts(
    predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Tell of which photos the class is right, with a part painted over and without.

    Args:
        predict: from uint8 RGB, (n, size, size, 3), to probabilities, (n, K).
        images: uint8 RGB, (photos, size, size, 3).
        labels: int, (photos,), 0..K-1.

    Returns:
        bool, (photos,), for each of PARTS.
    """
    shown = np.concatenate([images, hide_centre(images), hide_border(images)])
    classes = predict(shown).argmax(axis=1)
    return dict(zip(PARTS, classes.reshape(len(PARTS), -1) == labels, strict=True))


def _inside(size: int) -> np.ndarray:
    """Tell which pixels are the centre's: bool, (size, size)."""
    side = round(SIDE * size)
    start = (size - side) // 2
    line = np.zeros(size, bool)
    line[start : start + side] = True
    return line[:, None] & line


def _mean_colours(images: np.ndarray) -> np.ndarray:
    """Return uint8, (photos, 1, 1, 3)."""
    return images.mean(axis=(1, 2), keepdims=True).round().astype(np.uint8)


def share_outside(heat: np.ndarray) -> np.ndarray:
    """Return how much of the heat lies outside of the centre.

    A cell that the centre's edge cuts counts by the part of its area, so heat that is the same
    everywhere has a share of exactly a half, however coarse the map.

    Args:
        heat: float, (photos, h, w), at least 0.

    Returns:
        float64, (photos,), 0 to 1; NaN where there is no heat.
    """
    height, width = heat.shape[1:]
    inside = _covered(height)[:, None] * _covered(width)
    total = heat.sum(axis=(1, 2), dtype=np.float64)
    within = (heat * inside).sum(axis=(1, 2))
    return np.where(total > 0, 1 - within / np.where(total > 0, total, 1), np.nan)


def _covered(cells: int) -> np.ndarray:
    """Return which part of each cell of a line the centre covers: float64, (cells,)."""
    edges = np.arange(cells + 1) / cells
    cut = edges.clip((1 - SIDE) / 2, (1 + SIDE) / 2)
    return np.diff(cut) * cells
