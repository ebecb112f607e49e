"""Small photos and the pixels that they decode to, by which a page finds out what its browser does.

Browsers differ in how they enlarge the colours of a JPEG, in what they decode smaller, in whether
they multiply colours by their transparency. The pixels are those of `load_rgb`, as in training.
"""

import base64
import io

import numpy as np
from PIL import Image

from zest.images import load_rgb

WIDTH, HEIGHT = 37, 26  # no multiples of the blocks of a JPEG: its edges are decoded too
SCALES = (1, 2, 4, 8)  # that JPEGs are reduced by
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


def make_probes() -> list[dict]:
    """Return photos of each kind: `file` and `pixels` in base64, `short_side` as for `load_rgb`."""
    photo = _picture()
    clear = photo.convert("RGBA")
    clear.putalpha(photo.convert("L").rotate(180))
    jpegs = [_encode(photo, "JPEG", subsampling=one) for one in SUBSAMPLINGS]
    jpegs.append(_encode(photo.convert("L"), "JPEG"))
    whole = [
        *(_encode(one, "PNG") for one in (photo, clear)),
        *(_encode(one, "WEBP", lossless=True) for one in (photo, clear)),
        _encode(photo, "WEBP"),
    ]
    probes = [_probe(jpeg, HEIGHT // scale) for jpeg in jpegs for scale in SCALES]
    return probes + [_probe(file, HEIGHT) for file in whole]


def _picture() -> Image.Image:
    """Draw colours that change fast and slowly, and noise."""
    noise = np.random.default_rng(0).integers(-20, 21, (HEIGHT, WIDTH, 3))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = np.stack([np.sin(x / 3), np.sin(y / 4), np.sin((x + y) / 9)], axis=-1)
    return Image.fromarray((128 + 100 * waves + noise).clip(0, 255).astype(np.uint8))


def _encode(image: Image.Image, kind: str, **settings) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **settings)
    return made.getvalue()


def _probe(file: bytes, short_side: int) -> dict:
    told = (base64.b64encode(one).decode() for one in (file, load_rgb(file, short_side=short_side)))
    return dict(zip(("file", "pixels"), told, strict=True), short_side=short_side)
