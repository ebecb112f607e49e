"""Shortcuts: how well the class is told by what is not the thing itself."""

from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from study.probe import Classify, classify_by, out_of_fold
from zest.intervals import effective_photos, wilson_interval

SIDE, RING = 16, 2  # pixels: a photo is shrunk to this side, and its border is so wide
FEW_VALUES = 10  # up to so many a forest is asked
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Shortcut:
    """How well something beside the thing itself tells the class."""

    source: str
    accuracy: float  # out of fold
    low: float  # of its 95 % interval
    high: float
    majority: float  # accuracy of naming the largest class always
    photos: int


def border(photo: np.ndarray) -> np.ndarray:
    """Return the border pixels of a photo: float, (336,), of uint8 RGB (height, width, 3)."""
    small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[RING:-RING, RING:-RING] = True
    return small[~inside].astype(np.float64).ravel() / 255


def find_shortcuts(
    sources: dict[str, np.ndarray],
    labels: np.ndarray,
    folds: np.ndarray,
    groups: np.ndarray,
    num_classes: int,
    seed: int,
) -> list[Shortcut]:
    """Predict the class from each source alone, out of fold.

    Many values, as pixels are, go through a logistic regression; few, as a file's size is, through
    a random forest, because a class may lie between others.

    Args:
        sources: float, (photos, values), by name.
        labels: int, (photos,), 0..K-1.
        folds: int, (photos,).
        groups: int, (photos,), what stays together in the folds.
        num_classes: K.
        seed: of the forests.
    """
    majority = float(np.bincount(labels).max() / len(labels))
    found = []
    for name, values in sources.items():
        classify = _classifier(values.shape[1], seed)
        probabilities = out_of_fold(classify, values, labels, folds, num_classes, seed)
        hits = probabilities.argmax(axis=1) == labels
        photos = effective_photos(hits, groups)
        low, high = wilson_interval(hits.mean() * photos, photos, CONFIDENCE)
        found.append(Shortcut(name, float(hits.mean()), low, high, majority, len(labels)))
    return found


def _classifier(values: int, seed: int) -> Classify:
    if values > FEW_VALUES:
        return classify_by(
            make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        )
    return classify_by(RandomForestClassifier(100, min_samples_leaf=3, random_state=seed % 2**32))
