"""Stratified folds: how photos are assigned to them."""

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
