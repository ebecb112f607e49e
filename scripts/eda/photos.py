"""Measuring photos: each is decoded once, in a pool of processes, and its numbers come back."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zest.catalogued import read_catalogued
from zest.images import fit
from zest.parallel import ordered_map

MEASURED_SIDE = 256  # pixels of the long side of the copy that is measured
THUMBNAIL_SIDE = 112  # pixels
GREY_TOLERANCE = 4  # of 255: JPEG rounding may part the channels of a grey photo by this much


@dataclass(frozen=True)
class Job:
    """One photo to measure."""

    path: str
    pixels: int  # width x height in the catalog: a photo of another size is not the one it saw
    thumbnail: bool  # whether the report shows this photo


@dataclass(frozen=True)
class Measurement:
    """What one photo looks like, in numbers."""

    mean: np.ndarray  # (3,), RGB, of values on [0, 1]
    mean_square: np.ndarray  # (3,), RGB, of the squares of values on [0, 1]
    brightness: float  # mean of the luma, 0 black to 1 white
    contrast: float  # standard deviation of the luma, 0 to 0.5
    sharpness: float  # variance of the Laplacian of the luma on [0, 255]
    grey: bool  # whether the photo has no colour
    thumbnail: np.ndarray | None  # uint8, (112, 112, 3), RGB


def measured_copy(image: np.ndarray) -> np.ndarray:
    """Scale a photo so that its long side has 256 pixels, keeping its shape.

    Sharpness depends on the number of pixels; on one common size it can be compared.

    Args:
        image: uint8, (height, width, 3).

    Returns:
        uint8; (256, w, 3) or (h, 256, 3). Area interpolation when it shrinks, cubic when it grows.
    """
    height, width = image.shape[:2]
    scale = MEASURED_SIDE / max(height, width)
    if scale == 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=how)


def measure(image: np.ndarray, thumbnail: bool) -> Measurement:
    """Measure one decoded photo: uint8, (height, width, 3), RGB.

    Luma is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Sharpness is the variance of the Laplacian,
    the LAPV measure of Pertuz et al. 2013 (Pattern Recognition 46, 1415-1432, appendix), after
    Pech-Pacheco et al. 2000.
    """
    copy = measured_copy(image)
    mean, std = _mean_std(copy)
    luma = cv2.cvtColor(copy.astype(np.float32), cv2.COLOR_RGB2GRAY)
    (brightness,), (contrast,) = _mean_std(luma)
    _, (edges,) = _mean_std(cv2.Laplacian(luma, cv2.CV_32F))
    red, green, blue = cv2.split(copy)
    parting = max(cv2.norm(red, green, cv2.NORM_INF), cv2.norm(green, blue, cv2.NORM_INF))
    return Measurement(
        mean=mean / 255,
        mean_square=(mean**2 + std**2) / 255**2,
        brightness=float(brightness / 255),
        contrast=float(contrast / 255),
        sharpness=float(edges**2),
        grey=bool(parting <= GREY_TOLERANCE),
        thumbnail=fit(image, THUMBNAIL_SIDE, "crop") if thumbnail else None,
    )


def _mean_std(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each channel, (channels,), in double precision."""
    mean, std = cv2.meanStdDev(image)  # several times as fast as numpy on interleaved channels
    return mean[:, 0], std[:, 0]


def measure_file(job: Job) -> Measurement:
    """Read, decode and measure one photo.

    Raises:
        UserError: the file is missing, or is not the photo that the catalog saw.
    """
    return measure(read_catalogued(job.path, job.pixels), job.thumbnail)


def measure_files(jobs: Sequence[Job], threads: int) -> list[Measurement]:
    """Measure photos in `threads` processes; the results stand in the order of `jobs`."""
    return list(ordered_map(measure_file, jobs, len(jobs), threads, "measure"))
