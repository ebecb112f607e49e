"""Encoded photos for tests, good and bad."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

ORIENTATION = 0x0112


def picture(seed: int = 0, width: int = 60, height: int = 40) -> Image.Image:
    """Return a picture of soft blots, other ones for another seed."""
    blots = np.random.default_rng(seed).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    return Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **settings) -> bytes:
    """Return an image as the bytes of a file."""
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def photo(seed: int = 0) -> bytes:
    """Return a JPEG."""
    return encoded(picture(seed), quality=95)


def turned_photo(seed: int = 0) -> bytes:
    """Return a JPEG whose EXIF orientation says that it lies on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return encoded(picture(seed), quality=95, exif=exif)


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a PNG of a hundred bytes whose header promises very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))


def strip() -> bytes:
    """Return a PNG of a kilobyte that fills gigabytes where its short side is made 224 pixels."""
    return encoded(Image.new("RGB", (2, 60_000)), "PNG")


def tiled_tiff(side: int, tile: int, kind: int = 4) -> bytes:
    """Return a grey TIFF of `side` x `side` pixels in the corner of one tile, which may be larger.

    Of a tile of more than a million pixels, the data is not there. The kind of number that its size
    is written as is 4, an integer, in a good file.
    """
    data = zlib.compress(bytes(tile * tile)) if tile <= 1000 else b""
    tags = [(256, side), (257, side), (258, 8), (259, 8), (262, 1), (277, 1), (322, tile)]
    tags += [(323, tile), (324, 8), (325, len(data))]  # the data begins at byte 8
    entries = b"".join(
        struct.pack("<HHII", tag, kind if tag in (322, 323) else 4, 1, value) for tag, value in tags
    )
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def plain_ppm(kind: int = 3) -> bytes:
    """Return a picture of four pixels written as text: 1 for a plain PBM, 2 for PGM, 3 for PPM."""
    highest, values = {1: (b"", 4), 2: (b" 9", 4), 3: (b" 9", 12)}[kind]
    return b"P%d 2 2%s\n" % (kind, highest) + b"1 " * values


def motion_photo(film_bytes: int) -> bytes:
    """Return a JPEG and, as phones write it, a film after its end; some of it looks like scans."""
    film = b"\x00\x00\x00\x18ftyp" + b"\xff\xda\x00\x02" * 200
    return photo() + film + np.random.default_rng(0).bytes(film_bytes)


def no_memory_of_opencv() -> cv2.error:
    """Return what OpenCV raises where there is no memory for a picture."""
    error = cv2.error("(-4:Insufficient memory) Failed to allocate 2700000000 bytes")
    error.code = cv2.Error.StsNoMem
    return error


def many_scans(count: int) -> bytes:
    """Return a JPEG whose last scan is there so many times more."""
    data = encoded(picture(), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + data[-2:]


def many_scans_behind_a_comment(count: int) -> bytes:
    """Return the same with a comment in which the end of the picture seems to stand."""
    data = many_scans(count)
    return data[:2] + b"\xff\xfe\x00\x06\xff\xd9\xff\xd9" + data[2:]
