"""Calibration: do photos that are given 80 % turn out right in 80 % of the cases?

A temperature divides the logits of all photos (Guo et al. 2017, arXiv:1706.04599, section 4.2).
Above 1 it makes a model less sure of itself; it never changes the predicted class. It is fitted to
out-of-fold predictions only, and what it gains is measured on photos that it was not fitted to.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from zest.figures import DPI
from zest.intervals import Score
from zest.metrics import (
    SMALLEST_PROBABILITY,
    calibration_error,
    photo_log_losses,
    reliability_bins,
)
from zest.nested import Nested
from zest.weighted_scores import weighted_sum

_COLDEST, _HOTTEST = 0.05, 20.0
_AT_ONCE = 1024  # photos: their logits, of a hundred classes, stay in the cache


@dataclass(frozen=True)
class Calibration:
    """How a temperature changes a model's probabilities.

    Attributes:
        temperature: fitted to all photos.
        gain: of log loss on photos that the temperature was not fitted to; positive is better.
        error_before: calibration error of the probabilities as they are.
        error_after: the same after temperatures that were not fitted to these photos.
    """

    temperature: float
    gain: Score
    error_before: float
    error_after: float


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits by a temperature: float64, (photos, K), of the same shape."""
    return softmax(_logits(probabilities) / temperature, axis=1)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature, 0.05 to 20, whose log loss is the lowest.

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float, (photos, K).
    """
    logits = _logits(probabilities)
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]
    room = np.empty((min(_AT_ONCE, len(logits)), logits.shape[1]))

    def loss(logarithm: float) -> float:
        """Return the mean log loss, by the logarithms of the sums alone that softmax divides by."""
        temperature, total = np.exp(logarithm), 0.0
        for start in range(0, len(logits), _AT_ONCE):
            some = logits[start : start + _AT_ONCE]
            heated = np.divide(some, temperature, out=room[: len(some)])
            sums = np.exp(heated, out=heated).sum(axis=1)
            losses = np.log(sums) - own[start : start + _AT_ONCE] / temperature
            total += float(np.minimum(losses, -np.log(SMALLEST_PROBABILITY)).sum())
        return total / len(logits)

    found = minimize_scalar(loss, bounds=np.log([_COLDEST, _HOTTEST]), method="bounded")
    return float(np.exp(found.x))


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def calibrate(nested: Nested) -> Calibration:
    """Fit a temperature, and measure what one gains that was fitted to the other parts."""
    labels, probabilities = nested.labels, nested.probabilities
    heated = np.empty(probabilities.shape)
    for held in nested.held_out():
        temperature = fit_temperature(labels[~held], probabilities[~held])
        heated[held] = at_temperature(probabilities[held], temperature)
    gains = photo_log_losses(labels, probabilities) - photo_log_losses(labels, heated)
    drawn = np.array([weighted_sum(times, gains) / times.sum() for times in nested.draws()])
    return Calibration(
        temperature=fit_temperature(labels, probabilities),
        gain=nested.gain(float(gains.mean()), drawn),
        error_before=calibration_error(labels, probabilities),
        error_after=calibration_error(labels, heated),
    )


def draw_reliability(labels: np.ndarray, probabilities: np.ndarray, title: str) -> Figure:
    """Draw how often photos are right against how sure the model was, and how many there are.

    A bin of few photos is drawn small: the area of its dot is its number of photos.
    """
    sure, right, counts = reliability_bins(labels, probabilities)
    figure = Figure(figsize=(5.2, 5.2), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as sure as it is right")
    axes.plot(sure, right, color="#b58900", linewidth=1)
    axes.scatter(sure, right, s=12 + 388 * counts / counts.max(), color="#d9a900", alpha=0.8)
    axes.set(
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        xlabel="probability of the predicted class",
        ylabel="share that is right",
        aspect="equal",
    )
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize=8)
    return figure
