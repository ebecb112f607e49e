"""From probabilities to a class where classes are ordered: near misses cost less than far ones.

The labels are the places in the order, 0..K-1. The likeliest class wins the most photos; quadratic
weighted kappa asks for the class whose expected squared distance is least, or for cuts of the
expected grade that were fitted to it.
"""

import numpy as np

from zest.metrics import quadratic_weighted_kappa

CUTS = 400  # of the expected grades, from which thresholds are chosen
_SWEEPS = 20


def expected_grades(probabilities: np.ndarray) -> np.ndarray:
    """Return the mean of the labels under the probabilities, 0 to K-1: float64, (photos,)."""
    # Added in one order on every machine; `@` would go by the number of cores.
    return np.einsum("pk,k", probabilities.astype(np.float64), np.arange(probabilities.shape[1]))


def natural_thresholds(classes: int) -> np.ndarray:
    """Return the thresholds half way between the labels: float64, (K-1,).

    By them the expected grade is rounded, which gives the class of the least expected squared
    distance: sum_j p_j (k - j)^2 is (k - expected grade)^2 plus what does not depend on k.
    """
    return np.arange(classes - 1) + 0.5


def grade(expected: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the number of thresholds that each expected grade reaches: int, (photos,)."""
    return np.searchsorted(thresholds, expected, side="right")


def fit_thresholds(labels: np.ndarray, expected: np.ndarray, classes: int) -> np.ndarray:
    """Choose thresholds for the highest quadratic weighted kappa, one after the other.

    Each is moved to its best place while the others stay, until none moves. It begins at the
    `natural_thresholds`, so it never does worse than these on the photos it sees.

    Args:
        labels: int, (photos,), 0..K-1.
        expected: float, (photos,), the expected grades.
        classes: K.

    Returns:
        float64, (K-1,), rising.
    """
    start = natural_thresholds(classes)
    ordered = np.unique(expected)
    between = (ordered[1:] + ordered[:-1]) / 2
    if len(between) > CUTS:
        between = between[np.linspace(0, len(between) - 1, CUTS).astype(int)]
    ends = [ordered[0] - 0.5, ordered[-1] + 0.5]  # none below, and all
    cuts = np.unique(np.concatenate([ends, between, start]))
    # Photos of each label below each cut: (cuts + 2, K), with none before and all after.
    below = np.zeros((len(cuts) + 2, classes))
    place = np.searchsorted(cuts, expected, side="right")
    np.add.at(below, (place + 1, labels), 1)
    below = below.cumsum(axis=0)

    places = np.searchsorted(cuts, start) + 1  # in `below`
    for _ in range(_SWEEPS):
        before = places.copy()
        for one in range(classes - 1):
            low = places[one - 1] if one else 1
            high = places[one + 1] if one + 1 < classes - 1 else len(cuts)
            tried = np.repeat(places[None], high - low + 1, axis=0)
            tried[:, one] = np.arange(low, high + 1)
            scores = quadratic_weighted_kappa(_counts(below, tried))
            if scores.max() > scores[places[one] - low]:
                places[one] = tried[scores.argmax(), one]
        if (places == before).all():
            break
    return cuts[places - 1]


def _counts(below: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the confusion matrices, (tries, K, K), of thresholds at places, (tries, K-1)."""
    edges = np.concatenate(
        [np.zeros((len(places), 1), int), places, np.full((len(places), 1), len(below) - 1)], axis=1
    )
    return np.diff(below[edges], axis=1).transpose(0, 2, 1)  # label, predicted
