"""Reading photos: one decoder and one evaluation preprocessing for every stage.

Validation, test, export parity and deployment all see a photo through `load_rgb` and `fit`, so no
stage can prepare it differently from another.
"""

import io
import math

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

# Pillow would refuse what data.max_pixels allows; `open_image` checks the size before decoding.
Image.MAX_IMAGE_PIXELS = None

ORIENTATION = 0x0112  # EXIF tag, https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf page 30

# Where the short side of a photo is scaled up to that of the network, the long one grows with it: a
# strip of a kilobyte would fill the memory. At the largest image_size, 1,024, this many times the
# short side are 67 million pixels, fewer than data.max_pixels allows.
LONGEST = 64

_JPEG = ("JPEG", "MPO")  # an MPO holds several JPEGs, of which the first is the photo
_SCALES = (1, 2, 4, 8)  # the decoder leaves out what it need not compute; these have fast code


class UnreadableImage(ValueError):
    """The bytes are not a photo that can be used; the message is the reason, for problems.csv."""


class TooManyPixels(UnreadableImage):
    """The photo, or a tile of it, is larger than the caller allows."""


class WrittenAsText(UnreadableImage):
    """The pixels are written as text, which takes too long to read."""


class Strip(UnreadableImage):
    """One side of the photo is so much longer than the other that it cannot be fitted."""


def open_image(
    data: bytes, max_pixels: int | None, formats: tuple[str, ...] | None = None
) -> Image.Image:
    """Open an encoded image without decoding its pixels.

    Args:
        data: the content of the file.
        max_pixels: a photo of more pixels is refused before its pixels are decoded; None where the
            caller knows how many it must have.
        formats: that are tried, as Pillow names them; None for all that it reads.

    Raises:
        UnreadableImage: empty or not an image.
        WrittenAsText: a plain PBM, PGM or PPM.
        TooManyPixels: larger than `max_pixels`.
        Strip: one side is more than LONGEST times the other.
        MemoryError: the file may be good, but there is no room for it.
    """
    if not data:
        raise UnreadableImage("the file is empty (0 bytes)")
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
        width, height = largest_piece(image)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise many kinds for broken headers
        raise UnreadableImage("not an image in a format that Pillow reads") from error
    if image.format == "EPS":
        raise UnreadableImage("EPS, which Pillow has another program draw; save it as PNG or JPEG")
    # Pillow reads these in Python, and copies all that is left at each comment: a megabyte of
    # comments takes half a minute. https://netpbm.sourceforge.net/doc/ppm.html#plainppm
    if any(tile[0] == "ppm_plain" for tile in image.tile):
        raise WrittenAsText(
            "its pixels are written as text (plain PBM, PGM or PPM); save it as PNG"
        )
    if max_pixels is not None and width * height > max_pixels:
        what = "" if (width, height) == image.size else "a tile of "
        raise TooManyPixels(
            f"{what}{width} x {height} pixels, more than data.max_pixels ({max_pixels})"
        )
    refuse_strip(image.width, image.height)
    return image


def largest_piece(image: Image.Image) -> tuple[int, int]:
    """Return the width and height of what is decoded at once: the photo, or a larger tile of it.

    A TIFF can be stored in tiles of one size, each of which is decoded whole: also where the photo
    is a corner of it.

    Args:
        image: of `open_image`.

    Raises:
        ValueError: the size of the tiles is no number.
    """
    if not isinstance(image, TiffImageFile):
        return image.size
    width, length = (int(image.tag_v2.get(tag, 0)) for tag in (TILEWIDTH, TILELENGTH))
    return max(image.size, (width, length), key=math.prod)


def refuse_strip(width: int, height: int) -> None:
    """Refuse a photo that `fit` would make larger than the memory.

    Args:
        width: of the photo, in pixels.
        height: of the photo, in pixels.

    Raises:
        Strip: one side is more than LONGEST times the other.
    """
    if max(width, height) > LONGEST * min(width, height):
        raise Strip(
            f"a strip of {width} x {height} pixels, one side more than {LONGEST} times the other; "
            "cut it to its subject"
        )


def count_frames(image: Image.Image) -> int:
    """Return how many pictures a file holds; only the first is used.

    Raises:
        UnreadableImage: the file ends within one of them.
    """
    try:
        return getattr(image, "n_frames", 1)
    except MemoryError:
        raise
    except Exception as error:  # as many kinds as Pillow has plugins
        raise UnreadableImage(f"broken data after the first picture: {error}") from error


def load_rgb(
    data: bytes, max_pixels: int = 100_000_000, short_side: int | None = None
) -> np.ndarray:
    """Decode a photo upright and in colour: uint8, (height, width, 3), RGB.

    The EXIF orientation is applied; transparency is laid on white; 16-bit grey is scaled to 8 bits.

    Args:
        data: the content of the file.
        max_pixels: as for `open_image`.
        short_side: where the photo is to be made this small anyway, a JPEG is decoded at a half, a
            quarter or an eighth of its size, as small as its short side allows without being
            smaller than this many pixels.

    Raises:
        UnreadableImage: broken or truncated data, or one of the reasons of `open_image`.
    """
    return decode(open_image(data, max_pixels), data, short_side)


def decode(image: Image.Image, data: bytes, short_side: int | None = None) -> np.ndarray:
    """Decode what `open_image` has opened; see `load_rgb`.

    Raises:
        UnreadableImage: broken or truncated data.
        MemoryError: the file may be good, but there is no room for its pixels.
    """
    scale = 1
    if short_side is not None:
        scale = max(k for k in _SCALES if k == 1 or min(image.size) >= k * short_side)
    try:
        if image.format in _JPEG and image.mode in ("RGB", "L"):
            pixels = _decode_jpeg(image, data, scale)
            if pixels is not None:
                return _upright(pixels, image.getexif().get(ORIENTATION, 1))
        if scale > 1:
            image.draft(image.mode, (image.width // scale, image.height // scale))
        image.load()
        return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except MemoryError:
        raise
    except Exception as error:  # a truncated file raises OSError, SyntaxError, struct.error, ...
        raise UnreadableImage(f"broken image data: {error}") from error


def _decode_jpeg(image: Image.Image, data: bytes, scale: int) -> np.ndarray | None:
    """Decode by simplejpeg, which gives the very pixels of Pillow in less time.

    Returns:
        uint8, (height, width, 3), not yet upright; None where the data is damaged, if only so
        lightly that Pillow may still take it.
    """
    height, width = math.ceil(image.height / scale), math.ceil(image.width / scale)
    pixels = _cached_memory(height * width * 3)
    try:
        return simplejpeg.decode_jpeg(
            data, "RGB", min_height=height, min_width=width, buffer=pixels
        )
    except ValueError:
        return None


def _cached_memory(size: int) -> np.ndarray:
    """Return bytes, (size,), that the decoder leaves in the processor's cache when it writes them.

    Where they begin at a multiple of 32, libjpeg-turbo writes past the cache, and whatever reads
    the photo next waits for the memory.
    """
    memory = np.empty(size + 32, np.uint8)
    start = 16 - memory.ctypes.data % 32
    return memory[start % 32 :][:size]


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and flip stored pixels as the EXIF orientation, 1 to 8, says."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.asarray(image).astype(np.float64)
        grey /= 257.0  # in place, as below: of a large photo each copy is half a gigabyte
        grey.round(out=grey).clip(0, 255, out=grey)
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def fit(image: np.ndarray, size: int, how: str = "crop") -> np.ndarray:
    """Bring a photo to `size` x `size` pixels: the evaluation preprocessing.

    Args:
        image: uint8, (height, width, 3).
        size: pixels of each side of the result.
        how: `crop` scales the short side to `size` and cuts the middle, `stretch` scales both
            sides, `pad` scales the long side and fills the rest with the mean colour of the border.

    Returns:
        uint8, (size, size, 3). Area interpolation when it shrinks, cubic when it grows.

    Raises:
        MemoryError: there is no room for the photo at its new size.
    """
    height, width = image.shape[:2]
    if how == "stretch":
        return _resize(image, size, size)
    scale = size / (min(height, width) if how == "crop" else max(height, width))
    scaled = _resize(image, max(1, round(width * scale)), max(1, round(height * scale)))
    height, width = scaled.shape[:2]
    if how == "crop":
        top, left = (height - size) // 2, (width - size) // 2
        return np.ascontiguousarray(scaled[top : top + size, left : left + size])
    border = np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]])
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = border.mean(axis=0).round().astype(np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    canvas[top : top + height, left : left + width] = scaled
    return canvas


def _resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    try:
        return cv2.resize(image, (width, height), interpolation=how)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        raise


def encode_png(image: np.ndarray) -> bytes:
    """Encode uint8 RGB (height, width, 3) without loss, fast rather than small."""
    done, data = cv2.imencode(".png", image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"cannot encode an image of shape {image.shape}")
    return data.tobytes()


def decode_png(data: bytes) -> np.ndarray:
    """Decode what `encode_png` wrote: uint8 RGB (height, width, 3).

    Raises:
        ValueError: it is something else.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("these bytes are no PNG image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
