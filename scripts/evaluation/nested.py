"""Photos divided so that what is fitted to some of them is judged on the others."""

import numpy as np

from zest.stratified_folds import assign_folds

PARTS = 5  # of the photos, where one fold alone is trained


def nested_folds(
    labels: np.ndarray, folds: np.ndarray, groups: np.ndarray, seed: int
) -> np.ndarray | None:
    """Return the part of each photo: its fold, or where all are of one, another division.

    Args:
        labels: int, (photos,), 0..K-1.
        folds: int, (photos,).
        groups: int, (photos,), 0 and up; a group is never divided.
        seed: of the division.

    Returns:
        int, (photos,); None where the photos are too few to be divided.
    """
    if len(np.unique(folds)) > 1:
        return folds
    parts = min(PARTS, len(np.unique(groups)), int(np.bincount(labels).max()))
    return assign_folds(labels, parts, seed, groups) if parts > 1 else None
