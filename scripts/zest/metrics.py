"""Scores of a classifier: arrays in, plain numbers out.

Those of the predicted classes are functions of the confusion matrix; those of the probabilities are
means over the photos, but for ROC-AUC (pairs of photos) and the calibration error (bins of them).
"""

from collections.abc import Callable

import numpy as np

# What people call them; the order is that of tables.
TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "quadratic_weighted_kappa": "quadratic weighted kappa",
    "roc_auc": "ROC-AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
}
LOWER_IS_BETTER = frozenset({"log_loss", "brier"})
CALIBRATION_BINS = 15  # as in Guo et al. 2017

SMALLEST_PROBABILITY = 1e-15  # log loss of a class that was ruled out


def range_of(metric: str) -> tuple[float, float]:
    """Return the least and the largest value that a metric can have."""
    ranges = {
        "quadratic_weighted_kappa": (-1.0, 1.0),
        "log_loss": (0.0, np.inf),
        "brier": (0.0, 2.0),
    }
    return ranges.get(metric, (0.0, 1.0))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count photos by label (rows) and prediction (columns): int64, (K, K)."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


# Each of these takes counts of shape (..., K, K) and returns (...): one matrix, or one a resample.


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of photos whose predicted class is their label."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """Mean of the recalls of the classes that are labelled."""
    present = counts.sum(axis=-1) > 0
    recall = per_class_scores(counts)["recall"]
    return (recall * present).sum(axis=-1) / present.sum(axis=-1)


def per_class_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return precision, recall and F1 of every class, each (..., K); 0 where undefined."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(float)
    labelled, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    return {
        "precision": _divide(hits, predicted),
        "recall": _divide(hits, labelled),
        "f1": _divide(2 * hits, labelled + predicted),
    }


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Mean of the F1 scores of the classes that are labelled or predicted at all."""
    present = (counts.sum(axis=-1) + counts.sum(axis=-2)) > 0
    return (per_class_scores(counts)["f1"] * present).sum(axis=-1) / present.sum(axis=-1)


def weighted_f1(counts: np.ndarray) -> np.ndarray:
    """Mean of the F1 scores of the classes, each with its number of labelled photos."""
    labelled = counts.sum(axis=-1)
    return (per_class_scores(counts)["f1"] * labelled).sum(axis=-1) / labelled.sum(axis=-1)


def quadratic_weighted_kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's weighted kappa (1968) with squared distances, for ordered classes: 1 perfect.

    Where all labels and predictions are of one class, chance cannot be told from skill: 0.
    """
    classes = counts.shape[-1]
    steps = np.arange(classes)
    weights = (steps[:, None] - steps[None, :]) ** 2
    n = counts.sum(axis=(-2, -1))
    by_chance = counts.sum(axis=-1)[..., :, None] * counts.sum(axis=-2)[..., None, :]
    observed = (weights * counts).sum(axis=(-2, -1))
    expected = (weights * by_chance).sum(axis=(-2, -1)) / n
    return np.where(expected > 0, 1 - _divide(observed, expected), 0.0)


FROM_COUNTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
    "quadratic_weighted_kappa": quadratic_weighted_kappa,
}


def photo_log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return minus the logarithm of the probability given to the label: float64, (photos,)."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(given, SMALLEST_PROBABILITY, 1))


def photo_brier_scores(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the squared distance of the probabilities from the label, 0 to 2: float64, (photos,).

    Brier 1950, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78, for any number of classes.
    """
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return np.einsum("ij,ij->i", probabilities, probabilities, dtype=np.float64) - 2 * given + 1


def photo_top_k_hits(labels: np.ndarray, probabilities: np.ndarray, k: int) -> np.ndarray:
    """Return whether the label is among the k likeliest classes: bool, (photos,).

    Of classes that are equally likely, the one that comes first in the list counts as likelier.
    """
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return (likeliest == labels[:, None]).any(axis=1)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599, equation 3), 0 to 1."""
    bins, gaps = calibration_gaps(labels, probabilities)
    return float(np.abs(np.bincount(bins, gaps)).sum() / len(labels))


def calibration_gaps(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what calibration is judged by, for each photo.

    Returns:
        The bin of the probability of the predicted class, int, (photos,), of `CALIBRATION_BINS`
        equal ones of (0, 1], each with its upper end; and (1 if right, else 0) - that probability.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(labels)), predicted].astype(np.float64)
    ends = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS  # of all bins but the last
    return np.searchsorted(ends, confidence), (predicted == labels) - confidence


def reliability_bins(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what a reliability diagram shows, for each bin of `calibration_gaps` with a photo.

    DeGroot & Fienberg 1983, The Statistician 32.

    Returns:
        The mean probability of the predicted class; the share that is right; and the number of
        photos; each (bins,), the lowest bin first.
    """
    bins, gaps = calibration_gaps(labels, probabilities)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    there = counts > 0
    confidence = probabilities.max(axis=1)
    sure = np.bincount(bins, confidence, CALIBRATION_BINS)[there] / counts[there]
    right = sure + np.bincount(bins, gaps, CALIBRATION_BINS)[there] / counts[there]
    return sure, right, counts[there]


def roc_auc_of_classes(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the area under the ROC curve of each class against all others.

    That is how often a photo of the class gets a higher probability of it than a photo of another
    (a tie counts half): Hanley & McNeil 1982, Radiology 143.

    Returns:
        The areas, float64, (K,), NaN where all photos or none are of the class; and what each
        photo adds to the mean of the areas, (photos,), of mean 0 and, over the number of photos, of
        that mean's variance: from the structural components of DeLong et al. 1988, Biometrics 44,
        each less its mean, by the share of its side in the photos.
    """
    photos, classes = probabilities.shape
    areas, added = np.full(classes, np.nan), np.zeros(photos)
    for k in range(classes):
        own = labels == k
        positives = int(own.sum())
        negatives = photos - positives
        if not positives or not negatives:
            continue
        above = np.empty(photos)  # share of the other side that the photo is on the right side of
        above[own], below = _shares_below(probabilities[own, k], probabilities[~own, k])
        above[~own] = 1 - below
        areas[k] = above[own].mean()
        added += (above - areas[k]) * np.where(own, photos / positives, photos / negatives)
    return areas, added / max(1, int(np.isfinite(areas).sum()))


def _shares_below(own: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each of `own`, the share of `others` that is less, and the other way round.

    A tie counts half. `own` alone is sorted, as the photos of one class are few.

    Returns:
        float64, (own,) and (others,); NaN where any value is no number.
    """
    if np.isnan(own).any() or np.isnan(others).any():
        return np.full(len(own), np.nan), np.full(len(others), np.nan)
    values, place, counts = np.unique(own, return_inverse=True, return_counts=True)
    first = np.searchsorted(values, others)  # of the values that are not less
    ties = values[np.minimum(first, len(values) - 1)] == others
    less = np.append(0, counts.cumsum())  # of own, below each value
    own_below = (less[first] + less[first + ties]) / 2
    passed = np.bincount(first, minlength=len(values)).cumsum()  # others up to each value
    tied = np.bincount(first[ties], minlength=len(values))
    others_below = (passed[: len(values)] - tied / 2)[place]
    return others_below / len(others), own_below / len(own)


def roc_auc_with_parts(labels: np.ndarray, probabilities: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean of the areas under the ROC curves, and what each photo adds to it.

    Returns:
        The mean over the classes that some photos are of and others are not, NaN without any; and
        float64, (photos,), of mean 0.
    """
    areas, added = roc_auc_of_classes(labels, probabilities)
    known = np.isfinite(areas)
    return (float(areas[known].mean()), added) if known.any() else (float("nan"), added)


def validation_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Score an epoch: the columns `val_*` of the HISTORY table.

    Args:
        probabilities: float, (photos, K).
        labels: int, (photos,), 0..K-1.
    """
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    return {
        "val_loss": float(photo_log_losses(labels, probabilities).mean()),
        **{f"val_{name}": float(metric(counts)) for name, metric in FROM_COUNTS.items()},
        "val_roc_auc": roc_auc_with_parts(labels, probabilities)[0],
        "val_brier": float(photo_brier_scores(labels, probabilities).mean()),
    }


def _divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Divide; where the bottom is zero, zero."""
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom != 0)
