"""Reading a photo of the catalog again, in the later stages: it must still be the one listed."""

import os
from pathlib import Path

import numpy as np

from zest.errors import UserError
from zest.images import UnreadableImage, decode, fit, open_image


def read_catalogued(
    path: str | os.PathLike, pixels: int, short_side: int | None = None
) -> np.ndarray:
    """Read and decode a photo that the catalog lists: uint8, (height, width, 3), RGB, upright.

    Args:
        path: of the photo.
        pixels: its width x height in the catalog; another photo is refused before it is decoded.
        short_side: as for `zest.images.load_rgb`.

    Raises:
        UserError: the photo is missing, cannot be read or has another number of pixels.
    """
    try:
        data = Path(path).read_bytes()
        image = open_image(data, max_pixels=None)
        if image.width * image.height == pixels:
            return decode(image, data, short_side)
    except PermissionError:
        raise  # zest.errors.run has the words for it
    except FileNotFoundError as error:
        raise _changed(path, "it is missing") from error
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror or error})"
        raise _changed(path, reason) from error
    except UnreadableImage as error:
        raise _changed(path, str(error)) from error
    raise _changed(
        path, f"it has {image.width} x {image.height} pixels, not the {pixels} of the catalog"
    )


def read_fitted(path: str | os.PathLike, pixels: int, size: int, how: str) -> np.ndarray:
    """Read a photo that the catalog lists as a network sees it: uint8, (size, size, 3), RGB.

    Args:
        path: of the photo.
        pixels: its width x height in the catalog.
        size: of the network's input.
        how: `images.fit`, as for `zest.images.fit`.

    Raises:
        UserError: as of `read_catalogued`.
    """
    return fit(read_catalogued(path, pixels, short_side=size), size, how)


def _changed(path: str | os.PathLike, reason: str) -> UserError:
    return UserError(
        f"{os.fspath(path)}: {reason}. The photo has changed since the catalog was made. Put it "
        "back, or run the same command again, so that the catalog is built anew."
    )
