"""Shift: whether test photos can be told from training photos, and which of those are like them.

Adversarial validation: a classifier is asked which of the two a photo is. If it cannot know, scores
of validation carry over; if it can, they flatter.
"""

import functools
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from study.probe import linear_probe, out_of_fold, plain_folds

FOLDS = 5
# Weights need probabilities that can be believed. A hundred times the baseline's penalty gave about
# the least log loss out of fold on citrus, lemon quality and grocery, of 0.01, 0.1, 1 and 10.
L2 = 1.0
HEAVIEST = 10.0  # a weight is cut off there: few photos must not decide alone
MOST_PHOTOS = 10_000  # of either part


@dataclass(frozen=True)
class Shift:
    """How far the test photos are from the training photos."""

    auc: float  # out of fold; 0.5 where the parts cannot be told apart, 1 where they always can
    low: float  # of its 95 % interval
    high: float
    likeness: np.ndarray  # (training photos,), probability of being a test photo, out of fold
    weights: np.ndarray  # (training photos,), of mean 1


def measure_shift(train: np.ndarray, test: np.ndarray, seed: int) -> Shift:
    """Ask a linear probe, out of fold, which photos are test photos.

    The interval of the AUC is that of Hanley and McNeil 1982 (Radiology 143, 29-36). The weights
    are the odds of being a test photo (Bickel et al. 2009, JMLR 10, 2137-2155, section 3), cut off
    at ten times the mean.

    Args:
        train: float32, (photos, values), features.
        test: float32, (test photos, values), features.
        seed: of the folds.
    """
    rng = np.random.default_rng(seed)
    asked = np.sort(rng.permutation(len(train))[:MOST_PHOTOS])
    others = np.sort(rng.permutation(len(test))[:MOST_PHOTOS])
    inputs = np.concatenate([train[asked], test[others]])
    is_test = np.repeat([0, 1], [len(asked), len(others)])
    folds = plain_folds(is_test, FOLDS, seed % 2**32)
    probe = functools.partial(linear_probe, l2=L2)
    found = out_of_fold(probe, inputs, is_test, folds, 2, seed)[:, 1]
    auc = float(roc_auc_score(is_test, found))
    spread = 1.96 * _standard_error(auc, len(others), len(asked))
    likeness = np.empty(len(train))
    likeness[asked] = found[: len(asked)]
    rest = np.setdiff1d(np.arange(len(train)), asked)
    if len(rest):  # there are too many to ask them all out of fold; nothing has learned from these
        likeness[rest] = probe(inputs, is_test, train[rest])[:, 1]
    return Shift(auc, max(0.0, auc - spread), min(1.0, auc + spread), likeness, weigh(likeness))


def weigh(likeness: np.ndarray) -> np.ndarray:
    """Turn probabilities of being a test photo into weights of mean 1, the largest at most 10."""
    weights = likeness / np.maximum(1 - likeness, 1e-6)
    while True:  # what is cut off makes the mean smaller, and so the others larger
        weights = weights / weights.mean()
        if weights.max() <= HEAVIEST * (1 + 1e-9):
            return weights
        weights = np.minimum(weights, HEAVIEST)


def _standard_error(auc: float, positive: int, negative: int) -> float:
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positive - 1) * (one - auc**2) + (negative - 1) * (two - auc**2)
    return float(np.sqrt(max(variance, 0) / (positive * negative)))
