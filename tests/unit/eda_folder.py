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
from zest.contracts import CATALOG, FOLDS, MEASURES, PAIRS, write_table

SCRIPT = Path(__file__).parents[2] / "scripts" / "eda_report.py"
OUTPUTS = [
    "report.html",
    "photos.csv",
    "classes.csv",
    "class_counts.png",
    "colour_by_class.png",
    "samples.png",
]
STUDY = ["shortcuts", "shift", "label_errors", "map", "estimates"]
SPLIT = ["balance", "leaks", "sessions"]
NAMES = ['<b>good</b> & "fine"', "レモン 優", "", "a very long class name " * 6]


@dataclass(frozen=True)
class Competition:
    """The folder of a competition and its catalog."""

    root: Path
    catalog: Path
    train_folds: tuple[int, ...] = (0,)

    def command(self, out: Path) -> list[str]:
        """Return the command line that writes the report into `out`."""
        cfg = {"competition": "lemons <&> co", "eda": {"samples_per_class": 2}, "seed": 0}
        cfg["train_folds"] = self.train_folds
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
            *("--pairs", *sorted(self.catalog.glob("pairs_*"), reverse=True)),
            *("--study", *(self.catalog / f"{name}.csv" for name in STUDY)),
            *("--split", self.catalog / "folds.parquet"),
            *(self.catalog / f"{name}.csv" for name in SPLIT),
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
    write_findings(catalog, train, test)
    return Competition(root, catalog)


def write_findings(folder: Path, train: list[dict], test: list[dict]) -> None:
    """Write what other stages find: a pair of each kind, a shortcut, a doubtful label."""
    ids = [row["image_id"] for row in train]
    pairs = [
        ("train", ids[0], "train", ids[1], "exact"),
        ("train", ids[2], "train", ids[3], "near"),
    ]
    _write_pairs(folder / "pairs_train.parquet", pairs)
    if test:
        other = test[0]["image_id"]
        _write_pairs(folder / "pairs_test.parquet", [("train", ids[4], "test", other, "near")])
    shortcuts = [("border pixels", 0.9, 0.8, 0.95, 0.3), ("file size", 0.31, 0.2, 0.4, 0.3)]
    _write_csv(
        folder / "shortcuts.csv", ["source", "accuracy", "low", "high", "majority"], shortcuts
    )
    shift = [(name, number / len(ids), 1) for number, name in enumerate(ids)] if test else []
    _write_csv(folder / "shift.csv", ["image_id", "likeness", "weight"], shift)
    errors = [(ids[5], train[5]["label"], 0, 0.1, 0.8)]
    columns = ["image_id", "label", "predicted", "label_probability", "predicted_probability"]
    _write_csv(folder / "label_errors.csv", columns, errors)
    places = [("train", name, 0.25, 0.5) for name in ids]
    places += [("test", row["image_id"], 1, 0) for row in test]
    _write_csv(folder / "map.csv", ["part", "image_id", "x", "y"], places)
    estimates = [("plain folds", 0.9, 0.85, 0.95, 20), ("folds of the split", 0.6, 0.5, 0.7, 20)]
    if test:
        estimates.append(("expected on the test photos", 0.55, 0.4, 0.7, 12))
        estimates.append(("AUC of test against training", 0.8, 0.7, 0.9, 20))
    _write_csv(folder / "estimates.csv", ["estimate", "value", "low", "high", "photos"], estimates)
    labels = sorted({row["label"] for row in train})
    balance = [(fold, label, label, "", 5, 0.5) for fold in (0, 1) for label in labels]
    columns = ["fold", "label", "class_num", "name", "photos", "share"]
    _write_csv(folder / "balance.csv", columns, balance)
    columns = ["first", "second", "kind", "first_fold", "second_fold"]
    _write_csv(folder / "leaks.csv", columns, [(*ids[2:4], "near", 0, 1)])
    sessions = [(0, 20, 0.08, 0), (0.02, 12, 0.01, 1), (0.04, 8, 0.009, 0)]
    _write_csv(folder / "sessions.csv", ["distance", "groups", "gap", "chosen"], sessions)
    folds = [
        {"image_id": name, "label": 0, "fold": number % 2, "group": ids[0] if number < 2 else None}
        for number, name in enumerate(ids)
    ]
    write_table(pa.Table.from_pylist(folds, schema=FOLDS), folder / "folds.parquet", FOLDS)


def _write_pairs(path: Path, pairs: list[tuple]) -> None:
    rows = [
        {**dict(zip(PAIRS.names, pair, strict=False)), "distance": 0.05, "bits": 2}
        for pair in pairs
    ]
    write_table(pa.Table.from_pylist(rows, schema=PAIRS), path, PAIRS)


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
