"""How sure a score is: intervals by resampling photos, or whole groups of them."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy import stats

from zest import metrics
from zest.weighted_scores import WeightedScores

_AT_ONCE = 32  # resamples: their confusion matrices, of a hundred classes, stay in the cache


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


def score_all(
    labels: np.ndarray,
    probabilities: np.ndarray,
    confidence: float,
    resamples: int,
    seed: int,
    groups: np.ndarray | None = None,
    top_k: int = 2,
) -> dict[str, Score]:
    """Score predictions by every metric, each with its interval.

    Accuracy, top-k accuracy and ROC-AUC are shares, of photos or of pairs of them, and near 1 their
    resamples hardly vary: they have Wilson's interval, of as many photos as tell as much. The
    calibration error, a mean of absolute values, comes out too large on few photos and larger still
    in resamples: it has the basic bootstrap interval (Davison & Hinkley 1997, section 5.2), which
    takes most of that off. The others have `moved_percentiles` of `resample_scores`; where no photo
    is wrong, scores of the predicted classes that are 1 have the ends of accuracy.

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float, (photos, K).
        confidence: level of the intervals, such as 0.95.
        resamples: number of bootstrap resamples.
        seed: of the resampling.
        groups: int, (photos,), 0 and up; None where each photo is its own.
        top_k: of top-k accuracy, which is left out where it is K or more: all are right then.
    """
    n, classes = probabilities.shape
    groups = np.arange(n) if groups is None else groups
    model = WeightedScores(labels, probabilities)
    (drawn,) = resample_scores([model], groups, resamples, seed)
    count = len(np.unique(groups))
    scores = {}
    for name, value in model.values.items():
        within = metrics.range_of(name)
        low, high = moved_percentiles(value, drawn[name], confidence, count, within)
        scores[name] = Score(value, low, high, n)
    error, tails = model.values["calibration_error"], [(1 + confidence) / 2, (1 - confidence) / 2]
    ends = 2 * error - np.quantile(drawn["calibration_error"], tails)
    low, high = np.clip(ends, 0, 1).tolist()
    scores["calibration_error"] = Score(error, low, high, n)

    hits = {"accuracy": probabilities.argmax(axis=1) == labels}
    if top_k < classes:
        hits["top_k_accuracy"] = metrics.photo_top_k_hits(labels, probabilities, top_k)
    for name, right in hits.items():
        scores[name] = share_score(right, groups, confidence)
        if name == "accuracy" and right.all():
            alike = [other for other in metrics.FROM_COUNTS if scores[other].value == 1]
            scores |= dict.fromkeys(alike, scores["accuracy"])
    area = model.values["roc_auc"]
    if np.isfinite(area):
        added = model.of_photos["roc_auc"] - area
        photos = binomial_size(area, added / n, groups, float(count))
        scores["roc_auc"] = Score(area, *wilson_interval(area * photos, photos, confidence), n)
    return scores


def resample_scores(
    models: Sequence[WeightedScores], groups: np.ndarray, resamples: int, seed: int
) -> list[dict[str, np.ndarray]]:
    """Score resamples of the same photos for each model (the bootstrap of Efron & Tibshirani 1993).

    Whole groups are drawn with replacement, as photos of one group are right or wrong together. The
    draws depend on `groups` and `seed` alone, so a difference between two models is of the same
    photos. Those of ROC-AUC are of its linear part.

    Args:
        models: their predictions, of the same photos.
        groups: int, (photos,), 0 and up.
        resamples: how many.
        seed: of the draws.

    Returns:
        A model: by metric, the scores of the resamples, float64, (resamples,).
    """
    draws = draw_groups(groups, resamples, seed)
    parts: list[list[dict[str, np.ndarray]]] = [[] for _ in models]
    while some := list(itertools.islice(draws, _AT_ONCE)):
        for model, scores in zip(models, parts, strict=True):
            scores.append(model.at(some))
    return [
        {name: np.concatenate([one[name] for one in scores]) for name in model.values}
        for model, scores in zip(models, parts, strict=True)
    ]


def draw_groups(groups: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Draw as many groups as there are, with replacement, again and again.

    Args:
        groups: int, (photos,), 0 and up.
        resamples: how often.
        seed: of the draws.

    Yields:
        float64, (photos,): how often each photo is drawn, with its group.
    """
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1
    in_order = np.array_equal(codes, np.arange(count))  # each photo alone, as mostly
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)
        yield drawn if in_order else drawn[codes]


def moved_percentiles(
    value: float,
    drawn: np.ndarray,
    confidence: float,
    groups: int,
    within: tuple[float, float] = (-np.inf, np.inf),
    comparisons: int = 1,
) -> tuple[float, float]:
    """Return the interval of a score, or of a difference of two, from its resamples.

    A resample leaves some groups out, and with them whole classes, which alone lowers macro F1 and
    its like. So the percentiles are moved by the difference between the score and their median.
    Resamples of few groups vary too little: the interval is stretched as Student's t is wider than
    the normal distribution, and by the root of groups / (groups - 1).

    Args:
        value: of all photos.
        drawn: of the resamples, (resamples,).
        confidence: level of the interval.
        groups: how many were drawn from; of one group nothing is known.
        within: the least and the largest value that there can be.
        comparisons: how many such intervals are to hold at once (Bonferroni).
    """
    if not np.isfinite(value):
        return float("nan"), float("nan")
    if groups < 2:
        return within
    tail = (1 - confidence) / 2
    low, middle, high = np.quantile(drawn, [tail, 0.5, 1 - tail])
    stretch = stats.t.isf(tail / comparisons, groups - 1) / NormalDist().inv_cdf(1 - tail)
    stretch *= np.sqrt(groups / (groups - 1))
    low, high = np.clip(value + stretch * (np.array([low, high]) - middle), *within)
    return float(low), float(high)


def wilson_interval(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share: hits of n (Wilson 1927, JASA 22)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / n
    centre = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))


def share_score(hits: np.ndarray, groups: np.ndarray, confidence: float) -> Score:
    """Return the share of photos that are right, with Wilson's interval of `effective_photos`.

    Args:
        hits: bool, (photos,).
        groups: int, (photos,), 0 and up.
        confidence: level of the interval.
    """
    share, photos = float(hits.mean()), effective_photos(hits, groups)
    low, high = wilson_interval(share * photos, photos, confidence)
    return Score(share, low, high, len(hits))


def effective_photos(
    hits: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return how many photos of their own would tell a share of hits as surely as these do.

    It is at most that of photos of these weights without groups (Kish 1965, Survey Sampling, 11.7).

    Args:
        hits: (photos,), bool, or how often each is right, 0 to 1.
        groups: int, (photos,), 0 and up; a photo alone is a group.
        weights: (photos,), at least 0; None for equal ones.
    """
    weights = np.ones(len(hits)) if weights is None else weights
    total = weights.sum()
    share = (weights * hits).sum() / total
    most = float(total**2 / (weights**2).sum())
    return binomial_size(share, weights * (hits - share) / total, groups, most)


def binomial_size(share: float, parts: np.ndarray, groups: np.ndarray, most: float) -> float:
    """Return how many independent draws would tell a share as surely.

    Photos of one group (a session, one fruit) are right or wrong together, so they say less than as
    many others. The number is that whose binomial variance is the variance over the groups (Rao &
    Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48); where
    the groups do not vary (all right, all wrong, or one group), it is that of the groups.

    Args:
        share: 0 to 1.
        parts: float, (photos,), of sum 0: what each photo adds to the share.
        groups: int, (photos,), 0 and up.
        most: what it is at most.
    """
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1
    variance = (np.bincount(codes, parts) ** 2).sum() * count / max(1, count - 1)
    if count < 2 or variance < 1e-15 or not 0 < share < 1:
        return min(most, float(count))
    return min(most, share * (1 - share) / variance)
