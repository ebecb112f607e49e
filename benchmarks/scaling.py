"""Run the stages that handle lists of photos on more and more of them: seconds and peak memory.

The photos are a few hundred of the demo at 160 pixels, repeated; a comment in each makes its bytes
differ. Memory is the largest sum of what the processes of a stage hold at one moment; pages that
processes share are counted for each.
Run it in the environment:

    python benchmarks/scaling.py [--photos 1000 10000 100000] [--features] [--folder FOLDER]

With --features it also looks for duplicates and sessions, studies the photos and makes the report.
Features and hashes are then drawn at random: clusters of ten photos that resemble each other.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.contracts import CATALOG, MEASURES, read_table, write_table
from zest.engine.features import write_features

PROJECT = Path(__file__).parents[1]
RENDERED = 300
DEMO = {"seed": 0, "train_photos": RENDERED, "test_photos": 4, "size": 160}
DEMO |= {"background_shortcut": False, "label_noise": 0, "near_duplicates": 0}
DATA = {
    "kind": "csv",
    "train_images": "train_images",
    "labels": "train_images.csv",
    "id_column": "id",
    "label_column": "class_num",
    "group_column": None,
    "classes": None,
    "on_problem": "stop",
    "max_pixels": 100_000_000,
}
SPLIT = {"seed": 0, "folds": 5, "sessions": "none", "group_pattern": None}
SPLIT |= {"group_duplicates": False, "id_column": None}
BALANCE = {"seed": 0, "balance": "label_shuffling", "copies": 3}
DUPLICATES = {"max_distance": 0.25, "max_bits": 9, "certain_distance": 0.02}
EDA = {"competition": "scaling", "eda": {"samples_per_class": 12}, "seed": 0}
EDA |= {"train_folds": [0]}
VALUES = 1280  # of a photo's features, as EfficientNet-Lite0 has
CLUSTER = 10  # photos whose features resemble each other
SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True)
class Run:
    """What a stage took."""

    seconds: float
    gigabytes: float


def make_photos(rendered: Path, root: Path, photos: int) -> None:
    """Write so many photos and their labels into a competition folder."""
    with open(rendered / "train_images.csv", encoding="utf-8", newline="") as file:
        labels = {row["id"]: row["class_num"] for row in csv.DictReader(file)}
    contents = [(rendered / "train_images" / name).read_bytes() for name in labels]
    classes = list(labels.values())
    (root / "train_images").mkdir(parents=True)
    with open(root / "train_images.csv", "w", encoding="utf-8") as file:
        print("id,class_num", file=file)
        for number in range(photos):
            name, data = f"{number:06}.jpg", contents[number % len(contents)]
            comment = b"\xff\xfe\x00\x08" + f"{number:06}".encode()
            (root / "train_images" / name).write_bytes(data[:2] + comment + data[2:])
            print(f"{name},{classes[number % len(classes)]}", file=file)


def stages(folder: Path, threads: int) -> Iterator[tuple[str, list]]:
    """Yield the name and the command of each stage that needs no features."""
    catalog, measures = folder / "catalog.parquet", folder / "measures.parquet"
    classes, problems = folder / "classes.csv", folder / "problems.csv"
    yield (
        "build_catalog",
        [
            *("build_catalog.py", "train", "--cfg", {"data": DATA}, "--root", folder),
            *("--threads", threads, "--catalog", catalog, "--measures", measures),
            *("--classes", classes, "--problems", problems),
        ],
    )
    yield "split_folds", _split(folder, SPLIT)
    yield (
        "balance_fold",
        [
            *("balance_fold.py", "--cfg", BALANCE, "--folds", folder / "folds.parquet"),
            *("--fold", 0, "--out", folder / "manifest.parquet"),
        ],
    )


def stages_with_features(folder: Path) -> Iterator[tuple[str, list]]:
    """Yield the name and the command of each stage that compares features, and of the report."""
    catalog, measures = folder / "catalog.parquet", folder / "measures.parquet"
    features, test = folder / "features.parquet", folder / "test_features.parquet"
    pairs, folds = folder / "pairs.parquet", folder / "folds.parquet"
    make_features(catalog, features, test)
    hashed = folder / "hashed.parquet"
    write_table(_with_random_hashes(measures), hashed, MEASURES)
    yield (
        "find_duplicates",
        [
            *("find_duplicates.py", "--cfg", {"duplicates": DUPLICATES}),
            *("--train", catalog, hashed, features, "--out", pairs),
        ],
    )
    cfg = SPLIT | {"group_duplicates": True, "sessions": "auto"}
    yield (
        "split_folds, sessions",
        [*_split(folder, cfg), "--pairs", pairs, "--features", features, "--test", test],
    )
    names = ("shortcuts", "shift", "label_errors", "map", "estimates")
    study = [folder / f"{name}.csv" for name in names]
    options = [f"--{name.replace('_', '-')}" for name in names]
    yield (
        "study_photos",
        [
            *("study_photos.py", "--cfg", {"seed": 0, "own_folds": False}, "--catalog", catalog),
            *("--measures", measures, "--features", features, "--folds", folds),
            *(word for pair in zip(options, study, strict=True) for word in pair),
        ],
    )
    split = [folds, *(folder / f"{name}.csv" for name in ("balance", "leaks", "sessions"))]
    yield (
        "eda_report",
        [
            *("eda_report.py", "--cfg", EDA, "--train", catalog, measures, "--test"),
            *("--classes", folder / "classes.csv", "--problems", folder / "problems.csv"),
            *("--pairs", pairs, "--study", *study, "--split", *split),
            *("--html", folder / "report.html", "--photos", folder / "photos.csv"),
            *("--classes-out", folder / "eda_classes.csv", "--sheet", folder / "sheet.png"),
            *("--chart-classes", folder / "classes.png", "--chart-colour", folder / "colour.png"),
        ],
    )


def make_features(catalog: Path, train: Path, test: Path) -> None:
    """Write features of the photos, and of test photos of other clusters.

    The cosine distances are near those of a network's features of lemons: about 0.06 in a cluster,
    0.25 in a class, 0.4 between classes.
    """
    table = read_table(catalog, CATALOG, columns=["image_id", "label"])
    ids, labels = table["image_id"].to_pylist(), table["label"].to_numpy()
    rng = np.random.default_rng(0)
    shared = 0.8 * rng.normal(size=VALUES) + 0.5 * rng.normal(size=(labels.max() + 1, VALUES))

    def draw(labels: np.ndarray) -> np.ndarray:
        # Every RENDERED-th is the same photo, so of the same class.
        number = np.arange(len(labels))
        cluster = number // (RENDERED * CLUSTER) * RENDERED + number % RENDERED
        centres = rng.normal(size=(cluster.max() + 1, VALUES)).astype(np.float32)
        features = rng.normal(size=(len(labels), VALUES)).astype(np.float32)
        features *= 0.3
        for row in range(len(labels)):
            features[row] += shared[labels[row]] + 0.5 * centres[cluster[row]]
        return np.maximum(features, 0, out=features)

    write_features(ids, draw(labels), train)
    write_features([f"test_{number}.jpg" for number in range(1000)], draw(labels[:1000]), test)


def _with_random_hashes(measures: Path) -> Iterator[pa.Table]:
    """Yield the measures in row groups, as of photos that are all different."""
    rng = np.random.default_rng(0)
    place = MEASURES.get_field_index("hash")
    with pq.ParquetFile(measures) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            hashes = pa.array([rng.bytes(8) for _ in range(len(table))], pa.binary())
            yield table.set_column(place, "hash", hashes)


def _split(folder: Path, cfg: dict) -> list:
    return [
        *("split_folds.py", "--cfg", cfg, "--catalog", folder / "catalog.parquet"),
        *("--classes", folder / "classes.csv", "--out", folder / "folds.parquet"),
        *("--balance", folder / "balance.csv", "--leaks", folder / "leaks.csv"),
        *("--sessions", folder / "sessions.csv"),
    ]


def run(command: list) -> Run:
    """Run a script of the project and watch the memory of its processes."""
    words = [json.dumps(word) if isinstance(word, dict) else str(word) for word in command]
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, PROJECT / "scripts" / words[0], *words[1:]], stdout=log, stderr=log
        )
        peak = [0]
        watcher = threading.Thread(target=_watch, args=(process, peak))
        watcher.start()
        if process.wait():
            log.seek(0)
            raise SystemExit(f"{words[0]} failed:\n{log.read()}")
        took = time.perf_counter() - started
        watcher.join()
    return Run(took, peak[0] / 1e9)


def _watch(process: subprocess.Popen, peak: list[int]) -> None:
    """Keep the largest sum of resident memory of a process and all below it."""
    while process.poll() is None:
        total = 0
        try:
            top = psutil.Process(process.pid)
            members = [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in members:
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        peak[0] = max(peak[0], total)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def main() -> None:
    """Make the photos of each number, run the stages, print a table and how they grow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--features", action="store_true", help="duplicates and sessions too")
    parser.add_argument("--threads", type=int, default=2, help="processes that read photos")
    parser.add_argument("--folder", type=Path, help="where the photos are made for the time")
    args = parser.parse_args()
    results: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        rendered = Path(name) / "rendered"
        command = [sys.executable, PROJECT / "scripts" / "make_demo_data.py", "--out", rendered]
        subprocess.run(
            [*command, "--cfg", json.dumps(DEMO), "--threads", "2"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for photos in args.photos:
            folder = Path(name) / str(photos)
            make_photos(rendered, folder, photos)
            work = [stages(folder, args.threads)]
            work += [stages_with_features(folder)] if args.features else []
            for stage, words in (one for part in work for one in part):
                found = run(words)
                results.setdefault(stage, []).append(found)
                print(
                    f"{photos:7,} photos, {stage:22} {found.seconds:7.1f} s"
                    f" {found.gigabytes:6.2f} GB",
                    flush=True,
                )
            shutil.rmtree(folder)
    if len(args.photos) > 1:
        print(f"from {args.photos[-2]:,} to {args.photos[-1]:,} photos:")
        for stage, runs in results.items():
            seconds = runs[-1].seconds / runs[-2].seconds
            memory = runs[-1].gigabytes / runs[-2].gigabytes
            print(f"{stage:22} x{seconds:.1f} seconds, x{memory:.1f} memory")


if __name__ == "__main__":
    main()
