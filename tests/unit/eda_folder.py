"""A small competition on disk for the tests of the EDA stage: odd photos, odd names, a catalog."""

import csv
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from catalog.photo_facts import read_photo
from zest.contracts import CATALOG, MEASURES, write_table

SCRIPT = Path(__file__).parents[2] / "scripts" / "eda_report.py"
OUTPUTS = [
    "report.html",
    "photos.csv",
    "classes.csv",
    "class_counts.png",
    "colour_by_class.png",
    "samples.png",
]
NAMES = ['<b>good</b> & "fine"', "レモン 優", "", "a very long class name " * 6]


@dataclass(frozen=True)
class Competition:
    """The folder of a competition and its catalog."""

    root: Path
    catalog: Path

    def command(self, out: Path) -> list[str]:
        """Return the command line that writes the report into `out`."""
        cfg = {"competition": "lemons <&> co", "eda": {"samples_per_class": 2}, "seed": 0}
        targets = [
            "--html",
            "--photos",
            "--classes-out",
            "--chart-classes",
            "--chart-colour",
            "--sheet",
        ]
        pairs = [
            ("--classes", self.catalog / "classes.csv"),
            *zip(targets, (out / name for name in OUTPUTS), strict=True),
            ("--cfg", json.dumps(cfg)),
        ]
        parts = [
            *(part for pair in pairs for part in pair),
            *("--problems", *sorted(self.catalog.glob("*_problems.csv"))),
            *("--train", self.catalog / "train.parquet", self.catalog / "train_measures.parquet"),
            *("--test", *sorted(self.catalog.glob("test*.parquet"))),
        ]
        return [sys.executable, str(SCRIPT), *map(str, parts)]


def make_competition(
    folder: Path,
    names: list[str],
    photos: int = 20,
    test_photos: int = 6,
    problems: tuple[tuple[str, str, str, str], ...] = (),
) -> Competition:
    """Render photos of every kind (grey, turned, tall, PNG) and the catalog that lists them.

    The first problem is one of the training photos, the others are of the test photos.
    """
    root, catalog = folder / "photos", folder / "catalog"
    (root / "train_images").mkdir(parents=True)
    (root / "test_images").mkdir()
    catalog.mkdir()
    train = [_photo(root, "train", number, number % len(names)) for number in range(photos)]
    test = [_photo(root, "test", number, None) for number in range(test_photos)]
    for part, rows in (("train", train), ("test", test)):
        if not rows:
            continue
        write_table(
            pa.Table.from_pylist(rows, schema=CATALOG), catalog / f"{part}.parquet", CATALOG
        )
        measures = [_measures(root / row["path"], row["image_id"]) for row in rows]
        write_table(
            pa.Table.from_pylist(measures, schema=MEASURES),
            catalog / f"{part}_measures.parquet",
            MEASURES,
        )
    counts = Counter(row["label"] for row in train)
    classes = [(label, label, name, counts[label]) for label, name in enumerate(names)]
    _write_csv(catalog / "classes.csv", ["label", "class_num", "name", "photos"], classes)
    for part, found in (("train", problems[:1]), ("test", problems[1:])):
        columns = ["file", "row", "image_id", "problem"]
        _write_csv(catalog / f"{part}_problems.csv", columns, found)
    return Competition(root, catalog)


def _photo(root: Path, part: str, number: int, label: int | None) -> dict:
    """Save one photo and return its row of the catalog; each fourth is grey, or turned, or PNG."""
    noise = np.random.default_rng(number).integers(0, 60, (30, 40, 3))
    tint = np.array([40 * (label or 0) % 200, 90, 30])
    pixels = (noise + tint).clip(0, 255).astype(np.uint8)
    image, name, orientation = Image.fromarray(pixels), f"{part}<{number}>.jpg", 1
    exif = Image.Exif()
    if number % 4 == 1:
        image = image.convert("L")
    if number % 4 == 2:
        orientation = exif[0x0112] = 6
    if number % 4 == 3:
        name = name.replace("jpg", "png")
    path = root / f"{part}_images" / name
    image.save(path, exif=exif)
    turned = orientation == 6
    return {
        "image_id": name,
        "path": f"{part}_images/{name}",
        "label": label,
        "group": None,
        "width": 30 if turned else 40,
        "height": 40 if turned else 30,
        "format": "PNG" if name.endswith("png") else "JPEG",
        "mode": image.mode,
        "orientation": orientation,
        "file_bytes": path.stat().st_size,
        "sha256": "0" * 64,
    }


def _measures(path: Path, image_id: str) -> dict:
    read = read_photo(path, 10_000)
    thumbnail = {"bytes": read.measures.thumbnail, "path": f"{image_id}.jpg"}
    row = {**asdict(read.measures), "thumbnail": thumbnail}
    return {"image_id": image_id, "frames": read.frames, **row}


def _write_csv(path: Path, columns: list[str], rows) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
