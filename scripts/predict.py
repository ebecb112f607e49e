"""Predict class probabilities with one trained model.

Reads models/{model}/fold{fold}/ and images/{size}/{part}.parquet, or a training set for a student;
writes predictions/{model}/fold{fold}/{val,test}.parquet. With --folds, only the photos of the
validation fold are predicted, and their labels stand beside the probabilities. With --views, the
probabilities are the mean of those of several views of each photo (test-time augmentation).
"""

import argparse
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

from zest.contracts import read_image_ids
from zest.engine.batches import load_images
from zest.engine.model_folder import TrainedModel
from zest.errors import UserError, run
from zest.folds import parse_fold, rows_of_fold
from zest.predictions import write_predictions
from zest.views import WAYS, stored_size


def main() -> None:
    """Read the model and the images, write the predictions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", required=True, type=Path, help="weights.pdparams, with model.json beside it"
    )
    parser.add_argument("--images", required=True, type=Path, help="a parquet file of images")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the fold of the model, all or merged"
    )
    parser.add_argument(
        "--folds", type=Path, help="folds.parquet: predict the validation fold only"
    )
    parser.add_argument("--views", choices=WAYS, help="of each photo; without it, as it is")
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--out", required=True, type=Path, help="predictions, written")
    args = parser.parse_args()

    model = TrainedModel(args.weights.parent)
    ids = read_image_ids(args.images)
    rows, labels = list(range(len(ids))), None
    if args.folds:
        rows, labels = rows_of_fold(ids, args.folds, args.fold)
    size = stored_size(args.views, model.preprocessing["image_size"])
    images = load_images(args.images, size, rows)
    if args.views and images.shape[1] < size:
        raise UserError(
            f"{args.images}: its images have {images.shape[1]} pixels, and {size} are needed. Name "
            f"images/{size}/ instead."
        )
    probabilities = model.predict_fitted(images, args.threads, args.views)
    chosen = [ids[row] for row in rows]
    write_predictions(args.out, chosen, args.fold, probabilities, labels)
    print(f"{len(chosen)} photos predicted: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
