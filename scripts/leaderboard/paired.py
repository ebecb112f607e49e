"""Two models on the same photos: is one of them better, or may chance have made the difference?"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from zest.contracts import OUT_OF_FOLD, probability_matrix, read_table
from zest.folds import group_numbers
from zest.intervals import moved_percentiles, resample_scores
from zest.weighted_scores import WeightedScores


@dataclass(frozen=True)
class OutOfFold:
    """What a model predicted of photos that it had not seen, in the order of their ids.

    Attributes:
        ids: (photos,).
        labels: int, (photos,), 0..K-1.
        probabilities: float32, (photos, K).
        groups: int, (photos,): which of them the split kept together.
    """

    ids: list[str]
    labels: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray


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


def read_out_of_fold(path: Path) -> OutOfFold:
    """Read evaluation/{model}/out_of_fold.parquet.

    Raises:
        UserError: the file is missing or is no such table.
    """
    table = read_table(path, OUT_OF_FOLD).sort_by("image_id")
    return OutOfFold(
        ids=table["image_id"].to_pylist(),
        labels=table["label"].to_numpy().astype(np.int64),
        probabilities=probability_matrix(table),
        groups=group_numbers(table["group"].to_pylist()),
    )


def differences(
    leader: OutOfFold,
    others: list[OutOfFold],
    metric: str,
    lower_is_better: bool,
    confidence: float,
    resamples: int,
    seed: int,
) -> list[Difference]:
    """Compare models with the leader, by resamples that hold the same photos for both.

    The intervals are so wide that, at the given level, those of all pairs of models would hold at
    once, as the leader was chosen by the same photos. A difference is sure where the interval
    leaves out 0 and, in accuracy, McNemar's test agrees.

    Args:
        leader: its predictions.
        others: those of the other models, of the same photos.
        metric: of the contest.
        lower_is_better: of that metric.
        confidence: level at which all intervals together hold.
        resamples: number of bootstrap resamples.
        seed: of the resampling.
    """
    pairs = len(others) * (len(others) + 1) // 2
    groups = len(np.unique(leader.groups))
    sign = -1 if lower_is_better else 1

    if any(other.ids != leader.ids for other in others):
        raise ValueError("the models have not predicted the same photos")
    scored = [WeightedScores(one.labels, one.probabilities, [metric]) for one in (leader, *others)]
    drawn = resample_scores(scored, leader.groups, resamples, seed)
    best, *values = (one.values[metric] for one in scored)
    best_drawn, *others_drawn = (one[metric] for one in drawn)
    found = []
    for other, value, other_drawn in zip(others, values, others_drawn, strict=True):
        behind = sign * (best - value)
        gaps = sign * (best_drawn - other_drawn)
        low, high = moved_percentiles(behind, gaps, confidence, groups, comparisons=pairs)
        only_leader, only_other, p = mcnemar(leader, other)
        sure = low > 0 or high < 0
        if metric == "accuracy":
            sure = sure and p < (1 - confidence) / pairs
        found.append(Difference(behind, low, high, only_leader, only_other, p, sure))
    return found


def mcnemar(first: OutOfFold, second: OutOfFold) -> tuple[int, int, float]:
    """Return how many photos the first and the second alone has right, and the two-sided p."""
    right = [one.probabilities.argmax(axis=1) == one.labels for one in (first, second)]
    only_first, only_second = (int((a & ~b).sum()) for a, b in (right, right[::-1]))
    if not only_first + only_second:
        return 0, 0, 1.0
    p = binomtest(only_first, only_first + only_second).pvalue
    return only_first, only_second, float(p)
