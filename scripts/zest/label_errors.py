"""Likely label errors: photos that a model which never saw them is sure to be another class."""

import numpy as np


def likely_errors(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of photos whose label is doubtful, the most doubtful first.

    Confident learning (Northcutt et al. 2021, JAIR 70, 1373-1411): a photo counts as one of another
    class if the probability of that class reaches what photos of the class have on average. Ranked
    by how much more probable that class is than the label.

    Args:
        probabilities: float, (photos, K), out of fold.
        labels: int, (photos,), 0..K-1.

    Returns:
        The rows, int (doubtful photos,), and the class that each seems to be, int, as many.
    """
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    classes = np.unique(labels)
    usual = np.full(probabilities.shape[1], np.inf)
    usual[classes] = [own[labels == label].mean() for label in classes]
    others = np.where(probabilities >= usual, probabilities, -1)
    others[rows, labels] = -1
    best = others.max(axis=1)
    doubtful = np.flatnonzero(best > own)
    ranked = doubtful[np.argsort(own[doubtful] - best[doubtful], kind="stable")]
    return ranked, others[ranked].argmax(axis=1)
