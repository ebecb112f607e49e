"""Train one model on one fold.

Reads trainset/{recipe}/fold{fold}/images.parquet, images/{size}/train.parquet (for validation),
split/folds.parquet and catalog/classes.csv; writes models/{model}/fold{fold}/: weights.pdparams,
model.json (all that is needed to use the weights), history.parquet, and visualdl/ with live curves.
"""

import argparse
import json
import time
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
import paddle
import pyarrow as pa
from visualdl import LogWriter

from zest.classes import ClassInfo, read_classes
from zest.contracts import HISTORY, IMAGES, TRAINSET, read_table, write_table
from zest.engine.batches import load_images
from zest.engine.training import Photos, train
from zest.engine.validation import rows_of_fold
from zest.errors import run
from zest.files import atomic_path, write_text
from zest.models.registry import build
from zest.models.table import classifier_parameters, find_architecture
from zest.randomness import seed_from


class Journal:
    """Tells each epoch on the terminal and in VisualDL, and keeps the rows of history.parquet."""

    def __init__(self, name: str, epochs: int, folder: Path):
        self.name, self.epochs = name, epochs
        self.writer = LogWriter(str(folder), display_name=name)
        self.rows: list[dict] = []
        self.started = time.monotonic()

    def add(self, row: dict) -> None:
        """Record one row of the HISTORY table."""
        self.rows.append(row)
        epoch = row["epoch"]
        left = (time.monotonic() - self.started) / epoch * (self.epochs - epoch)
        print(
            f"[{self.name}] epoch {epoch}/{self.epochs}: loss {row['train_loss']:.3f}, "
            f"validation loss {row['val_loss']:.3f}, accuracy {row['val_accuracy']:.3f}, "
            f"macro F1 {row['val_macro_f1']:.3f}, {row['photos_per_second']:.0f} photos/s, "
            f"{_clock(left)} left",
            flush=True,
        )
        for key, value in row.items():
            if key != "epoch":
                self.writer.add_scalar(_tag(key), value, epoch)
        self.writer.flush()


def validation_photos(images: Path, folds: Path, fold: int, size: int) -> Photos:
    """Return the photos of the validation fold, in the order of the images table.

    Raises:
        UserError: the images table lacks one of them.
    """
    ids = read_table(images, IMAGES, columns=["image_id"])["image_id"].to_pylist()
    rows, labels = rows_of_fold(ids, folds, fold)
    return Photos(load_images(images, size)[rows], np.array(labels))


def describe(cfg: dict, classes: list[ClassInfo]) -> dict:
    """Return model.json: what a stranger needs to use the weights."""
    architecture = find_architecture(cfg["architecture"])
    return {
        "architecture": cfg["architecture"],
        "classes": [{"class_num": one.class_num, "name": one.name} for one in classes],
        "preprocessing": {
            "fit": cfg["fit"],
            "image_size": cfg["image_size"],
            "colour": "RGB",
            "mean": architecture.mean,
            "std": architecture.std,
        },
        "trained_with": cfg,
    }


def _tag(key: str) -> str:
    """Group the validation scores and the training values of VisualDL under a heading each."""
    return key.replace("val_", "validation/") if key.startswith("val_") else f"training/{key}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def main() -> None:
    """Read the images, train, write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: the model's settings, seed, fit")
    parser.add_argument("--name", required=True, help="what the progress lines call this model")
    parser.add_argument("--trainset", required=True, type=Path, help="images.parquet to learn from")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument("--fold", required=True, type=int, help="the validation fold")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams, written")
    parser.add_argument("--model", required=True, type=Path, help="model.json, written")
    parser.add_argument("--history", required=True, type=Path, help="history.parquet, written")
    parser.add_argument("--visualdl", required=True, type=Path, help="folder of the live curves")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    classes = read_classes(args.classes)
    labels = read_table(args.trainset, TRAINSET, columns=["label"])["label"].to_numpy()
    training = Photos(load_images(args.trainset, cfg["image_size"]), labels.astype(np.int64))
    validation = validation_photos(args.images, args.folds, args.fold, cfg["image_size"])
    seed = seed_from(cfg["seed"], "train", args.fold) % 2**31
    net = build(cfg["architecture"], len(classes), cfg["pretrained"], seed)
    architecture = find_architecture(cfg["architecture"])
    journal = Journal(args.name, cfg["epochs"], args.visualdl)
    for row in train(
        net,
        set(classifier_parameters(cfg["architecture"])),
        (architecture.mean, architecture.std),
        training,
        validation,
        cfg,
        seed,
    ):
        journal.add(row)
    with atomic_path(args.weights) as part:
        paddle.save(net.state_dict(), str(part))
    write_table(pa.Table.from_pylist(journal.rows, schema=HISTORY), args.history, HISTORY)
    write_text(args.model, json.dumps(describe(cfg, classes), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    run(main)
