"""Fit a linear probe on one fold: a logistic regression on the features of a frozen network.

Reads features/{trunk}/train.parquet, split/folds.parquet and catalog/classes.csv; writes
models/{model}/fold{fold}/: weights.pdparams, model.json and history.parquet, as a fine-tuning does.
The regression becomes the classifier of the network, so whatever uses a trained model can use this
one.
"""

import argparse
import json
import time
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
import pyarrow as pa
from paddle import nn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from zest.classes import read_classes
from zest.contracts import FOLDS, HISTORY, VALIDATION_SCORES, read_table, write_table
from zest.engine.features import SEED_OF_FROZEN, read_features
from zest.engine.losses import class_weights
from zest.engine.model_folder import save_model
from zest.engine.prediction import softmax
from zest.errors import UserError, run
from zest.folds import parse_fold
from zest.metrics import photo_log_losses, validation_scores
from zest.models.groups import find_head
from zest.models.registry import build


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


def main() -> None:
    """Read the features, fit the classifier, write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: the model's settings, seed, fit")
    parser.add_argument("--name", required=True, help="what the progress line calls this model")
    parser.add_argument(
        "--features", required=True, type=Path, help="features/{trunk}/train.parquet"
    )
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the validation fold, or all for none"
    )
    parser.add_argument("--classes", required=True, type=Path, help="catalog/classes.csv")
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams, written")
    parser.add_argument("--model", required=True, type=Path, help="model.json, written")
    parser.add_argument("--history", required=True, type=Path, help="history.parquet, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    started = time.perf_counter()

    classes = read_classes(args.classes)
    folds = {row["image_id"]: row for row in read_table(args.folds, FOLDS).to_pylist()}
    ids, features = read_features(args.features)
    if unknown := sorted(set(ids) - folds.keys()):
        raise UserError(
            f"{args.features}: {unknown[0]} is not in {args.folds}. Delete the features and run "
            "the same command again."
        )
    labels = np.array([folds[image_id]["label"] for image_id in ids])
    held_out = np.array([folds[image_id]["fold"] == args.fold for image_id in ids])
    counts = np.bincount(labels[~held_out], minlength=len(classes))
    weights = class_weights(cfg["class_weights"], counts)
    weight, bias = fit_classifier(
        features[~held_out], labels[~held_out], len(classes), cfg["l2"], weights
    )
    probabilities = softmax(features @ weight + bias)
    row = {
        "epoch": 1,
        "image_size": cfg["image_size"],
        "train_loss": float(photo_log_losses(labels, probabilities)[~held_out].mean()),
        **dict.fromkeys(VALIDATION_SCORES),
        "photos_per_second": int((~held_out).sum()) / (time.perf_counter() - started),
    }
    if held_out.any():
        row |= validation_scores(probabilities[held_out], labels[held_out])
        print(f"[{args.name}] accuracy {row['val_accuracy']:.3f}", flush=True)

    net = build(cfg, len(classes), SEED_OF_FROZEN)
    head = dict(net.named_sublayers())[find_head(net, cfg["architecture"], len(classes))]
    if not isinstance(head, nn.Linear) or head.bias is None:
        raise UserError(
            f"architecture: {cfg['architecture']} ends in {head}, and a linear_probe needs an "
            "nn.Linear with a bias. Choose another architecture, or method: fine_tuning."
        )
    head.weight.set_value(weight)
    head.bias.set_value(bias)
    save_model(net, cfg, classes, args.weights, args.model)
    write_table(pa.Table.from_pylist([row], schema=HISTORY), args.history, HISTORY)


if __name__ == "__main__":
    run(main)
