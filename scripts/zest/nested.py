"""Photos divided so that what is fitted to some of them is judged on the others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zest.intervals import Score, draw_groups, moved_percentiles
from zest.stratified_folds import assign_folds

PARTS = 5  # of the photos, where one fold alone is trained


@dataclass(frozen=True)
class Nested:
    """Predictions of photos in parts: what is judged on one part was fitted to the others.

    Attributes:
        labels: int, (photos,), 0..K-1.
        probabilities: float64, (photos, K).
        parts: int, (photos,).
        groups: int, (photos,), 0 and up: which photos belong together.
        confidence: level of the interval of a gain.
        resamples: behind it.
        seed: of the resampling.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    parts: np.ndarray
    groups: np.ndarray
    confidence: float
    resamples: int
    seed: int

    def held_out(self) -> Iterator[np.ndarray]:
        """Yield which photos are of a part, bool, (photos,), for one part after the other."""
        for part in np.unique(self.parts):
            yield self.parts == part

    def draws(self) -> Iterator[np.ndarray]:
        """Yield how often each photo is drawn, float64, (photos,), for each resample."""
        return draw_groups(self.groups, self.resamples, self.seed)

    def gain(self, value: float, drawn: np.ndarray, comparisons: int = 1) -> Score:
        """Return a gain with its interval, one of so many that are to hold at once.

        Args:
            value: of all photos.
            drawn: of the resamples, (resamples,).
            comparisons: how many intervals.
        """
        groups = len(np.unique(self.groups))
        low, high = moved_percentiles(
            value, drawn, self.confidence, groups, comparisons=comparisons
        )
        return Score(value, low, high, len(self.labels))


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
    alone = len(np.unique(groups)) == len(labels)  # StratifiedGroupKFold takes minutes for many
    parts = min(PARTS, len(np.unique(groups)), int(np.bincount(labels).max()))
    return assign_folds(labels, parts, seed, None if alone else groups) if parts > 1 else None
