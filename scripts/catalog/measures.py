"""What a photo looks like, in numbers: taken from the pixels that the catalog decodes anyway."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from zest.perceptual_hash import perceptual_hash

MEASURED_SIDE = 256  # pixels of the long side of the copy that is measured
THUMBNAIL_SIDE = 112  # pixels of the short side of a thumbnail, if the long one then fits:
THUMBNAIL_LONG_SIDE = 336
LUMA = (0.299, 0.587, 0.114)  # parts of R, G and B (ITU-R BT.601)
GREY_TOLERANCE = 4  # of 255: JPEG rounding may part the channels of a grey photo by this much


@dataclass(frozen=True)
class Measures:
    """Columns of the table of measures; see zest.contracts.MEASURES."""

    mean: list[float]
    mean_square: list[float]
    brightness: float
    contrast: float
    sharpness: float
    grey: bool
    hash: bytes
    thumbnail: bytes


def measure(image: np.ndarray) -> Measures:
    """Measure one decoded photo: uint8, (height, width, 3), RGB.

    Contrast and sharpness are of the luma in 8 bits, on one common size, as sharpness depends on
    the number of pixels. Sharpness is the variance of its Laplacian, the LAPV measure of Pertuz et
    al. 2013 (Pattern Recognition 46, 1415-1432, appendix), after Pech-Pacheco et al. 2000. Means
    and mean squares of the channels, and whether they are equal, are of every second row, which
    tells them as well unless there are few.
    """
    image, scale = _halved(image, MEASURED_SIDE / max(image.shape[:2]))
    rows = image[::2] if len(image) >= MEASURED_SIDE // 4 else image
    red, green, blue = planes = _planes(rows)
    means, squares = zip(*map(_moments, planes), strict=True)
    parting = max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF))
    luma = _scaled(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), scale)
    return Measures(
        mean=[mean / 255 for mean in means],
        mean_square=[square / 255**2 for square in squares],
        brightness=sum(part * mean for part, mean in zip(LUMA, means, strict=True)) / 255,
        contrast=math.sqrt(_variance(luma)) / 255,
        sharpness=_variance(cv2.Laplacian(luma, cv2.CV_16S)),
        grey=parting <= GREY_TOLERANCE,
        hash=perceptual_hash(luma),
        thumbnail=thumbnail(image),
    )


def thumbnail(image: np.ndarray) -> bytes:
    """Make a small JPEG of the whole of a photo: uint8, (height, width, 3), RGB."""
    height, width = image.shape[:2]
    scale = min(THUMBNAIL_SIDE / min(height, width), THUMBNAIL_LONG_SIDE / max(height, width), 1.0)
    return simplejpeg.encode_jpeg(_scaled(image, scale), quality=82, colorsubsampling="420")


def _scaled(image: np.ndarray, scale: float) -> np.ndarray:
    """Scale a photo or its luma and keep its shape; cubic when it grows.

    When it shrinks it is halved by area, as often as it can be, and the rest is bilinear: between a
    half and the whole, two pixels on each side are all that an area would cover.
    """
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    image, scale = _halved(image, scale)
    if image.shape[1::-1] == size:
        return image
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=how)


def _halved(image: np.ndarray, scale: float) -> tuple[np.ndarray, float]:
    """Halve a photo while `scale` asks for a half or less, and return what is left to be scaled."""
    while scale <= 0.5:
        half = (math.ceil(image.shape[1] / 2), math.ceil(image.shape[0] / 2))
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        scale *= 2
    return image, scale


def _planes(image: np.ndarray) -> Sequence[np.ndarray]:
    """Return the channels one after the other, as OpenCV counts them fastest."""
    own = [np.empty(image.shape[:2], np.uint8) for _ in range(3)]
    return cv2.split(image, own)  # without arrays to write to it would make them, and copies


def _moments(plane: np.ndarray) -> tuple[float, float]:
    """Return the mean of the integers of one channel, and the mean of their squares."""
    return cv2.sumElems(plane)[0] / plane.size, cv2.norm(plane, cv2.NORM_L2SQR) / plane.size


def _variance(plane: np.ndarray) -> float:
    mean, square = _moments(plane)
    return max(0.0, square - mean**2)
