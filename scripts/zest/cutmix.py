"""The rectangle of CutMix, the same where batches are mixed and where training sets are."""

from typing import NamedTuple

import numpy as np


class Rectangle(NamedTuple):
    """A part of an image, in pixels; `bottom` and `right` are the first row and column outside."""

    top: int
    bottom: int
    left: int
    right: int


def draw_rectangle(
    height: int, width: int, share: float, rng: np.random.Generator
) -> tuple[Rectangle, float]:
    """Draw the part of an image that is taken from its partner, and what share is left of its own.

    The rectangle has the image's proportions, the area 1 - share and its centre anywhere (Yun et
    al. 2019, arXiv:1905.04899, section 3). What lies beyond the border is lost, so the share that
    really is left is counted from the pixels.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        share: lambda, of the image that is to be left, on [0, 1].
        rng: source of the place.
    """
    top, bottom = _span(height, np.sqrt(1 - share), rng)
    left, right = _span(width, np.sqrt(1 - share), rng)
    left_over = 1 - (bottom - top) * (right - left) / (height * width)
    return Rectangle(top, bottom, left, right), left_over


def _span(length: int, share: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return start and end of a part of a side: round(share * length) pixels, cut at the border."""
    part = round(share * length)
    start = int(rng.integers(length)) - part // 2
    return max(0, start), min(length, start + part)
