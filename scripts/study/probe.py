"""Quick classifiers that are fitted without some photos and asked about those."""

from collections.abc import Callable

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin, clone

from zest.linear_probe import DEFAULT_L2, fit_classifier
from zest.stratified_folds import assign_folds

MOST_LEARNED = 20_000  # photos that a classifier learns from

# From inputs (photos, values), labels (photos,), 0..K-1, each there, and the inputs that it is
# asked about: the probabilities of those, (asked, K).
Classify = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def linear_probe(
    inputs: np.ndarray, labels: np.ndarray, asked: np.ndarray, l2: float = DEFAULT_L2
) -> np.ndarray:
    """Classify by a logistic regression on features, as the baseline does; see `Classify`."""
    classes = int(labels.max()) + 1
    weight, bias = fit_classifier(inputs, labels, classes, l2, np.ones(classes))
    return softmax(asked @ weight + bias, axis=1)


def classify_by(model: ClassifierMixin) -> Classify:
    """Make a function that fits a classifier of scikit-learn anew and asks it; see `Classify`."""
    return lambda inputs, labels, asked: clone(model).fit(inputs, labels).predict_proba(asked)


def out_of_fold(
    classify: Classify,
    inputs: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    num_classes: int,
    seed: int,
) -> np.ndarray:
    """Return the probabilities that photos are given by what has not learned from them.

    Args:
        classify: called for each fold, with at most 20,000 photos to learn from.
        inputs: float, (photos, values).
        labels: int, (photos,), 0..K-1.
        folds: int, (photos,).
        num_classes: K.
        seed: of the choice of photos, where there are more.

    Returns:
        float64, (photos, K); 0 for a class without a photo outside of the fold.
    """
    rng = np.random.default_rng(seed)
    probabilities = np.zeros((len(labels), num_classes))
    for fold in np.unique(folds):
        held_out = np.flatnonzero(folds == fold)
        learned = np.sort(rng.permutation(np.flatnonzero(folds != fold))[:MOST_LEARNED])
        classes, codes = np.unique(labels[learned], return_inverse=True)
        found = classify(inputs[learned], codes, inputs[held_out])
        probabilities[np.ix_(held_out, classes)] = found
    return probabilities


def plain_folds(labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return stratified folds, int (photos,), that keep nothing together.

    There are fewer of them where a class has fewer photos.
    """
    return assign_folds(
        labels, max(2, min(folds, np.bincount(labels)[np.unique(labels)].min())), seed
    )
