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
from zest.folds import ALL, parse_fold
from zest.randomness import seed_from

SHOWN = 20  # classes, in the line that is printed


def wanted_rows(photos: np.ndarray, balance: str | dict) -> np.ndarray:
    """Return how many rows each class shall have, before `copies`.

    - `none`: as many as it has photos.
    - `label_shuffling`: as many as the largest class (published by Hikvision's ILSVRC 2016 scene
      classification team; taught under this name in the PaddlePaddle courses).
    - `undersampling`: as many as the smallest.
    - `{"target": n}`: n.
    - `{"power": q}`: its part of all rows is n_k**q / sum_j n_j**q, where n_k is its number of
      photos; as many rows as photos in all. 1 changes nothing, 0 gives equal counts, 1/2 is
      square-root sampling (Kang et al. 2020, arXiv:1910.09217, equation 1; Mahajan et al. 2018,
      arXiv:1805.00932). The counts are rounded down, and the rows that are then still
      missing go to the classes with the largest remainders, the first of equal ones.

    Args:
        photos: int, (K,): of each class, above 0.
        balance: the recipe's setting.

    Returns:
        int, (K,), above 0.
    """
    if balance == "none":
        return photos
    if balance == "label_shuffling":
        return np.full_like(photos, photos.max())
    if balance == "undersampling":
        return np.full_like(photos, photos.min())
    assert isinstance(balance, dict)
    if "target" in balance:
        return np.full_like(photos, balance["target"])
    share = photos.astype(np.float64) ** balance["power"]
    exact = photos.sum() * share / share.sum()
    rows = np.floor(exact + 1e-9).astype(photos.dtype)  # 1e-9: what should be whole, is
    missing = photos.sum() - rows.sum()
    rows[np.argsort(rows - exact, kind="stable")[:missing]] += 1
    return rows


def draw_rows(labels: np.ndarray, balance: str | dict, rng: np.random.Generator) -> np.ndarray:
    """Draw the rows of a training set: photos, some of them several times or not at all.

    A class that gets more rows than it has photos is filled up by repetition: a random permutation
    of 0..rows-1 is taken modulo its number of photos, so that each stands either floor or ceil of
    rows / photos times. Of a class that gets fewer, so many are chosen at random, each once. The
    rows of all classes are then shuffled together.

    Args:
        labels: int, (photos,).
        balance: see `wanted_rows`.
        rng: source of the permutations.

    Returns:
        int, (rows,): indices into `labels`.
    """
    if balance == "none":
        return rng.permutation(len(labels))
    classes, photos = np.unique(labels, return_counts=True)
    chosen = [
        np.flatnonzero(labels == label)[rng.permutation(max(rows, own))[:rows] % own]
        for label, own, rows in zip(classes, photos, wanted_rows(photos, balance), strict=True)
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
    """Return the manifest of the training set for which `fold` is validation.

    Args:
        folds: a FOLDS table.
        fold: the validation fold, left out.
        cfg: seed, balance, copies.

    Returns:
        A MANIFEST table, in random order.
    """
    training = folds.filter(pc.not_equal(folds["fold"], fold))
    labels = training["label"].to_numpy()
    rng = np.random.default_rng(seed_from(cfg["seed"], "balance", fold))
    rows = draw_rows(labels, cfg["balance"], rng)
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


def tell(folds: pa.Table, manifest: pa.Table, fold: int) -> str:
    """Say in two lines how many photos and rows there are before and after, in all and by class."""
    training = folds.filter(pc.not_equal(folds["fold"], fold))
    before = np.bincount(training["label"].to_numpy())
    after = np.bincount(manifest["label"].to_numpy(), minlength=len(before))
    own = pc.sum(pc.equal(manifest["copy"], 0)).as_py()
    unused = training.num_rows - own
    parts = [f"{own} photos as they are", f"{manifest.num_rows - own} augmented copies"]
    parts += [f"{unused} left out"] if unused else []
    pairs = enumerate(zip(before, after, strict=True))
    each = [f"{label}: {photos} -> {rows}" for label, (photos, rows) in pairs]
    shown = ", ".join(each[:SHOWN]) + (", ..." if len(each) > SHOWN else "")
    return (
        f"fold {'all' if fold == ALL else fold}: "
        f"{training.num_rows} photos ({_span(before)} a class) -> "
        f"{manifest.num_rows} rows ({_span(after)} a class): {', '.join(parts)}\n"
        f"by class: {shown}"
    )


def _span(counts: np.ndarray) -> str:
    low, high = counts.min(), counts.max()
    return str(low) if low == high else f"{low} to {high}"


def main() -> None:
    """Read the folds, write the manifest, tell the counts before and after."""
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
    print(tell(folds, manifest, args.fold), flush=True)


if __name__ == "__main__":
    run(main)
