"""Reading every photo once: its facts for the catalog, or the reason why it cannot be used."""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zest.images import UnreadableImage, load_rgb, open_image
from zest.parallel import ordered_map

ORIENTATION = 0x0112  # EXIF tag, https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf page 30


@dataclass(frozen=True)
class PhotoFacts:
    """Columns of the catalog that come from the file; see zest.contracts.CATALOG."""

    width: int
    height: int
    format: str
    mode: str
    orientation: int
    file_bytes: int
    sha256: str


def read_photo(path: Path, max_pixels: int) -> PhotoFacts | str:
    """Read and fully decode one photo; return its facts, or the reason why it cannot be used.

    It goes through the decoder that every later stage uses, so a photo that passes here is a photo
    that can be trained on and predicted.
    """
    try:
        if not path.is_file():
            return "not a file (a broken link or a device)"
        data = path.read_bytes()
        image = open_image(data, max_pixels)
        height, width = load_rgb(data, max_pixels).shape[:2]
        orientation = image.getexif().get(ORIENTATION, 1)
    except UnreadableImage as error:
        return str(error)
    except OSError as error:
        return f"the file cannot be read ({error.strerror or error})"
    return PhotoFacts(
        width=width,
        height=height,
        format=image.format or "",
        mode=image.mode,
        orientation=orientation if orientation in range(1, 9) else 1,
        file_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def read_photos(paths: Sequence[Path], max_pixels: int, processes: int) -> list[PhotoFacts | str]:
    """Apply `read_photo` to every path; the results are in the order of `paths`."""
    read = functools.partial(read_photo, max_pixels=max_pixels)
    return list(ordered_map(read, paths, len(paths), processes, "read"))
