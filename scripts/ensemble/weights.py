"""Weights of models whose probabilities are averaged, fitted to photos of known labels.

The probabilities of all models are one array, float64, (models, photos, K); weights are float64,
(models,), at least 0 and of sum 1. Sums are those of `einsum`, which adds in one order on every
machine; `@` and `tensordot` share them out to the cores, and the last digits depend on how many.
"""

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from zest.metrics import (
    FROM_COUNTS,
    LOWER_IS_BETTER,
    SMALLEST_PROBABILITY,
    confusion_matrix,
    photo_brier_scores,
    photo_log_losses,
    roc_auc_with_parts,
)

WAYS = ("equal", "greedy", "convex")
ROUNDS = 50  # of a greedy selection: no weight is finer than a fiftieth
_DIGITS = 12  # of a score: what differs by less is a tie, and not the rounding of a sum
_STEPS = 5000
_GAP = 1e-5  # of log loss, in nats, from the least that there is
_LEAST = 1e-6


def fit_weights(way: str, labels: np.ndarray, probabilities: np.ndarray, metric: str) -> np.ndarray:
    """Return the weights of one of the WAYS.

    Args:
        way: `equal`, `greedy` or `convex`.
        labels: int, (photos,), 0..K-1.
        probabilities: float64, (models, photos, K), finite.
        metric: of the contest, which `greedy` goes by.
    """
    if way == "greedy":
        return greedy_weights(labels, probabilities, metric)
    if way == "convex":
        return convex_weights(labels, probabilities)
    return np.full(len(probabilities), 1 / len(probabilities))


def mix(weights: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the models: float64, (photos, K), or of one class (photos,)."""
    return np.einsum("m,m...", weights, probabilities)


def best_alone(labels: np.ndarray, probabilities: np.ndarray, metric: str) -> int:
    """Return which model is the best by itself; ties go by log loss, then to the first."""
    return int(greedy_weights(labels, probabilities, metric, rounds=1).argmax())


def greedy_weights(
    labels: np.ndarray, probabilities: np.ndarray, metric: str, rounds: int = ROUNDS
) -> np.ndarray:
    """Choose models one after the other, again and again, for the best score of their mean.

    Forward selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of
    models", ICML, sections 2.1 and 2.2). It begins with the best model alone and keeps the best
    of the means on its way, so on these photos it is never worse than that model. Ties go to the
    lower log loss, then to a model that is chosen already, then to the first.

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float64, (models, photos, K), finite.
        metric: of the contest.
        rounds: how many models are chosen, the same one counted again.

    Returns:
        float64, (models,): the share of each in what was chosen.
    """
    models = len(probabilities)
    chosen, total = np.zeros(models, int), np.zeros(probabilities.shape[1:])
    best, kept = (-np.inf, -np.inf), chosen
    for size in range(1, rounds + 1):
        grades = _grades(labels, total, probabilities, size, metric)
        one = max(range(models), key=lambda m: (grades[m], chosen[m] > 0, -m))
        chosen[one] += 1
        total += probabilities[one]
        if size == 1 or grades[one] > best:
            best, kept = grades[one], chosen.copy()
    return kept / kept.sum()


def _grades(
    labels: np.ndarray, total: np.ndarray, probabilities: np.ndarray, size: int, metric: str
) -> list[tuple[float, float]]:
    """Grade the mean of the chosen models and one more, for each model that it may be.

    Returns:
        The score, the higher the better whatever the metric, and minus the log loss, of each; a
        score that is no number is the worst.
    """
    scores, losses, counts = [], [], []
    for one in probabilities:
        mean = (total + one) / size
        losses.append(float(photo_log_losses(labels, mean).mean()))
        if metric in FROM_COUNTS:
            counts.append(confusion_matrix(labels, mean.argmax(axis=1), mean.shape[1]))
        elif metric == "roc_auc":
            scores.append(roc_auc_with_parts(labels, mean)[0])
        elif metric == "brier":
            scores.append(float(photo_brier_scores(labels, mean).mean()))
        else:
            scores.append(losses[-1])
    if metric in FROM_COUNTS:
        scores = FROM_COUNTS[metric](np.stack(counts)).tolist()
    sign = -1 if metric in LOWER_IS_BETTER else 1
    return [
        (round(sign * score, _DIGITS) if np.isfinite(score) else -np.inf, -round(loss, _DIGITS))
        for score, loss in zip(scores, losses, strict=True)
    ]


def convex_weights(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the weights of the least log loss, which is convex in them.

    Sequential quadratic programming finds them in a few steps, and weights of 0 exactly; where
    models rule out what is true, so that the loss is nearly infinite at the border, it may fail,
    and then slow but sure steps do it (`_mixture_proportions`).

    Args:
        labels: int, (photos,), 0..K-1.
        probabilities: float64, (models, photos, K), finite.
    """
    given = np.maximum(probabilities[:, np.arange(len(labels)), labels], SMALLEST_PROBABILITY)
    models = len(given)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = np.maximum(mix(weights, given), SMALLEST_PROBABILITY)
        return -float(np.log(mixed).mean()), -_sum_of_shares(given, mixed) / len(labels)

    with threadpool_limits(1):  # it solves its steps by LAPACK
        found = minimize(
            loss,
            np.full(models, 1 / models),
            jac=True,
            method="SLSQP",
            bounds=[(0, 1)] * models,
            constraints={
                "type": "eq",
                "fun": lambda weights: weights.sum() - 1,
                "jac": np.ones_like,
            },
            options={"ftol": 1e-12, "maxiter": 200},
        )
    weights = _as_shares(found.x)
    if not _shares_of_label(weights, given).max() - 1 < _GAP:
        weights = _as_shares(_mixture_proportions(given))
    return weights


def _mixture_proportions(given: np.ndarray) -> np.ndarray:
    """Return the weights of the least log loss by expectation maximisation, from equal ones.

    Each step multiplies the weight of a model by the mean of its share in the probability of the
    label, which never raises the loss (Cover 1984, "An algorithm for maximizing expected log
    investment return", IEEE Transactions on Information Theory 30).

    Args:
        given: float64, (models, photos): the probability of the label, above 0.
    """
    weights = np.full(len(given), 1 / len(given))
    for _ in range(_STEPS):
        factors = _shares_of_label(weights, given)
        if factors.max() - 1 < _GAP:
            break
        weights *= factors
    return weights


def _shares_of_label(weights: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return the mean of given / mix(weights, given) of each model: float64, (models,).

    The loss is convex, so the largest of them, less 1, bounds how far it lies above the least.
    """
    return _sum_of_shares(given, mix(weights, given)) / given.shape[1]


def _sum_of_shares(given: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    return np.einsum("mp,p", given, 1 / mixed)


def _as_shares(weights: np.ndarray) -> np.ndarray:
    """Return weights of sum 1; one that only rounding or the number of steps kept from 0 is 0."""
    weights = np.where(weights < _LEAST, 0, weights)
    return weights / weights.sum()
