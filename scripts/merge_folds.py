"""Merge the models of the folds into one: the mean of their weights.

Reads models/{model}/fold{fold}/ of every fold and images/{size}/train.parquet; writes
models/{model}/foldmerged/: weights.pdparams and model.json, as a training does. Where batch
normalisation has learned, its statistics are those of the training photos as they are, without
augmentation.
"""

import argparse
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

from zest.engine.batches import load_images
from zest.engine.merging import estimate_statistics, merge_models
from zest.engine.model_folder import read_description, write_model
from zest.errors import run
from zest.randomness import seed_from


def main() -> None:
    """Read the models, average them, write the merged one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--trained",
        required=True,
        type=Path,
        nargs="+",
        help="weights.pdparams of each fold, with model.json beside it",
    )
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams, written")
    parser.add_argument("--model", required=True, type=Path, help="model.json, written")
    args = parser.parse_args()

    folders = [path.parent for path in args.trained]
    model, learned = merge_models(folders)
    described = read_description(folders[0])
    if learned:
        told = model.preprocessing
        images = load_images(args.images, told["image_size"])
        seed = seed_from(described["trained_with"]["seed"], "merge")
        estimate_statistics(model.net, learned, images, (told["mean"], told["std"]), seed)
    write_model(model.net, described, args.weights, args.model)
    print(
        f"{len(folders)} models merged, the statistics of {len(learned)} layers estimated anew: "
        f"{args.weights}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
