"""Where classes are ordered: what other ways to choose the class would gain."""

from dataclasses import dataclass

import numpy as np

from zest.decoding import expected_grades, fit_thresholds, grade, natural_thresholds
from zest.intervals import Score, draw_groups, moved_percentiles
from zest.metrics import confusion_matrix, quadratic_weighted_kappa


@dataclass(frozen=True)
class Decodings:
    """What the ways of `submission.decode` gain over the likeliest class.

    Attributes:
        thresholds: of the expected grade, fitted to all photos, (K-1,).
        expected_cost: gain in quadratic weighted kappa of the least expected squared distance.
        thresholds_gain: that of thresholds, on photos that they were not fitted to.
    """

    thresholds: list[float]
    expected_cost: Score
    thresholds_gain: Score


def judge_decodings(
    labels: np.ndarray,
    probabilities: np.ndarray,
    parts: np.ndarray,
    groups: np.ndarray,
    confidence: float,
    resamples: int,
    seed: int,
) -> Decodings:
    """Compare the ways to choose a class, each on photos that it was not fitted to.

    Args:
        labels: int, (photos,), 0..K-1, the places in the order.
        probabilities: float, (photos, K).
        parts: int, (photos,): what is judged on one of them was fitted to the others.
        groups: int, (photos,), 0 and up.
        confidence: level of the intervals.
        resamples: behind them.
        seed: of the resampling.
    """
    classes = probabilities.shape[1]
    expected = expected_grades(probabilities)
    nested = np.empty(len(labels), np.int64)
    for part in np.unique(parts):
        held = parts == part
        nested[held] = grade(
            expected[held], fit_thresholds(labels[~held], expected[~held], classes)
        )
    ways = {
        "likeliest": probabilities.argmax(axis=1),
        "expected_cost": grade(expected, natural_thresholds(classes)),
        "thresholds": nested,
    }
    cells = {name: labels * classes + chosen for name, chosen in ways.items()}
    drawn = {name: np.empty((resamples, classes**2)) for name in ways}
    for row, times in enumerate(draw_groups(groups, resamples, seed)):
        for name in ways:
            drawn[name][row] = np.bincount(cells[name], times, classes**2)

    def kappas(name: str) -> tuple[float, np.ndarray]:
        counts = confusion_matrix(labels, ways[name], classes)
        resampled = drawn[name].reshape(resamples, classes, classes)
        return float(quadratic_weighted_kappa(counts)), quadratic_weighted_kappa(resampled)

    value, values = kappas("likeliest")
    gains = {}
    for name in ("expected_cost", "thresholds"):
        other, others = kappas(name)
        gain = other - value
        low, high = moved_percentiles(gain, others - values, confidence, len(np.unique(groups)))
        gains[name] = Score(gain, low, high, len(labels))
    return Decodings(
        fit_thresholds(labels, expected, classes).tolist(),
        gains["expected_cost"],
        gains["thresholds"],
    )
