"""Models on the same photos: is one of them better, or may chance have made the difference?"""

import math
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from zest.contracts import OUT_OF_FOLD, probability_matrix, read_table
from zest.folds import group_numbers
from zest.intervals import Score, moved_percentiles, resample_scores
from zest.weighted_scores import WeightedScores


@dataclass(frozen=True)
class OutOfFold:
    """What a model predicted of photos that it had not seen.

    Attributes:
        ids: (photos,).
        labels: int, (photos,), 0..K-1.
        probabilities: float32, (photos, K).
        groups: int, (photos,), 0 and up: which of them the split kept together.
        folds: int, (photos,): of the training that predicted each.
    """

    ids: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray
    folds: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The class that is named for each photo: int, (photos,), 0..K-1."""
        return self.probabilities.argmax(axis=1)

    def of(self, rows: np.ndarray) -> "OutOfFold":
        """Return what is said of some photos, by their rows, int (n,), in that order."""
        ids = [self.ids[row] for row in rows]
        arrays = (self.labels, self.probabilities, self.groups, self.folds)
        return OutOfFold(ids, *(array[rows] for array in arrays))


@dataclass(frozen=True)
class Difference:
    """How far a model lies behind the leader.

    Attributes:
        value: in the contest's metric; positive where the leader is better.
        low: lower end of its interval.
        high: upper end.
        only_leader: photos that the leader alone has right.
        only_other: photos that the other alone has right.
        is_sure: whether chance alone would hardly make it.
        mcnemar_p: how often chance alone would part the photos that only one of the two has right
            as unequally (McNemar 1947, Psychometrika 12, exact); photos count as independent.
    """

    value: float
    low: float
    high: float
    only_leader: int
    only_other: int
    mcnemar_p: float
    is_sure: bool

    @property
    def is_known(self) -> bool:
        """Whether both models have a score that is a number."""
        return math.isfinite(self.value)

    def gain(self, photos: int) -> Score:
        """Return what the other gains over the leader, on so many photos; 0 has no sign."""
        return Score(0.0 - self.value, 0.0 - self.high, 0.0 - self.low, photos)


def read_out_of_fold(path: Path) -> OutOfFold:
    """Read evaluation/{model}/out_of_fold.parquet, in the order of the image_ids.

    Raises:
        UserError: the file is missing or is no such table.
    """
    return out_of_fold_of(read_table(path, OUT_OF_FOLD).sort_by("image_id"))


def out_of_fold_of(table: pa.Table) -> OutOfFold:
    """Return what an OUT_OF_FOLD table holds, in its order."""
    return OutOfFold(
        ids=table["image_id"].to_pylist(),
        labels=table["label"].to_numpy().astype(np.int64),
        probabilities=probability_matrix(table),
        groups=group_numbers(table["group"].to_pylist()),
        folds=table["fold"].to_numpy(),
    )


def differences(
    leader: OutOfFold,
    others: list[OutOfFold],
    metric: str,
    lower_is_better: bool,
    confidence: float,
    resamples: int,
    seed: int,
    comparisons: int | None = None,
) -> list[Difference]:
    """Compare models with the leader, as `compare` does contenders of one training each."""
    return compare(
        [leader],
        [[other] for other in others],
        metric,
        lower_is_better,
        confidence,
        resamples,
        seed,
        comparisons,
    )


def compare(
    leader: list[OutOfFold],
    others: list[list[OutOfFold]],
    metric: str,
    lower_is_better: bool,
    confidence: float,
    resamples: int,
    seed: int,
    comparisons: int | None = None,
) -> list[Difference]:
    """Compare contenders with the leader, by resamples that hold the same photos for all.

    The intervals are so wide that, at the given level, those of all pairs would hold at once, as
    the leader was chosen by the same photos. A difference is sure where the interval leaves out 0
    and, in accuracy, McNemar's test agrees.

    Args:
        leader: the predictions of its trainings, which differ by their seed alone.
        others: those of the other contenders, of the same photos.
        metric: of the contest.
        lower_is_better: of that metric.
        confidence: level at which all intervals together hold.
        resamples: number of bootstrap resamples.
        seed: of the resampling.
        comparisons: how many intervals are to hold at once; None for all pairs of models.
    """
    if comparisons is None:
        comparisons = len(others) * (len(others) + 1) // 2
    groups = len(np.unique(leader[0].groups))
    sign = -1 if lower_is_better else 1
    if any(one.ids != leader[0].ids for other in others for one in other):
        raise ValueError("the models have not predicted the same photos")
    (best, best_drawn), *rest = resampled_means([leader, *others], metric, resamples, seed)
    found = []
    for other, (value, drawn) in zip(others, rest, strict=True):
        behind = sign * (best - value)
        gaps = sign * (best_drawn - drawn)
        low, high = moved_percentiles(behind, gaps, confidence, groups, comparisons=comparisons)
        only_leader, only_other, p = mcnemar(leader, other)
        sure = low > 0 or high < 0
        if metric == "accuracy":
            sure = sure and p < (1 - confidence) / comparisons
        found.append(Difference(behind, low, high, only_leader, only_other, p, sure))
    return found


def resampled_means(
    contenders: list[list[OutOfFold]], metric: str, resamples: int, seed: int
) -> list[tuple[float, np.ndarray]]:
    """Return the mean score of each contender's trainings, and that of resamples.

    A resample draws photos, the same for all contenders. Where a contender has several trainings,
    it also draws how far their mean lies from that of ever more: by Student's t of the variance
    between seeds, pooled over the contenders whose scores are numbers. Of one training, what
    another seed would do is not known, and not in the resamples.

    Args:
        contenders: of each, the predictions of trainings that differ by their seed alone.
        metric: of the contest.
        resamples: how many.
        seed: of the draws.

    Returns:
        Of each, the score, and those of the resamples, float64 (resamples,).
    """
    scored = [
        [WeightedScores(one.labels, one.probabilities, [metric]) for one in trainings]
        for trainings in contenders
    ]
    groups = contenders[0][0].groups
    all_drawn = iter(resample_scores(list(chain(*scored)), groups, resamples, seed))
    values = [np.array([one.values[metric] for one in trainings]) for trainings in scored]
    drawn = [np.mean([next(all_drawn)[metric] for _ in trainings], axis=0) for trainings in scored]
    known = [of_one for of_one in values if np.isfinite(of_one).all()]
    freedom = sum(len(of_one) - 1 for of_one in known)
    if freedom:
        squares = sum(((of_one - of_one.mean()) ** 2).sum() for of_one in known)
        rng = np.random.default_rng([seed, freedom])
        deviations = np.sqrt(squares / rng.chisquare(freedom, resamples))
        for of_one, of_photos in zip(values, drawn, strict=True):
            of_photos += deviations * rng.standard_normal(resamples) / np.sqrt(len(of_one))
    return [(float(of_one.mean()), of) for of_one, of in zip(values, drawn, strict=True)]


def mcnemar(first: list[OutOfFold], second: list[OutOfFold]) -> tuple[int, int, float]:
    """Return how many photos the first and the second has right more often, and the two-sided p.

    With one training each, these are the photos that one of the two alone has right.
    """
    hits = [
        np.mean([one.probabilities.argmax(axis=1) == one.labels for one in trainings], axis=0)
        for trainings in (first, second)
    ]
    only_first, only_second = int((hits[0] > hits[1]).sum()), int((hits[1] > hits[0]).sum())
    if not only_first + only_second:
        return 0, 0, 1.0
    p = binomtest(only_first, only_first + only_second).pvalue
    return only_first, only_second, float(p)
