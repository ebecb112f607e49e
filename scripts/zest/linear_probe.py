"""The classifier of a linear probe: a logistic regression on the features of a frozen network."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from zest.errors import UserError

DEFAULT_L2 = 0.01  # the penalty, as in config/schema.yaml


def fit_classifier(
    features: np.ndarray, labels: np.ndarray, num_classes: int, l2: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a multinomial logistic regression on standardised features.

    It minimises the weighted mean loss of a photo + l2 / 2 * the squared norm of the weights of the
    standardised features (Hastie et al. 2009, section 4.4), to convergence, so no random number
    enters.

    Args:
        features: float32, (photos, width).
        labels: int, (photos,), 0..K-1; every class has at least one photo.
        num_classes: K.
        l2: the penalty.
        weights: float, (K,): of the classes in the loss.

    Returns:
        weight, float32 (width, K), and bias, float32 (K,), for features as they are:
        logits = features @ weight + bias.

    Raises:
        UserError: a class has no photo to learn from.
    """
    missing = sorted(set(range(num_classes)) - set(labels.tolist()))
    if missing:
        raise UserError(
            f"split/folds.parquet: no training photo of class {missing[0]} (row of classes.csv) is "
            "left in this fold; lower split.folds, or remove the class."
        )
    scaler = StandardScaler().fit(features.astype(np.float64))
    # Of two classes the regression has one row, w, of which the classifier's two are half each: the
    # squared norm of both together is half of that of w.
    c = (2 if num_classes == 2 else 1) / (l2 * len(labels))
    regression = LogisticRegression(C=c, max_iter=10_000, tol=1e-5)
    regression.fit(scaler.transform(features), labels, sample_weight=weights[labels])
    weight, bias = regression.coef_, regression.intercept_
    if num_classes == 2:
        weight, bias = np.stack([-weight[0], weight[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    weight = weight.T / scaler.scale_[:, None]
    return weight.astype(np.float32), (bias - scaler.mean_ @ weight).astype(np.float32)
