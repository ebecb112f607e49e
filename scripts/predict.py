"""Predict class probabilities with one trained model.

Reads models/{model}/fold{fold}/ and images/{size}/{part}.parquet; writes
predictions/{model}/fold{fold}/{val,test}.parquet. With --folds, only the photos of the validation
fold are predicted, and their labels stand beside the probabilities.
"""

import argparse
import json
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
import paddle
import pyarrow as pa

from zest.contracts import IMAGES, PREDICTIONS, read_table, write_table
from zest.engine.batches import load_images
from zest.engine.fast_conv import accelerate
from zest.engine.prediction import predict_logits, softmax
from zest.engine.validation import rows_of_fold
from zest.errors import run
from zest.models.registry import build

_BATCH_SIZE = 32  # the fastest on a CPU; more gains nothing


def load_model(weights: Path, description: dict) -> paddle.nn.Layer:
    """Return the trained network, in evaluation mode."""
    net = build(description["architecture"], len(description["classes"]), pretrained=False, seed=0)
    net.set_state_dict(paddle.load(str(weights)))
    net.eval()
    return net


def predict(net: paddle.nn.Layer, images: np.ndarray, preprocessing: dict) -> np.ndarray:
    """Return probabilities, float32 (photos, K), for uint8 RGB images (photos, size, size, 3)."""
    forward = accelerate(net)
    mean, std = tuple(preprocessing["mean"]), tuple(preprocessing["std"])
    return softmax(predict_logits(forward, images, mean, std, _BATCH_SIZE))


def main() -> None:
    """Read the model and the images, write the predictions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams")
    parser.add_argument("--model", required=True, type=Path, help="model.json")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/{part}.parquet")
    parser.add_argument("--fold", required=True, type=int, help="the fold of the model")
    parser.add_argument(
        "--folds", type=Path, help="folds.parquet: predict the validation fold only"
    )
    parser.add_argument("--out", required=True, type=Path, help="predictions, written")
    args = parser.parse_args()

    description = json.loads(args.model.read_text(encoding="utf-8"))
    ids = read_table(args.images, IMAGES, columns=["image_id"])["image_id"].to_pylist()
    labels: list[int] | list[None]
    rows, labels = list(range(len(ids))), [None] * len(ids)
    if args.folds:
        rows, labels = rows_of_fold(ids, args.folds, args.fold)
    images = load_images(args.images, description["preprocessing"]["image_size"])[rows]
    probabilities = predict(
        load_model(args.weights, description), images, description["preprocessing"]
    )
    chosen = [ids[row] for row in rows]
    table = pa.table(
        {
            "image_id": chosen,
            "fold": pa.array([args.fold] * len(chosen), pa.int32()),
            "label": pa.array(labels, pa.int32()),
            "probabilities": pa.array(list(probabilities), pa.list_(pa.float32())),
        }
    )
    write_table(table, args.out, PREDICTIONS)
    print(f"{len(chosen)} photos predicted: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
