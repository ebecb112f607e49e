"""Scores of a classifier and the uncertainty of each: arrays in, plain numbers out.

Accuracy, macro F1 and quadratic weighted kappa are functions of the confusion matrix alone. Drawing
n photos with replacement is drawing its cells from a multinomial distribution with the observed
shares, so their bootstrap needs only the K x K counts, whatever the number of photos; where photos
belong to groups, whole groups are drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_SMALLEST_PROBABILITY = 1e-15  # log loss of a class that was ruled out


@dataclass(frozen=True)
class Score:
    """A score with its uncertainty.

    Attributes:
        value: on all photos.
        low: lower end of the interval.
        high: upper end of the interval.
        n: number of photos.
    """

    value: float
    low: float
    high: float
    n: int


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count photos by label (rows) and prediction (columns): int64, (K, K)."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


# Each of these takes counts of shape (..., K, K) and returns (...): one matrix, or one a resample.


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of photos whose predicted class is their label."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


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


def photo_log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return minus the logarithm of the probability given to the label: float64, (photos,)."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(given, _SMALLEST_PROBABILITY, 1))


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
    }


FROM_COUNTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "quadratic_weighted_kappa": quadratic_weighted_kappa,
}
LOWER_IS_BETTER = frozenset({"log_loss"})


def score_all(
    labels: np.ndarray,
    probabilities: np.ndarray,
    confidence: float,
    resamples: int,
    seed: int,
    groups: np.ndarray | None = None,
) -> dict[str, Score]:
    """Score predictions by every metric, with percentile bootstrap intervals over photos.

    Efron & Tibshirani 1993, chapter 13. Where all or no photos are right, resamples of accuracy
    would not vary and the interval would have no width; accuracy has Wilson's score interval.
    Photos of one group are right or wrong together, so whole groups are drawn, and Wilson's
    interval is that of the `effective_photos`.

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float, (photos, K).
        confidence: level of the intervals, such as 0.95.
        resamples: number of bootstrap resamples.
        seed: of the resampling.
        groups: int, (photos,), 0 and up; None where each photo is its own.
    """
    n, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(labels, predicted, classes)
    losses = photo_log_losses(labels, probabilities)
    rng = np.random.default_rng(seed)
    if groups is None or len(np.unique(groups)) == n:
        photos = float(n)
        drawn = rng.multinomial(n, (counts / n).ravel(), size=resamples)
        drawn = drawn.reshape(resamples, classes, classes)
        means = np.array([losses[rng.integers(0, n, n)].mean() for _ in range(resamples)])
    else:
        photos = effective_photos(predicted == labels, groups)
        cells = labels * classes + predicted
        drawn, means = _draw_groups(cells, classes**2, losses, groups, resamples, rng)
        drawn = drawn.reshape(resamples, classes, classes)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    scores = {}
    for name, metric in FROM_COUNTS.items():
        value = float(metric(counts))
        if name == "accuracy":
            low, high = wilson_interval(value * photos, photos, confidence)
        else:
            low, high = np.quantile(metric(drawn), tails)
        scores[name] = Score(value, float(low), float(high), n)
    low, high = np.quantile(means, tails)
    scores["log_loss"] = Score(float(losses.mean()), float(low), float(high), n)
    return scores


def _draw_groups(
    cells: np.ndarray,
    width: int,
    losses: np.ndarray,
    groups: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw as many groups as there are with replacement, and count their photos by cell.

    Args:
        cells: int, (photos,), which cell of the confusion matrix a photo is in.
        width: how many cells there are.
        losses: float, (photos,).
        groups: int, (photos,).
        resamples: how often.
        rng: draws them.

    Returns:
        int64, (resamples, cells), and the mean losses, float (resamples,).
    """
    _, codes = np.unique(groups, return_inverse=True)
    count = codes.max() + 1
    shares = np.full(count, 1 / count)
    drawn, means = [], []
    for _ in range(resamples):
        times = rng.multinomial(count, shares)[codes]  # each photo, with its group
        drawn.append(np.bincount(cells, times, width).astype(np.int64))
        means.append(float(times @ losses / times.sum()))
    return np.stack(drawn), np.array(means)


def wilson_interval(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share: hits of n (Wilson 1927, JASA 22)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / n
    centre = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))


def effective_photos(
    hits: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return how many photos of their own would tell a share of hits as surely as these do.

    Photos of one group (a session, one fruit) are right or wrong together, so they say less than as
    many others. The number is that whose binomial variance is the variance over the groups (Rao &
    Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48), and at
    most that of photos of these weights without groups (Kish 1965, Survey Sampling, 11.7).

    Args:
        hits: (photos,), bool, or how often each is right, 0 to 1.
        groups: int, (photos,), 0 and up; a photo alone is a group.
        weights: (photos,), at least 0; None for equal ones.
    """
    weights = np.ones(len(hits)) if weights is None else weights
    total = weights.sum()
    most = float(total**2 / (weights**2).sum())
    share = (weights * hits).sum() / total
    _, codes = np.unique(groups, return_inverse=True)
    count = codes.max() + 1
    if not 0 < share < 1 or count < 2:
        return most
    beside = np.bincount(codes, weights * (hits - share))  # (groups,), of sum 0
    variance = (beside**2).sum() * count / (count - 1) / total**2
    return min(most, share * (1 - share) / variance)


def _divide(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Divide; where the bottom is zero, zero."""
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom != 0)
