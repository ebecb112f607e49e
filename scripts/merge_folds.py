"""Merge the models of the folds into one: the mean of their weights.

Reads models/{model}/fold{fold}/ of every fold and trainset/{recipe}/fold{fold}/images.parquet;
writes models/{model}/foldmerged/: weights.pdparams and model.json, as a training does. Where batch
normalisation has learned, its statistics are those of what the folds learned from, augmented as it
is: with those of the plain photos a merged model was much further from the mean of the folds
(benchmarks/README.md).
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np

from zest.contracts import read_image_ids
from zest.engine.batches import ZOOM, ImageSource, load_images
from zest.engine.merging import estimate_statistics, merge_models
from zest.engine.mixing import mix_batch
from zest.engine.model_folder import read_description, write_model
from zest.errors import run
from zest.models.table import normalisation
from zest.randomness import seed_from

BATCH_SIZE = 32


def training_inputs(trainsets: Sequence[Path], cfg: dict) -> Iterator[np.ndarray]:
    """Yield what a network saw in training, in random batches: float32, (batch, 3, size, size).

    Of each of n training sets an n-th of the rows, so that all folds count alike and the whole is
    as large as one of them; with the online operations, and mixed, as in an epoch of the training.

    Args:
        trainsets: images.parquet of each fold.
        cfg: the settings of the model, with `image_size` and `seed`.
    """
    size, operations = cfg["image_size"], cfg["online_operations"]
    images = np.concatenate(
        [
            load_images(
                path,
                ZOOM * size if operations else size,
                range(place, len(read_image_ids(path)), len(trainsets)),
            )
            for place, path in enumerate(trainsets)
        ]
    )
    seed = seed_from(cfg["seed"], "merge")
    source = ImageSource(
        images, normalisation(cfg["architecture"]), operations, seed, cfg["online_fill"]
    )
    source.resize(size)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    for rows in np.array_split(order, math.ceil(len(order) / BATCH_SIZE)):
        no_labels = np.zeros((len(rows), 1), np.float32)
        yield mix_batch(source.batch(rows, epoch=1), no_labels, None, cfg, rng)[0]


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
    parser.add_argument(
        "--trainsets", type=Path, nargs="*", default=[], help="images.parquet of each fold"
    )
    parser.add_argument("--weights", required=True, type=Path, help="weights.pdparams, written")
    parser.add_argument("--model", required=True, type=Path, help="model.json, written")
    args = parser.parse_args()

    folders = [path.parent for path in args.trained]
    model, learned = merge_models(folders)
    described = read_description(folders[0])
    if learned:
        inputs = training_inputs(args.trainsets, described["trained_with"])
        estimate_statistics(model.net, learned, inputs)
    write_model(model.net, described, args.weights, args.model)
    print(
        f"{len(folders)} models merged, the statistics of {len(learned)} layers estimated anew: "
        f"{args.weights}",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
