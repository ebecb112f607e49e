"""Reading every photo once: its facts for the catalog, or the reason why it cannot be used."""

import functools
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.measures import MEASURED_SIDE, Measures, measure
from zest.images import ORIENTATION, UnreadableImage, count_frames, decode, open_image
from zest.parallel import ordered_map


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


@dataclass(frozen=True)
class ReadPhoto:
    """A photo that can be used: what its file is, and what it looks like."""

    facts: PhotoFacts
    measures: Measures
    frames: int  # pictures in the file


def read_photo(path: Path, max_pixels: int) -> ReadPhoto | str:
    """Read, decode and measure one photo, or return the reason why it cannot be used.

    It goes through the decoder that every later stage uses, and all of the data through that, so a
    photo that passes here is a photo that can be trained on and predicted.
    """
    try:
        if not path.is_file():
            return "not a file (a broken link or a device)"
        data = path.read_bytes()
        image = open_image(data, max_pixels)
        mode, (width, height) = image.mode, image.size  # a decoder may change both
        short_side = math.ceil(MEASURED_SIDE * min(image.size) / max(image.size))
        pixels = decode(image, data, short_side)  # at least MEASURED_SIDE on the long side
        orientation = image.getexif().get(ORIENTATION, 1)
        frames = count_frames(image)
    except UnreadableImage as error:
        return str(error)
    except OSError as error:
        return f"the file cannot be read ({error.strerror or error})"
    on_its_side = orientation in (5, 6, 7, 8)
    facts = PhotoFacts(
        width=height if on_its_side else width,
        height=width if on_its_side else height,
        format=image.format or "",
        mode=mode,
        orientation=orientation if orientation in range(1, 9) else 1,
        file_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return ReadPhoto(facts, measure(pixels), frames)


def read_photos(
    paths: Sequence[Path], max_pixels: int, processes: int
) -> Iterator[ReadPhoto | str]:
    """Apply `read_photo` to every path; the results are in the order of `paths`."""
    read = functools.partial(read_photo, max_pixels=max_pixels)
    return ordered_map(read, paths, len(paths), processes, "read")
