"""Stratified folds: how photos are assigned to them, and which cannot be used."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from zest.errors import UserError

WHAT_GROUPS = (
    "data.group_column, split.group_pattern, split.group_duplicates, split.sessions, split.file"
)


def assign_folds(
    labels: np.ndarray, folds: int, seed: int, grouped: np.ndarray | None = None
) -> np.ndarray:
    """Assign each photo the fold in which it is validation.

    The folds have the class proportions of the whole as nearly as can be (scikit-learn's
    `StratifiedKFold`); with groups, no group is divided (`StratifiedGroupKFold`).

    Args:
        labels: int, (photos,), 0..K-1.
        folds: number of folds, at least 2.
        seed: of the shuffling.
        grouped: int, (photos,), the group of each photo; None where each is its own.

    Returns:
        int32, (photos,), 0..folds-1.

    Raises:
        UserError: fewer groups than folds.
    """
    if grouped is None:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    else:
        groups = len(np.unique(grouped))
        if groups < folds:
            raise UserError(
                f"the photos are of {groups} groups, too few for {folds} folds. Lower split.folds, "
                f"or make the groups smaller: {WHAT_GROUPS}."
            )
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned = np.full(len(labels), -1, np.int32)
    with warnings.catch_warnings():
        # A class in fewer groups than folds is checked, and told in our words, by the caller.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, validation) in enumerate(splitter.split(labels, labels, grouped)):
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
