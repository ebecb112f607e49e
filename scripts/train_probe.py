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

from zest.classes import read_classes
from zest.contracts import FOLDS, HISTORY, VALIDATION_SCORES, read_table, write_table
from zest.engine.features import SEED_OF_FROZEN, read_features
from zest.engine.losses import class_weights
from zest.engine.model_folder import save_model
from zest.engine.prediction import softmax
from zest.errors import UserError, run
from zest.folds import parse_fold
from zest.linear_probe import fit_classifier
from zest.metrics import photo_log_losses, validation_scores
from zest.models.groups import find_head
from zest.models.registry import build


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
        "photos": int((~held_out).sum()),
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
