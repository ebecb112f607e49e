"""Where classes are ordered: what other ways to choose the class would gain."""

from dataclasses import dataclass

import numpy as np

from zest.decoding import expected_grades, fit_thresholds, grade, natural_thresholds
from zest.intervals import Score
from zest.metrics import FROM_COUNTS, confusion_matrix
from zest.nested import Nested

WAYS = ("expected_cost", "thresholds")  # of submission.decode, beside the likeliest class


@dataclass(frozen=True)
class Decodings:
    """What the ways of `submission.decode` gain over the likeliest class.

    Attributes:
        thresholds: of the expected grade, fitted to all photos, (K-1,).
        gains: by way, then by metric of the predicted classes; positive is better. Thresholds are
            judged on photos that they were not fitted to. The intervals of both ways would hold at
            once.
    """

    thresholds: list[float]
    gains: dict[str, dict[str, Score]]


def judge_decodings(nested: Nested) -> Decodings:
    """Compare the ways to choose a class, each on photos that it was not fitted to.

    Args:
        nested: predictions; the labels are the places in the order.
    """
    labels, probabilities = nested.labels, nested.probabilities
    classes = probabilities.shape[1]
    expected = expected_grades(probabilities)
    by_thresholds = np.empty(len(labels), np.int64)
    for held in nested.held_out():
        thresholds = fit_thresholds(labels[~held], expected[~held], classes)
        by_thresholds[held] = grade(expected[held], thresholds)
    chosen = {
        "likeliest": probabilities.argmax(axis=1),
        "expected_cost": grade(expected, natural_thresholds(classes)),
        "thresholds": by_thresholds,
    }
    cells = {name: labels * classes + one for name, one in chosen.items()}
    drawn = {name: np.empty((nested.resamples, classes**2)) for name in chosen}
    for row, times in enumerate(nested.draws()):
        for name in chosen:
            drawn[name][row] = np.bincount(cells[name], times, classes**2)
    counts = {name: confusion_matrix(labels, one, classes) for name, one in chosen.items()}
    resampled = {name: one.reshape(-1, classes, classes) for name, one in drawn.items()}
    gains: dict[str, dict[str, Score]] = {way: {} for way in WAYS}
    for metric, score in FROM_COUNTS.items():
        value, values = score(counts["likeliest"]), score(resampled["likeliest"])
        for way in WAYS:
            gain = float(score(counts[way]) - value)
            others = score(resampled[way]) - values
            gains[way][metric] = nested.gain(gain, others, comparisons=len(WAYS))
    return Decodings(fit_thresholds(labels, expected, classes).tolist(), gains)
