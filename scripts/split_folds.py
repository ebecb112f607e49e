"""Divide the training photos into stratified folds.

Reads catalog/train.parquet and catalog/classes.csv; writes split/folds.parquet: for each photo the
fold in which it is validation. Fold 0 of five is the 80/20 split.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from zest.classes import read_classes
from zest.contracts import CATALOG, FOLDS, read_table, write_table
from zest.errors import UserError, run
from zest.randomness import seed_from


def assign_folds(
    labels: np.ndarray, folds: int, seed: int, groups: list[str] | None = None
) -> np.ndarray:
    """Assign each photo the fold in which it is validation.

    The folds have the class proportions of the whole as nearly as can be (scikit-learn's
    `StratifiedKFold`); with groups, no group is divided (`StratifiedGroupKFold`).

    Args:
        labels: int, (photos,), 0..K-1.
        folds: number of folds, at least 2.
        seed: of the shuffling.
        groups: the group of each photo, or None.

    Returns:
        int32, (photos,), 0..folds-1.
    """
    if groups is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned = np.full(len(labels), -1, np.int32)
    with warnings.catch_warnings():
        # A class in fewer groups than folds is checked, and told in our words, by the caller.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, validation) in enumerate(splitter.split(labels, labels, groups)):
            assigned[validation] = fold
    return assigned


def check_class_sizes(labels: np.ndarray, names: list[str], folds: int) -> None:
    """Refuse classes that cannot stand in every fold.

    Raises:
        UserError: a class with fewer photos than folds.
    """
    counts = np.bincount(labels, minlength=len(names))
    small = [
        f"class {names[k]} ({counts[k]} photo{'s' if counts[k] != 1 else ''})"
        for k in np.flatnonzero(counts < folds)
    ]
    if small:
        lower = f", or lower split.folds to {counts.min()}" if counts.min() >= 2 else ""
        raise UserError(
            f"{', '.join(small)}: fewer photos than split.folds ({folds}), and every fold needs "
            f"one of each class. Label more photos or merge classes{lower}."
        )


def check_folds(assigned: np.ndarray, labels: np.ndarray, names: list[str], folds: int) -> None:
    """Refuse folds that cannot be trained or judged, as can happen when groups are large.

    Raises:
        UserError: an empty fold, or a class that stands wholly inside one fold.
    """
    table = np.zeros((folds, len(names)), int)
    np.add.at(table, (assigned, labels), 1)
    for fold in np.flatnonzero(table.sum(axis=1) == 0):
        raise UserError(
            f"fold {fold} of {folds} is empty: there are fewer groups than folds. "
            "Lower split.folds or choose a finer data.group_column."
        )
    for label in np.flatnonzero((table > 0).sum(axis=0) == 1):
        raise UserError(
            f"class {names[label]}: all its photos are of groups that fell into one fold, so a "
            "model would never see it. It needs two groups at least; see data.group_column."
        )


def _whole_groups(catalog: pa.Table) -> list[str]:
    """Name the group of every photo; one without a group is a group by itself."""
    named = zip(catalog["group"].to_pylist(), catalog["image_id"].to_pylist(), strict=True)
    return [f"photo {image_id}" if group is None else f"group {group}" for group, image_id in named]


def main() -> None:
    """Read the catalog, write the folds, print the class counts of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, folds")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--out", required=True, type=Path, help="split/folds.parquet, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    catalog = read_table(args.catalog, CATALOG, columns=["image_id", "label", "group"])
    names = [one.name for one in read_classes(args.classes)]
    labels = catalog["label"].to_numpy()
    groups = None if catalog["group"].null_count == len(labels) else _whole_groups(catalog)
    check_class_sizes(labels, names, cfg["folds"])
    seed = seed_from(cfg["seed"], "split") % 2**32  # scikit-learn takes 32 bits
    assigned = assign_folds(labels, cfg["folds"], seed, groups)
    check_folds(assigned, labels, names, cfg["folds"])

    table = catalog.append_column("fold", pa.array(assigned)).select(FOLDS.names)
    write_table(table, args.out, FOLDS)
    for fold in range(cfg["folds"]):
        counts = np.bincount(labels[assigned == fold], minlength=len(names))
        shown = ", ".join(
            f"{name} {count}" for name, count in zip(names[:12], counts, strict=False)
        )
        more = ", ..." if len(names) > 12 else ""
        print(f"fold {fold}: {counts.sum()} photos ({shown}{more})", flush=True)


if __name__ == "__main__":
    run(main)
