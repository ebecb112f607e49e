"""The linear probe that judges copies: fitted to the photos of a training set, at its size."""

import numpy as np

from augmentation.judgement import Share, is_photo, share_of
from zest.linear_probe import DEFAULT_L2, fit_classifier


def probe_logits(rows: list[dict], features: np.ndarray, num_classes: int) -> np.ndarray:
    """Fit a linear probe to the photos of a training set; return its logits for all rows.

    Args:
        rows: of `augmentation.rows.read_rows`.
        features: float32 (rows, width), of a frozen network.
        num_classes: K.

    Returns:
        float32, (rows, K).

    Raises:
        UserError: a class has no photo.
    """
    photos = np.array([is_photo(row) for row in rows])
    return _fit(rows, features, photos, num_classes)


def errors_on_new_photos(rows: list[dict], features: np.ndarray, num_classes: int) -> Share | None:
    """Return how many photos that it has not seen such a probe misjudges.

    It is fitted to the photos of all folds but one and judges those of that one. None where only
    one fold is left, or where the others do not have every class.
    """
    photos = np.array([is_photo(row) for row in rows])
    labels = np.array([row["label"] for row in rows])
    folds = np.array([row["fold"] for row in rows])
    kept_back = photos & (folds == folds.min())
    seen = photos & ~kept_back
    if len(np.unique(labels[seen])) < num_classes:
        return None
    predicted = _fit(rows, features, seen, num_classes)[kept_back].argmax(axis=1)
    return share_of(predicted != labels[kept_back])


def _fit(rows: list[dict], features: np.ndarray, seen: np.ndarray, num_classes: int) -> np.ndarray:
    labels = np.array([row["label"] for row in rows])
    weight, bias = fit_classifier(
        features[seen], labels[seen], num_classes, DEFAULT_L2, np.ones(num_classes)
    )
    return features @ weight + bias
