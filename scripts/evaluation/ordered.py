"""Where classes are ordered: what other ways to choose the class would gain."""

from dataclasses import dataclass

import numpy as np

from evaluation.nested import Nested
from zest.decoding import expected_grades, fit_thresholds, grade, natural_thresholds
from zest.intervals import Score
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
    ways = {
        "likeliest": probabilities.argmax(axis=1),
        "expected_cost": grade(expected, natural_thresholds(classes)),
        "thresholds": by_thresholds,
    }
    cells = {name: labels * classes + chosen for name, chosen in ways.items()}
    drawn = {name: np.empty((nested.resamples, classes**2)) for name in ways}
    for row, times in enumerate(nested.draws()):
        for name in ways:
            drawn[name][row] = np.bincount(cells[name], times, classes**2)

    def kappas(name: str) -> tuple[float, np.ndarray]:
        counts = confusion_matrix(labels, ways[name], classes)
        resampled = drawn[name].reshape(-1, classes, classes)
        return float(quadratic_weighted_kappa(counts)), quadratic_weighted_kappa(resampled)

    value, values = kappas("likeliest")
    gains = {}
    for name in ("expected_cost", "thresholds"):
        other, others = kappas(name)
        gains[name] = nested.gain(other - value, others - values)
    return Decodings(
        fit_thresholds(labels, expected, classes).tolist(),
        gains["expected_cost"],
        gains["thresholds"],
    )
