"""Photos are graded chunk by chunk, and a chunk that is done stays done, whatever happens next.

A chunk is a file in a folder of its run. It is the work of one thread, with a model of one thread,
so its bytes do not depend on how many work at once.
"""

import functools
import hashlib
import os
import shutil
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from deployment.running import BATCH_SIZE, ExportedModel
from zest.contracts import IMAGE, read_table, write_table
from zest.errors import UserError
from zest.files import PART
from zest.images import UnreadableImage, open_image
from zest.large_photos import decode_fitted
from zest.parallel import Progress

PHOTOS = 4 * BATCH_SIZE  # of a chunk: some seconds of work
THUMBNAIL = 128  # pixels of each side, at most

CHUNK = pa.schema(
    [
        ("image_id", pa.string()),
        ("sha256", pa.string()),  # null where the file cannot be read
        ("problem", pa.string()),  # why it cannot be graded; null where it is
        ("probabilities", pa.list_(pa.float32())),  # null where there is a problem
        ("thumbnail", IMAGE),  # JPEG, what the network saw; null where there is a problem
    ]
)

MAX_BYTES = 100_000_000  # a larger file is not read


@dataclass(frozen=True)
class Photo:
    """A file as it was found: the photo as the network takes it, or the reason why not."""

    image_id: str
    sha256: str | None
    image: np.ndarray | None
    problem: str | None = None


def grade_in_chunks(
    folder: Path,
    names: Sequence[str],
    model: ExportedModel,
    max_pixels: int,
    kept: Path,
    threads: int,
) -> list[Path]:
    """Grade photos; chunks that are there already are left as they are.

    Args:
        folder: that the names are relative to.
        names: of the files.
        model: that grades; used by all threads.
        max_pixels: a larger photo cannot be graded.
        kept: where the chunks of this run are: the same photos, model and code.
        threads: that work at once; the chunks do not depend on their number.

    Returns:
        The chunks, tables of the columns CHUNK, in the order of the names.
    """
    kept.mkdir(parents=True, exist_ok=True)
    for left in kept.glob(f"{PART}*"):
        left.unlink()  # half-written when the process was killed
    parts = [names[start : start + PHOTOS] for start in range(0, len(names), PHOTOS)]
    paths = [kept / f"{number:06}.parquet" for number in range(len(parts))]
    todo = [(part, path) for part, path in zip(parts, paths, strict=True) if not path.exists()]
    left = sum(len(part) for part, _ in todo)
    if left < len(names):
        print(f"{len(names) - left} of {len(names)} photos are graded already", flush=True)
    progress, done = Progress("grading", left), 0
    work = functools.partial(_grade_chunk, folder, model, max_pixels)
    with ThreadPoolExecutor(threads) as pool:
        for count in pool.map(work, todo):
            done += count
            progress.show(done)
    return paths


def folder_of_run(chunks: Path, *parts: str) -> Path:
    """Return where the chunks of a run are kept; those of other runs are deleted.

    Args:
        chunks: the folder of all runs on a folder of photos.
        parts: what the chunks depend on: settings, code, model, photos.
    """
    key = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
    if chunks.is_dir():
        for other in chunks.iterdir():
            if other.name != key and other.is_dir():  # a file is of the operating system
                shutil.rmtree(other)
    return chunks / key


def read_chunks(paths: Sequence[Path]) -> list[dict]:
    """Return the rows of all chunks, without the thumbnails."""
    columns = [name for name in CHUNK.names if name != "thumbnail"]
    return [row for path in paths for row in read_table(path, CHUNK, columns).to_pylist()]


def _grade_chunk(
    folder: Path, model: ExportedModel, max_pixels: int, chunk: tuple[Sequence[str], Path]
) -> int:
    names, path = chunk
    photos = [read_photo(folder, name, model.preprocessing, max_pixels) for name in names]
    images = [one.image for one in photos if one.image is not None]
    found = iter(model.predict_fitted(np.stack(images)) if images else ())
    rows = [
        {
            "image_id": one.image_id,
            "sha256": one.sha256,
            "problem": one.problem,
            "probabilities": None if one.image is None else next(found),
            "thumbnail": None if one.image is None else {"bytes": thumbnail(one.image)},
        }
        for one in photos
    ]
    write_table(pa.Table.from_pylist(rows, schema=CHUNK), path, CHUNK)
    return len(names)


def read_photo(folder: Path, name: str, preprocessing: dict, max_pixels: int) -> Photo:
    """Read a file as the network takes it, or find out why that cannot be.

    Args:
        folder: that the name is relative to.
        name: of the file.
        preprocessing: `image_size` and `fit` of the model.
        max_pixels: a larger photo is refused before its pixels are decoded.

    Raises:
        UserError: there is no memory for it.
    """
    path, digest = folder / name, None
    image_id = name.encode("utf-8", "backslashreplace").decode()
    if image_id != name:
        return Photo(image_id, None, None, "its name is not in UTF-8; rename the file")
    try:
        problem = _no_photo(path.stat())
        if problem:
            return Photo(image_id, None, None, problem)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        image = open_image(data, max_pixels)
        fitted = decode_fitted(image, data, preprocessing["image_size"], preprocessing["fit"])
        return Photo(image_id, digest, fitted)
    except UnreadableImage as error:
        return Photo(image_id, digest, None, str(error))
    except OSError as error:
        return Photo(image_id, None, None, f"the file cannot be read ({error.strerror or error})")
    except MemoryError as error:  # no problem of the photo: with more memory, it is graded
        raise UserError(
            f"{path}: there is no memory to decode it. End other programs, or use fewer cores "
            "(-j1), and run the same command again; what is graded is kept."
        ) from error


def _no_photo(status: os.stat_result) -> str | None:
    """Return why a file is not read at all, or None."""
    if stat.S_ISDIR(status.st_mode):
        return "a folder that cannot be read, or a link to a folder that it lies in"
    if not stat.S_ISREG(status.st_mode):
        return "not a file (a pipe, a socket or a device)"  # to read it could take for ever
    if status.st_size > MAX_BYTES:
        return f"more than {MAX_BYTES / 1e6:g} MB, so hardly a photo"
    return None


def thumbnail(image: np.ndarray) -> bytes:
    """Encode a square photo, uint8 RGB (size, size, 3), as a small JPEG."""
    side = min(THUMBNAIL, len(image))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 78])
    return data.tobytes()
