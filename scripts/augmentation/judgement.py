"""Which copies left their label, and which operation is to blame."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from augmentation.operations import strength
from zest.augment.policies import IDENTITY
from zest.intervals import wilson_interval

STRICT = 0.99  # a dozen operations are compared at once, and copies of one photo are alike


@dataclass(frozen=True)
class Judgement:
    """What the probe thinks of the rows of a training set, n of them.

    A copy is judged where its label is that of its photo alone, and the photo itself is judged
    right. It left its label where it is judged wrong.
    """

    predicted: np.ndarray  # (n,) int, the class that is most probable
    margin: np.ndarray  # (n,) log(probability of that class / probability of the label), 0 or more
    probabilities: np.ndarray  # (n, K)
    judged: np.ndarray  # (n,) bool
    left: np.ndarray  # (n,) bool, of the judged ones
    mixed: int  # copies with a soft label: not judged
    unknown: int  # copies whose photo itself is judged wrong: not judged

    @property
    def worst(self) -> list[int]:
        """The numbers of the rows that left, the one that went farthest first."""
        rows = np.flatnonzero(self.left)
        return rows[np.argsort(-self.margin[rows], kind="stable")].tolist()


def judge(rows: list[dict], logits: np.ndarray) -> Judgement:
    """Judge every copy of a training set.

    Args:
        rows: of `augmentation.rows.read_rows`.
        logits: (rows, K), of the probe.
    """
    predicted = logits.argmax(axis=1)
    labels = np.array([row["label"] for row in rows])
    each = np.arange(len(rows))
    right = predicted == labels
    known = {
        row["image_id"] for row, fits in zip(rows, right, strict=True) if fits and is_photo(row)
    }
    copies = np.array([not is_photo(row) for row in rows], bool)
    mixed = copies & np.array([row["soft_label"] is not None for row in rows], bool)
    unknown = copies & ~mixed & np.array([row["image_id"] not in known for row in rows], bool)
    judged = copies & ~mixed & ~unknown
    return Judgement(
        predicted=predicted,
        margin=logits[each, predicted] - logits[each, labels],
        probabilities=softmax(logits, axis=1),
        judged=judged,
        left=judged & ~right,
        mixed=int(mixed.sum()),
        unknown=int(unknown.sum()),
    )


def is_photo(row: dict) -> bool:
    """Say whether a row is the photo itself."""
    return row["copy"] == 0


class Share(NamedTuple):
    """How many of n images are judged wrong."""

    wrong: int
    n: int

    @property
    def value(self) -> float:
        """The share, 0 of nothing."""
        return self.wrong / self.n if self.n else 0.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return Wilson's interval of the share, 0 to 1 of nothing."""
        return wilson_interval(*self, confidence) if self.n else (0.0, 1.0)

    def exceeds(self, other: "Share", confidence: float) -> bool:
        """Say whether the share is larger than that of others by more than chance explains.

        The interval of the difference lies above 0: Newcombe 1998, Statistics in Medicine 17,
        pages 873 to 890, method 10.
        """
        low, high = self.interval(confidence)[0], other.interval(confidence)[1]
        return self.value - other.value > math.hypot(self.value - low, high - other.value)


class Blame(NamedTuple):
    """What an operation has to do with the copies that left."""

    operation: str
    having: Share  # the copies with the operation
    without: Share
    weaker: Share | None  # of those with it, the half with less of it; None where it has no degrees
    stronger: Share | None

    @property
    def stands_out(self) -> bool:
        """Say whether more leave with the operation, or with more of it, than chance explains."""
        if self.having.exceeds(self.without, STRICT):
            return True
        return bool(self.weaker and self.stronger and self.stronger.exceeds(self.weaker, STRICT))


def blames(rows: list[dict], judgement: Judgement) -> list[Blame]:
    """Return for each operation that judged copies have what it has to do with their leaving.

    Those of which the largest share left come first. An operation that a copy has twice counts
    once, with the stronger of the two.
    """
    judged = np.flatnonzero(judgement.judged)
    left = judgement.left[judged]
    steps: dict[str, dict[int, float | None]] = {}
    for place, number in enumerate(judged):
        for step in rows[number]["operations"]:
            if step["name"] != IDENTITY:
                found, how_far = steps.setdefault(step["name"], {}), strength(step)
                before = found.get(place)
                found[place] = how_far if before is None else max(before, how_far)
    blamed = [_blame(name, strengths, left) for name, strengths in steps.items()]
    return sorted(blamed, key=lambda one: (-one.having.value, one.operation))


def _blame(name: str, strengths: dict[int, float | None], left: np.ndarray) -> Blame:
    """`strengths` are of the copies with the operation, by their place in `left`."""
    having = np.array(list(strengths))
    without = np.setdiff1d(np.arange(len(left)), having)
    degrees = list(strengths.values())
    weaker = stronger = None
    if None not in degrees and len(set(degrees)) > 1:
        low = _lower_half(np.array(degrees, np.float64))
        weaker, stronger = share_of(left[having[low]]), share_of(left[having[~low]])
    return Blame(name, share_of(left[having]), share_of(left[without]), weaker, stronger)


def _lower_half(values: np.ndarray) -> np.ndarray:
    """Say which values are in the lower half, as far as equal ones allow; some are in each."""
    low = values <= np.median(values)
    return values < np.median(values) if low.all() else low


def share_of(wrong: np.ndarray) -> Share:
    """Count the images that are wrong, of bool (n,)."""
    return Share(int(wrong.sum()), len(wrong))


def overall(judgement: Judgement) -> Share:
    """Return how many of all judged copies left."""
    return share_of(judgement.left[judgement.judged])
