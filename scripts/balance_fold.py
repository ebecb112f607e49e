"""List the rows of a training set: which photo, which copy of it.

Reads split/folds.parquet; writes trainset/{recipe}/fold{fold}/manifest.parquet. Copy 0 of a photo
is the photo itself; the others will be augmented, each from a seed of its own.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zest.contracts import FOLDS, MANIFEST, read_table, write_table
from zest.errors import run
from zest.folds import parse_fold
from zest.randomness import seed_from


def shuffle_labels(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bring every class to the size of the largest: label shuffling.

    For each class, a random permutation of 0..n-1, where n is the size of the largest class, is
    taken modulo the class's own size, so that each photo stands either floor or ceil of n / size
    times; the rows of all classes are then shuffled together. (Published by Hikvision's ILSVRC 2016
    scene classification team; taught under this name in the PaddlePaddle courses.)

    Args:
        labels: int, (photos,).
        rng: source of the permutations.

    Returns:
        int, (K * n,): indices into `labels`.
    """
    classes, counts = np.unique(labels, return_counts=True)
    largest = counts.max()
    chosen = [
        np.flatnonzero(labels == label)[rng.permutation(largest) % count]
        for label, count in zip(classes, counts, strict=True)
    ]
    return rng.permutation(np.concatenate(chosen))


def number_copies(rows: np.ndarray) -> np.ndarray:
    """Return for each row how many earlier rows are of the same photo: its copy number."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.searchsorted(ordered, ordered, side="left")
    copies = np.empty(len(rows), np.int32)
    copies[order] = np.arange(len(rows)) - first
    return copies


def list_rows(folds: pa.Table, fold: int, cfg: dict) -> pa.Table:
    """Return the manifest of the training set for which `fold` is validation."""
    training = folds.filter(pc.not_equal(folds["fold"], fold))
    labels = training["label"].to_numpy()
    rng = np.random.default_rng(seed_from(cfg["seed"], "balance", fold))
    if cfg["balance"] == "label_shuffling":
        rows = shuffle_labels(labels, rng)
    else:
        rows = rng.permutation(len(labels))
    rows = rng.permutation(np.tile(rows, cfg["copies"]))
    table = training.take(pa.array(rows))
    copies = number_copies(rows)
    seeds = [
        seed_from(cfg["seed"], image_id, copy)
        for image_id, copy in zip(table["image_id"].to_pylist(), copies.tolist(), strict=True)
    ]
    return pa.table(
        [table["image_id"], pa.array(copies), table["label"], table["fold"], pa.array(seeds)],
        schema=MANIFEST,
    )


def main() -> None:
    """Read the folds, write the manifest, print the class counts before and after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, balance, copies")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the validation fold, left out; or all"
    )
    parser.add_argument("--out", required=True, type=Path, help="manifest.parquet, written")
    args = parser.parse_args()

    folds = read_table(args.folds, FOLDS)
    manifest = list_rows(folds, args.fold, json.loads(args.cfg))
    write_table(manifest, args.out, MANIFEST)
    counts = np.bincount(manifest["label"].to_numpy())
    own = pc.sum(pc.equal(manifest["copy"], 0)).as_py()
    print(
        f"fold {args.fold}: {own} photos as they are and {manifest.num_rows - own} "
        f"augmented copies; rows of a class: {counts.min()} to {counts.max()}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
