"""Quick classifiers that are fitted without some photos and asked about those."""

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MOST_COMPONENTS = 128
MOST_LEARNED = 20_000  # photos that a classifier learns from


def linear_probe(photos: int, values: int) -> ClassifierMixin:
    """Return a logistic regression on the principal components of features."""
    components = min(MOST_COMPONENTS, photos // 2, values)
    return make_pipeline(
        PCA(components, svd_solver="randomized", random_state=0),
        StandardScaler(with_std=False),
        LogisticRegression(C=10, max_iter=500),
    )


def out_of_fold(
    model: ClassifierMixin,
    inputs: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    num_classes: int,
    seed: int,
) -> np.ndarray:
    """Return the probabilities that models give to photos which they have not learned from.

    Args:
        model: fitted anew for each fold, on at most 20,000 photos.
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
        held_out = folds == fold
        learned = np.sort(rng.permutation(np.flatnonzero(~held_out))[:MOST_LEARNED])
        fitted = clone(model).fit(inputs[learned], labels[learned])
        rows, columns = np.flatnonzero(held_out), fitted.classes_
        probabilities[np.ix_(rows, columns)] = fitted.predict_proba(inputs[held_out])
    return probabilities


def plain_folds(labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return stratified folds, int (photos,), that keep nothing together."""
    assigned = np.empty(len(labels), np.int64)
    folds = min(folds, np.bincount(labels)[np.unique(labels)].min())
    splitter = StratifiedKFold(max(2, folds), shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(splitter.split(labels, labels)):
        assigned[held_out] = fold
    return assigned
