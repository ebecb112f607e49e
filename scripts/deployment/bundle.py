"""The bundle for a small device: one archive that runs without Zest."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from deployment.client import predict as client
from zest.files import atomic_path, csv_text

REQUIREMENTS = "onnxruntime>=1.16\nnumpy>=1.23\npillow>=10.1\n"
LARGEST_EXAMPLE, EXAMPLE_SIDE = 500_000, 1024  # bytes of a photo that is put in as it is; pixels
DATE = (1980, 1, 1, 0, 0, 0)  # of all files: the same content gives the same bytes


def choose_examples(labels: Sequence[int], count: int) -> list[int]:
    """Return the rows of `count` photos, as evenly over the classes as there are photos.

    Args:
        labels: of the photos, 0..K-1, in the order of preference.
        count: how many.
    """
    rows_of: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        rows_of.setdefault(label, []).append(row)
    turns = [
        (turn, label, row)
        for label, rows in sorted(rows_of.items())
        for turn, row in enumerate(rows)
    ]
    return [row for _, _, row in sorted(turns)[:count]]


def example_file(photo: Path) -> tuple[str, bytes]:
    """Return the suffix and the content of a photo for the bundle; a large one is made smaller."""
    data = photo.read_bytes()
    if len(data) <= LARGEST_EXAMPLE:
        return photo.suffix.lower(), data
    pixels = client.load_rgb(io.BytesIO(data), short_side=EXAMPLE_SIDE)
    image = Image.fromarray(pixels)
    image.thumbnail((EXAMPLE_SIDE, EXAMPLE_SIDE), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    image.save(made, "JPEG", quality=90)
    return ".jpg", made.getvalue()


def expected_table(model: Path, examples: Mapping[str, bytes]) -> str:
    """Return expected.csv: what the model makes of each example by the client, on one thread."""
    grader = client.Model(model, threads=1)
    found = grader.predict([io.BytesIO(data) for data in examples.values()])
    rows = [
        [name, *(repr(float(value)) for value in np.round(row.astype(np.float64), 6))]
        for name, row in zip(examples, found, strict=True)
    ]
    return csv_text(["photo", *(one["class_num"] for one in grader.classes)], rows)


def write_archive(files: Mapping[str, bytes | str], target: Path) -> None:
    """Write files, by their names inside, as a zip archive, whole or not at all."""
    with atomic_path(target) as part, zipfile.ZipFile(part, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
