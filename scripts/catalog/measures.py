"""What a photo looks like, in numbers: taken from the pixels that the catalog decodes anyway."""

from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from zest.perceptual_hash import perceptual_hash

MEASURED_SIDE = 256  # pixels of the long side of the copy that is measured
THUMBNAIL_SIDE = 112  # pixels of the short side of a thumbnail, if the long one then fits:
THUMBNAIL_LONG_SIDE = 336
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

    Luma is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Sharpness is the variance of the Laplacian,
    the LAPV measure of Pertuz et al. 2013 (Pattern Recognition 46, 1415-1432, appendix), after
    Pech-Pacheco et al. 2000.
    """
    copy = _scaled(image, MEASURED_SIDE / max(image.shape[:2]))
    mean, std = _mean_std(copy)
    luma = cv2.cvtColor(copy.astype(np.float32), cv2.COLOR_RGB2GRAY)
    (brightness,), (contrast,) = _mean_std(luma)
    _, (edges,) = _mean_std(cv2.Laplacian(luma, cv2.CV_32F))
    red, green, blue = cv2.split(copy)
    parting = max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF))
    return Measures(
        mean=(mean / 255).tolist(),
        mean_square=((mean**2 + std**2) / 255**2).tolist(),
        brightness=float(brightness / 255),
        contrast=float(contrast / 255),
        sharpness=float(edges**2),
        grey=bool(parting <= GREY_TOLERANCE),
        hash=perceptual_hash(luma),
        thumbnail=thumbnail(copy),
    )


def thumbnail(image: np.ndarray) -> bytes:
    """Make a small JPEG of the whole of a photo: uint8, (height, width, 3), RGB."""
    height, width = image.shape[:2]
    scale = min(THUMBNAIL_SIDE / min(height, width), THUMBNAIL_LONG_SIDE / max(height, width), 1.0)
    return simplejpeg.encode_jpeg(_scaled(image, scale), quality=82, colorsubsampling="420")


def _scaled(image: np.ndarray, scale: float) -> np.ndarray:
    """Scale a photo and keep its shape; by area when it shrinks, cubic when it grows.

    Sharpness depends on the number of pixels; on one common size it can be compared.
    """
    if scale == 1:
        return image
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=how)


def _mean_std(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each channel, (channels,), in double precision."""
    mean, std = cv2.meanStdDev(image)  # several times as fast as numpy on interleaved channels
    return mean[:, 0], std[:, 0]
