"""From the bytes of an upload to what the network takes, or to the reason why not."""

import re

import numpy as np

from deployment.client.predict import FORMATS  # what the bundle grades, the service grades
from service.limits import Limits, Refused, no_memory
from service.uploads import Upload
from zest.images import (
    Strip,
    TooManyPixels,
    UnreadableImage,
    WrittenAsText,
    open_image,
)
from zest.large_photos import decode_fitted

# A progressive JPEG is decoded once a scan, all of its pixels each time: a small file of thousands
# of scans would keep a core busy for minutes. Cameras and web sites write about ten.
MOST_SCANS = 100

# https://www.w3.org/Graphics/JPEG/itu-t81.pdf table B.1. Zero bytes and restarts (D0 to D7) belong
# to the data of a scan, FF FF is filled up; 01 and restarts have no length.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"


def prepare(upload: Upload, preprocessing: dict, limits: Limits) -> np.ndarray:
    """Return a photo as the network takes it: uint8 RGB, (size, size, 3).

    Args:
        upload: of a client that nobody knows.
        preprocessing: `image_size` and `fit` of the model.
        limits: of its bytes and its pixels.

    Raises:
        Refused: 413, too large; 415, in no format that is read; 422, empty, broken or a strip; 503,
            there is no memory for it at present.
    """
    if upload.is_too_large:
        raise Refused(413, f"more than {limits.photo_bytes / 1e6:g} MB")
    if not upload.data:
        raise Refused(422, "the file is empty (0 bytes)")
    try:
        return _fitted(bytes(upload.data), preprocessing, limits)
    except MemoryError as error:
        raise no_memory() from error


def _fitted(data: bytes, preprocessing: dict, limits: Limits) -> np.ndarray:
    try:
        image = open_image(data, limits.pixels, FORMATS)
    except TooManyPixels as error:
        raise Refused(413, f"more than {limits.pixels / 1e6:g} million pixels") from error
    except Strip as error:
        raise Refused(422, str(error)) from error
    except WrittenAsText as error:
        raise Refused(415, str(error)) from error
    except UnreadableImage as error:
        kinds = ", ".join(FORMATS)
        raise Refused(415, f"not a photo in a format that is read here: {kinds}") from error
    if image.format in ("JPEG", "MPO") and has_many_scans(data):
        raise Refused(422, f"a JPEG of more than {MOST_SCANS} scans; save it anew")
    try:
        return decode_fitted(image, data, preprocessing["image_size"], preprocessing["fit"])
    except UnreadableImage as error:
        raise Refused(422, str(error)) from error


def has_many_scans(data: bytes) -> bool:
    """Tell whether the first picture of a JPEG file has more than MOST_SCANS scans.

    What follows that picture is not decoded, and not looked at: a phone appends a film of some
    seconds, whose bytes look like the start of a scan here and there.

    Args:
        data: of the file, from its first marker on.
    """
    scans, place = 0, 2  # after the marker of the file's start
    while scans <= MOST_SCANS:
        found = _MARKER.search(data, place)
        if found is None or found[1] == _END_OF_IMAGE:
            return False
        scans += found[1] == _START_OF_SCAN
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        place = found.end() + max(2, length)
    return True
