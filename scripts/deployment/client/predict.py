"""Grade photos with the model beside this file.

    python predict.py photo.jpg another.jpg folder/
    python predict.py --self-test

Needs Python 3.10 or newer with onnxruntime, numpy and Pillow. Photos are decoded, resized and cut
as they were for training; how is written in the model itself, with the names of the classes.
"""

import argparse
import contextlib
import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

HERE = Path(__file__).resolve().parent
MODEL = HERE / "model.onnx"
EXAMPLES = HERE / "examples"
MAX_PIXELS = 100_000_000  # a larger photo is refused before its pixels are decoded
LONGEST = 64  # times the short side; a longer strip, scaled up, would fill the memory
# An MPO, of several JPEGs, is opened as a JPEG; Pillow would fail at its name.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
BATCH = 16
# Of a probability: what another processor or version may do to the last digits. Of 8-bit integers a
# sum that is rounded otherwise is a whole step.
TOLERANCES = {"float32": 1e-3, "int8": 0.05}

Image.MAX_IMAGE_PIXELS = None  # `load_rgb` compares with MAX_PIXELS itself


class UnreadablePhoto(ValueError):
    """The file is not a photo that can be graded; the message is the reason."""


def open_photo(file):
    """Open a photo without decoding its pixels.

    Args:
        file: path, or a file that is open for reading bytes.

    Raises:
        UnreadablePhoto: no image, written as text, too large, a strip.
        OSError: there is no such file, or it may not be read.
        MemoryError: the file may be good, but there is no room for it.
    """
    try:
        image = Image.open(file, formats=FORMATS)
        width, height = _largest_piece(image)
    except (FileNotFoundError, IsADirectoryError, PermissionError, MemoryError):
        raise
    except Exception as error:  # Pillow's plugins raise many kinds for broken headers
        raise UnreadablePhoto("not an image in a format that is read here") from error
    if any(tile[0] == "ppm_plain" for tile in image.tile):  # comments in it can take minutes
        raise UnreadablePhoto(
            "its pixels are written as text (plain PBM, PGM or PPM); save it as PNG"
        )
    if width * height > MAX_PIXELS:
        what = "" if (width, height) == image.size else "a tile of "
        raise UnreadablePhoto(f"{what}{width} x {height} pixels, more than {MAX_PIXELS}")
    if max(image.size) > LONGEST * min(image.size):
        raise UnreadablePhoto(
            f"a strip of {image.width} x {image.height} pixels, one side more than {LONGEST} times "
            "the other; cut it to its subject"
        )
    return image


def _largest_piece(image):
    """Return the size of what is decoded at once: the photo, or a larger tile of a TIFF."""
    if image.format != "TIFF":
        return image.size
    width, height = (int(image.tag_v2.get(tag, 0)) for tag in (TILEWIDTH, TILELENGTH))
    return max(image.size, (width, height), key=lambda size: size[0] * size[1])


def load_rgb(file, short_side=None):
    """Decode a photo upright and in colour.

    Args:
        file: path, or a file that is open for reading bytes.
        short_side: a JPEG is decoded at a half, a quarter or an eighth of its size, as small as its
            short side allows without being smaller than this many pixels.

    Returns:
        uint8, (height, width, 3), RGB: EXIF orientation applied, transparency laid on white, 16-bit
        grey scaled to 8 bits.

    Raises:
        UnreadablePhoto: broken or truncated, or one of the reasons of `open_photo`.
        OSError: see `open_photo`.
        MemoryError: the file may be good, but there is no room for its pixels.
    """
    image = open_photo(file)
    try:
        scale = 1
        if short_side is not None:
            scale = max(k for k in (1, 2, 4, 8) if k == 1 or min(image.size) >= k * short_side)
        if scale > 1:
            image.draft(image.mode, (image.width // scale, image.height // scale))
        image.load()
        return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except MemoryError:
        raise
    except Exception as error:  # a truncated file raises OSError, SyntaxError, struct.error, ...
        raise UnreadablePhoto(f"broken image data: {error}") from error


def _to_rgb(image):
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.asarray(image).astype(np.float64) / 257.0
        return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def fit(image, size, how):
    """Bring a photo to `size` x `size` pixels.

    Args:
        image: uint8, (height, width, 3).
        size: pixels of each side of the result.
        how: `crop` scales the short side to `size` and cuts the middle, `stretch` scales both
            sides, `pad` scales the long side and fills the rest with the mean colour of the border.

    Returns:
        uint8, (size, size, 3).
    """
    height, width = image.shape[:2]
    if how == "stretch":
        return resize(image, size, size)
    scale = size / (min(height, width) if how == "crop" else max(height, width))
    scaled = resize(image, max(1, round(width * scale)), max(1, round(height * scale)))
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


def resize(image, width, height):
    """Resize by area where a photo shrinks, by cubic interpolation where it grows.

    The weights are those of OpenCV's INTER_AREA and INTER_CUBIC, which made the training photos.

    Args:
        image: uint8, (height, width, 3).
        width: of the result.
        height: of the result.

    Returns:
        uint8, (height, width, 3).
    """
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    both = width <= image.shape[1] and height <= image.shape[0]
    weights = area_weights if shrinks and both else linear_weights if shrinks else cubic_weights
    # Columns first, as OpenCV does it: where a value lies halfway, the order of the sums decides.
    columns = blend(image.transpose(1, 0, 2), *weights(image.shape[1], width))
    values = blend(columns.transpose(1, 0, 2), *weights(image.shape[0], height))
    halved = image.shape[:2] == (2 * height, 2 * width)  # OpenCV rounds .5 up there, else to even
    rounded = np.floor(values + 0.5) if halved else np.rint(values)
    return rounded.clip(0, 255).astype(np.uint8)


def blend(rows, first, weights):
    """Blend rows of an image: each new one of a few old ones that follow each other.

    Args:
        rows: (old, width, 3).
        first: int, (new,), the first old row of each new one; beyond the edge is the edge.
        weights: float32, (new, taps), of that row and the next ones.

    Returns:
        float32, (new, width, 3).
    """
    blended = np.zeros((len(first), *rows.shape[1:]), np.float32)
    for tap, of_tap in enumerate(weights.T):
        blended += of_tap[:, None, None] * rows[(first + tap).clip(0, len(rows) - 1)]
    return blended


def area_weights(old, new):
    """Weights where `old` rows become fewer: by the share of a new row that each covers."""
    scale = old / new
    starts = np.arange(new) * scale
    first = np.floor(starts).astype(int)
    taps = first[:, None] + np.arange(int(np.ceil(scale)) + 1)
    ends = np.minimum(starts + scale, old)[:, None]
    covered = np.minimum(ends, taps + 1) - np.maximum(starts[:, None], taps)
    return first, (covered.clip(0, None) / scale).astype(np.float32)


def linear_weights(old, new):
    """Weights where one side shrinks and the other grows: OpenCV's INTER_AREA is linear then."""
    back = new / old
    scale = 1 / back  # not old / new, which rounds otherwise
    first = np.floor(np.arange(new) * scale).astype(int)
    share = ((np.arange(new) + 1) - (first + 1) * back).astype(np.float32)
    share = np.where(share <= 0, 0, share - np.floor(share))
    return first, np.stack([1 - share, share], axis=1).astype(np.float32)


def cubic_weights(old, new):
    """Weights of the convolution of Keys (1981) with a = -0.75."""
    places = (np.arange(new) + 0.5) * (old / new) - 0.5
    first = np.floor(places).astype(int)
    t, a = places - first, -0.75
    outer = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a
    left = ((a + 2) * t - (a + 3)) * t * t + 1
    right = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1
    weights = np.stack([outer, left, right, 1 - outer - left - right], axis=1)
    return first - 1, weights.astype(np.float32)


class Model:
    """The exported model.

    Args:
        path: of model.onnx or model_int8.onnx.
        threads: of the processor; 0 for all.

    Attributes:
        classes: of each class, in the order of the probabilities, `class_num` and `name`.
        preprocessing: `fit` and `image_size`.
        tolerance: of a probability, in a self-test.
    """

    def __init__(self, path=MODEL, threads=0):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        told = self.session.get_modelmeta().custom_metadata_map
        self.classes = json.loads(told["classes"])
        self.preprocessing = json.loads(told["preprocessing"])
        self.tolerance = TOLERANCES[told.get("precision", "float32")]

    def prepare(self, file):
        """Return a photo as the model takes it: uint8, (size, size, 3)."""
        size = self.preprocessing["image_size"]
        return fit(load_rgb(file, short_side=size), size, self.preprocessing["fit"])

    def predict_fitted(self, images):
        """Return the probabilities for photos of `prepare`: float32, (photos, classes)."""
        return self.session.run(["probabilities"], {"images": images})[0]

    def predict(self, files):
        """Return the probabilities for photos in files: float32, (photos, classes).

        Raises:
            UnreadablePhoto: one of the files is no photo.
        """
        found = [np.zeros((0, len(self.classes)), np.float32)]
        for start in range(0, len(files), BATCH):
            images = np.stack([self.prepare(file) for file in files[start : start + BATCH]])
            found.append(self.predict_fitted(images))
        return np.concatenate(found)

    def label(self, row):
        """Return the name of the likeliest class of a row of probabilities, or its number."""
        best = self.classes[int(np.argmax(row))]
        return best["name"] or best["class_num"]


def photos_in(paths):
    """Return the photos that are named, and those in folders that are named."""
    found = []
    for path in map(Path, paths):
        inside = path.rglob("*") if path.is_dir() else [path]
        found += sorted(
            one for one in inside if not path.is_dir() or one.suffix.lower() in SUFFIXES
        )
    return found


def self_test(model):
    """Grade the example photos and compare with what came out where the model was made.

    Returns:
        Whether every probability is the same to the model's tolerance; says so on the terminal.
    """
    rows = list(csv.reader((EXAMPLES / "expected.csv").open(encoding="utf-8", newline="")))[1:]
    expected = np.array([row[1:] for row in rows], np.float64)
    found = model.predict([EXAMPLES / row[0] for row in rows])
    differences = np.abs(found - expected).max(axis=1)
    same = bool((differences <= model.tolerance).all())
    for (name, *_), row, difference in zip(rows, found, differences, strict=True):
        state = "ok" if difference <= model.tolerance else "DIFFERS"
        print(f"{name}: {model.label(row)} {row.max():.3f}, differs by {difference:.1e}: {state}")
    print("self-test passed" if same else f"self-test FAILED: more than {model.tolerance} apart")
    return same


@contextlib.contextmanager
def new_table(path, header):
    """Yield a function that writes a row to a CSV file, which has its name when all are written.

    Until then, and after an interruption, it is called `path`.part.
    """
    path = Path(path)
    # A device or a pipe keeps its name, and so does a link, as /dev/stdout is one.
    keeps_name = path.is_symlink() or (path.exists() and not path.is_file())
    part = path if keeps_name else path.with_name(path.name + ".part")
    # Line by line; a name that is not in UTF-8 is written with backslashes.
    with open(part, "w", 1, encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        try:
            yield writer.writerow
        except BaseException:
            print(f"not all photos are graded; those that are stand in {part}", file=sys.stderr)
            raise
    part.replace(path)


def grade(model, photos, write):
    """Grade photos one after the other, and say so on the terminal.

    Args:
        model: that grades.
        photos: paths.
        write: called with a row for the CSV file, of each photo that can be graded.

    Returns:
        Whether all could be graded.
    """
    all_graded = True
    for photo in photos:
        try:
            row = model.predict([photo])[0]
        except (OSError, UnreadablePhoto, MemoryError) as error:
            reason = "there is no memory for it" if isinstance(error, MemoryError) else error
            print(f"{photo}: cannot be graded: {reason}", file=sys.stderr)
            all_graded = False
            continue
        best = model.classes[int(row.argmax())]
        write([photo, best["class_num"], best["name"], *row.tolist()])
        print(f"{photo}: {model.label(row)} ({row.max():.3f})")
    return all_graded


def main():
    """Grade the photos that are named, or test the bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", help="photos, or folders of photos")
    parser.add_argument("--model", default=MODEL, help="another model file")
    parser.add_argument("--threads", type=int, default=0, help="of the processor; 0 for all")
    parser.add_argument("--csv", help="write the probabilities of all classes to this file")
    parser.add_argument("--self-test", action="store_true", help="grade the example photos")
    args = parser.parse_args()

    model = Model(args.model, args.threads)
    if args.self_test:
        return 0 if self_test(model) else 1
    photos = photos_in(args.photos)
    if not photos:
        parser.error("no photos; name files or folders, or --self-test")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    if not args.csv:
        return 0 if grade(model, photos, lambda _row: None) else 1
    header = ["photo", "class_num", "name", *(one["class_num"] for one in model.classes)]
    with new_table(args.csv, header) as write:
        return 0 if grade(model, photos, write) else 1


if __name__ == "__main__":
    sys.exit(main())
