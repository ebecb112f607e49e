"""Large photos, which the threads of a process decode one at a time, so that memory suffices."""

import contextlib
import math
import threading

import numpy as np
from PIL import Image

from zest.images import decode, fit, largest_piece

# A photo takes up to 32 bytes a pixel while it is decoded (WebP with transparency; a PNG takes 20).
# Those of more pixels than most cameras have are decoded one at a time, not one on each core.
LARGE = 16_000_000  # pixels
_one_large = threading.Lock()


def decode_fitted(image: Image.Image, data: bytes, size: int, how: str) -> np.ndarray:
    """Decode what `zest.images.open_image` has opened, as a network sees it.

    Args:
        image: opened, not decoded.
        data: the content of its file.
        size: of the network's input.
        how: `images.fit`, as for `zest.images.fit`.

    Returns:
        uint8 RGB, (size, size, 3).

    Raises:
        UnreadableImage: broken or truncated data.
        MemoryError: the file may be good, but there is no room for its pixels.
    """
    is_large = math.prod(largest_piece(image)) > LARGE
    with _one_large if is_large else contextlib.nullcontext():
        return fit(decode(image, data, size), size, how)
