"""The views of test-time augmentation: a model's answers to all of them are averaged."""

import numpy as np

from zest.views import stored_size


def views_of(images: np.ndarray, way: str | None, size: int) -> list[np.ndarray]:
    """Return the views of images by one of `zest.views.WAYS`.

    No pixel is copied: a view is the same memory read in another order.

    Args:
        images: uint8 RGB, (photos, stored, stored, 3), of the size that
            `zest.views.stored_size` gives.
        way: `horizontal_flip` (the image, and mirrored left to right), `flips` (the image, mirrored
            left to right, top to bottom, and both), `quarter_turns` (the image, turned by 90, 180
            and 270 degrees against the clock), `flips_and_turns` (these, and the same of the
            mirrored image: the symmetries of the square), `multi_crop` (see `crop_corners`); None
            for the image alone.
        size: width and height of a view.

    Returns:
        One array a view, uint8, (photos, size, size, 3).

    Raises:
        ValueError: images of another size, or another way.
    """
    if way is None:
        return [images]
    stored = stored_size(way, size)
    if images.shape[1:3] != (stored, stored):
        raise ValueError(f"views of {size} pixels are made of images of {stored}")
    mirrored = images[:, :, ::-1]
    match way:
        case "horizontal_flip":
            return [images, mirrored]
        case "flips":
            return [images, mirrored, images[:, ::-1], mirrored[:, ::-1]]
        case "quarter_turns":
            return _turned(images)
        case "flips_and_turns":
            return [*_turned(images), *_turned(mirrored)]
        case "multi_crop":
            return [
                images[:, top : top + size, left : left + size]
                for top, left in crop_corners(stored, size)
            ]
    raise ValueError(f"there is no way {way!r} to see an image")


def _turned(images: np.ndarray) -> list[np.ndarray]:
    return [np.rot90(images, turns, axes=(1, 2)) for turns in range(4)]


def crop_corners(stored: int, size: int) -> list[tuple[int, int]]:
    """Return the top left pixel, (top, left), of five crops: at the four corners, and the middle.

    Args:
        stored: width and height of the image.
        size: width and height of a crop.
    """
    last, middle = stored - size, (stored - size) // 2
    return [(0, 0), (0, last), (last, 0), (last, last), (middle, middle)]
