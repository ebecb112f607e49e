"""Folds: which cannot be used, and what each of them holds."""

import numpy as np

from zest.errors import UserError
from zest.stratified_folds import WHAT_GROUPS


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
    table = class_counts(assigned, labels, len(names), folds)
    for fold in np.flatnonzero(table.sum(axis=1) == 0):
        raise UserError(
            f"fold {fold} of {folds} is empty. Lower split.folds, or make the groups smaller: "
            f"{WHAT_GROUPS}."
        )
    for label in np.flatnonzero((table > 0).sum(axis=0) == 1):
        raise UserError(
            f"class {names[label]}: all its photos are of groups that fell into one fold, so a "
            "model would never see it. It needs two groups at least, better as many as there are "
            f"folds; see what joins them: {WHAT_GROUPS}."
        )


def class_counts(assigned: np.ndarray, labels: np.ndarray, classes: int, folds: int) -> np.ndarray:
    """Return the photos of each class in each fold: int, (folds, classes)."""
    table = np.zeros((folds, classes), int)
    np.add.at(table, (assigned, labels), 1)
    return table
