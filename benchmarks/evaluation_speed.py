"""Time the evaluation of many predictions, made with a seed: seconds and peak memory of a script.

Each case is one call of scripts/evaluate_model.py, as the workflow calls it; `compare` is one of
scripts/compare_models.py. Seconds of the processor are told beside those of the clock, which other
work on the machine makes longer.
Run it in the environment:

    python benchmarks/evaluation_speed.py [--cases NAME ...] [--photos N] [--resamples N]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.contracts import FOLDS, OUT_OF_FOLD, PREDICTIONS, write_table

SCRIPTS = Path(__file__).parents[1] / "scripts"
MOST_SECONDS, MOST_GIGABYTES = 20.0, 1.0  # what an evaluation may take


@dataclass(frozen=True)
class Case:
    """Predictions of a kind.

    Attributes:
        what: it stands for.
        classes: K.
        folds: that were trained and have predicted.
        photos_in_group: that belong together; 1 where each stands alone.
        ordered: whether the classes are grades.
        models: that are compared with each other; 1 where one is evaluated.
    """

    what: str
    classes: int = 81
    folds: int = 5
    photos_in_group: int = 1
    ordered: bool = False
    models: int = 1


CASES = {
    "plain": Case("five folds"),
    "one_fold": Case("one fold, divided for the temperature", folds=1),
    "grouped": Case("five folds, groups of 10", photos_in_group=10),
    "grouped_fold": Case("one fold, groups of 10", folds=1, photos_in_group=10),
    "ordered": Case("five folds, ordered classes", classes=4, ordered=True),
    "compare": Case("ten models against each other", models=10),
    "compare_grouped": Case("the same, groups of 10", photos_in_group=10, models=10),
}


@dataclass(frozen=True)
class Run:
    """What a script took: seconds of the clock and of the processor, and its peak memory."""

    seconds: float
    processor_seconds: float
    gigabytes: float


def run(script: str, words: list) -> Run:
    """Run a script of the project to its end."""
    command = [sys.executable, str(SCRIPTS / script), *map(str, words)]
    with tempfile.TemporaryFile("w+") as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)  # of this child alone, not the largest of all
        seconds = time.perf_counter() - started
        if status:
            log.seek(0)
            raise SystemExit(f"{script} failed:\n{log.read()}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9)


def make_labels(case: Case, photos: int) -> pa.Table:
    """Return a FOLDS table; photos of one group are in one fold."""
    number = np.arange(photos) // case.photos_in_group
    labels = np.random.default_rng(0).integers(0, case.classes, photos)
    names = [f"group_{one}" for one in number] if case.photos_in_group > 1 else [None] * photos
    columns = {
        "image_id": [f"photo_{one:06}.jpg" for one in range(photos)],
        "label": labels,
        "fold": number % case.folds,
        "group": pa.array(names, pa.string()),
    }
    return pa.table(columns).cast(FOLDS)


def draw_probabilities(case: Case, labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw what a model says of photos, float32, (photos, K): right of about four in five."""
    rng = np.random.default_rng(seed)
    places = np.arange(case.classes)
    if case.ordered:
        seen = labels + rng.normal(0, 0.45, len(labels))
        logits = -2 * (places - seen[:, None]) ** 2
    else:
        logits = rng.normal(size=(len(labels), case.classes))
        logits[np.arange(len(labels)), labels] += rng.normal(3.5, 1.2, len(labels))
    exponentials = np.exp(logits, dtype=np.float32)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def make_predictions(case: Case, split: pa.Table, seed: int) -> pa.Table:
    """Return a PREDICTIONS table of all photos of a FOLDS table."""
    probabilities = draw_probabilities(case, split["label"].to_numpy(), seed)
    offsets = np.arange(0, probabilities.size + 1, case.classes, dtype=np.int32)
    lists = pa.ListArray.from_arrays(offsets, probabilities.ravel())
    return split.select(["image_id", "fold", "label"]).append_column("probabilities", lists)


def evaluate(case: Case, folder: Path, photos: int, resamples: int) -> Run:
    """Make the predictions of one model and evaluate them."""
    split = make_labels(case, photos)
    write_table(split, folder / "folds.parquet", FOLDS)
    rows = [f"{label},{label},class {label},1" for label in range(case.classes)]
    (folder / "classes.csv").write_text("\n".join(["label,class_num,name,photos", *rows]) + "\n")
    table = make_predictions(case, split, seed=1)
    predictions = [folder / f"fold{fold}" / "val.parquet" for fold in range(case.folds)]
    for fold, path in enumerate(predictions):
        path.parent.mkdir()
        write_table(table.filter(pc.field("fold") == fold), path, PREDICTIONS)
    del table
    made = {
        "out-of-fold": "out_of_fold.parquet",
        "scores": "scores.json",
        "per-class": "per_class.csv",
        "confusion": "confusion_matrix.csv",
        "calibration": "calibration.json",
        "decodings": "decodings.json",
        "reliability": "reliability.png",
        "figure": "confusion_matrix.png",
    }
    cfg = settings_of(resamples) | {"classes_ordered": case.ordered}
    words = ["--cfg", json.dumps(cfg), "--name", "model", "--predictions", *predictions]
    words += ["--folds", folder / "folds.parquet", "--classes", folder / "classes.csv"]
    for option, name in made.items():
        words += [f"--{option}", folder / "model_0" / name]
    return run("evaluate_model.py", words)


def compare(case: Case, folder: Path, photos: int, resamples: int) -> Run:
    """Make the predictions of several models and compare them."""
    evaluate(case, folder, photos, resamples)
    first = json.loads((folder / "model_0" / "scores.json").read_text())
    split = make_labels(case, photos)
    models = [folder / f"model_{number}" for number in range(case.models)]
    for number, model in enumerate(models):
        table = make_predictions(case, split, seed=number)
        table = table.append_column("group", split["group"])
        # The scores only rank the models: those of one of them do for all.
        model.mkdir(exist_ok=True)
        (model / "scores.json").write_text(json.dumps(first | {"model": model.name}))
        write_table(table, model / "out_of_fold.parquet", OUT_OF_FOLD)
    cfg = settings_of(resamples) | {"competition": "made up", "metric": "accuracy"}
    words = ["--cfg", json.dumps(cfg), "--scores", *(one / "scores.json" for one in models)]
    words += ["--out-of-fold", *(one / "out_of_fold.parquet" for one in models)]
    words += ["--table", folder / "leaderboard.csv", "--page", folder / "leaderboard.html"]
    words += ["--comparisons", folder / "leaderboard.json"]
    return run("compare_models.py", words)


def settings_of(resamples: int) -> dict:
    """Return the settings that both scripts read."""
    return {"seed": 0, "evaluation": {"confidence": 0.95, "resamples": resamples, "top_k": 2}}


def main() -> None:
    """Run the cases, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES, metavar="NAME")
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=2_000)
    args = parser.parse_args()
    for name in args.cases:
        case = CASES[name]
        work = compare if case.models > 1 else evaluate
        with tempfile.TemporaryDirectory() as folder:
            took = work(case, Path(folder), args.photos, args.resamples)
        verdict = ""
        if case.models == 1:
            fits = took.processor_seconds <= MOST_SECONDS and took.gigabytes <= MOST_GIGABYTES
            verdict = " within the bar" if fits else " MISSES the bar"
        print(
            f"{name:16} {args.photos:,} x {case.classes}: {took.seconds:6.1f} s, "
            f"{took.processor_seconds:6.1f} s of the processor, {took.gigabytes:.2f} GB;"
            f"{verdict} ({case.what})",
            flush=True,
        )


if __name__ == "__main__":
    main()
