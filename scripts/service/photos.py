"""From the bytes of an upload to what the network takes, or to the reason why not."""

import numpy as np

from deployment.client.predict import FORMATS  # what the bundle grades, the service grades
from service.limits import Limits, Refused
from service.uploads import Upload
from zest.images import TooManyPixels, UnreadableImage, decode, fit, open_image

# A progressive JPEG is decoded once a scan, all of its pixels each time: a small file of thousands
# of scans would keep a core busy for minutes. Cameras and web sites write about ten.
MOST_SCANS = 100
_START_OF_SCAN = b"\xff\xda"


def prepare(upload: Upload, preprocessing: dict, limits: Limits) -> np.ndarray:
    """Return a photo as the network takes it: uint8 RGB, (size, size, 3).

    Args:
        upload: of a client that nobody knows.
        preprocessing: `image_size` and `fit` of the model.
        limits: of its bytes and its pixels.

    Raises:
        Refused: 413, too large; 415, in no format that is read; 422, empty or broken.
    """
    if upload.is_too_large:
        raise Refused(413, f"more than {limits.photo_bytes / 1e6:g} MB")
    if not upload.data:
        raise Refused(422, "the file is empty (0 bytes)")
    data = bytes(upload.data)
    try:
        image = open_image(data, limits.pixels, FORMATS)
    except TooManyPixels as error:
        raise Refused(413, f"more than {limits.pixels / 1e6:g} million pixels") from error
    except UnreadableImage as error:
        kinds = ", ".join(FORMATS)
        raise Refused(415, f"not a photo in a format that is read here: {kinds}") from error
    if image.format in ("JPEG", "MPO") and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise Refused(422, f"a JPEG of more than {MOST_SCANS} scans; save it anew")
    size = preprocessing["image_size"]
    try:
        return fit(decode(image, data, size), size, preprocessing["fit"])
    except UnreadableImage as error:
        raise Refused(422, str(error)) from error
