"""Compare what can be handed in of several folds, on photos of known labels that none of them saw.

Of each model: the folds by themselves (their mean score), the mean of their predictions, the merged
model, and the one trained on all photos, where they were made. With --statistics NAME, also what
batch statistics of other kinds give the merged weights of that model.

Run it in the environment; the second submission trains lite0 on all photos:

    python benchmarks/sessions.py ../shared/data/citrus data/citrus_sessions
    python benchmarks/held_out.py data/citrus_sessions data/citrus_held_out
    for model in lite0 linear_probe; do for train_on in merged all; do
      snakemake -j2 submission --configfile benchmarks/merged.yaml \
        --config "submission={model: $model, train_on: $train_on}"; done; done
    python benchmarks/merged.py citrus_held_out data/citrus_held_out --statistics lite0
"""

import argparse
import csv
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np

from merge_folds import BATCH_SIZE, training_inputs
from zest.contracts import PREDICTIONS, read_table
from zest.engine.batches import load_images, normalise
from zest.engine.merging import estimate_statistics, merge_models
from zest.engine.model_folder import read_description
from zest.metrics import photo_log_losses


def read_labels(path: Path) -> dict[str, int]:
    """Return the label of each photo held out; the classes are numbered as `class_num` is."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: int(row["class_num"]) for row in csv.DictReader(file)}


def read_predictions(path: Path, ids: list[str]) -> np.ndarray:
    """Return the probabilities of photos, float64 (photos, K)."""
    table = read_table(path, PREDICTIONS)
    of_photo = dict(
        zip(table["image_id"].to_pylist(), table["probabilities"].to_pylist(), strict=True)
    )
    return np.array([of_photo[one] for one in ids])


def tell(name: str, labels: np.ndarray, several: list[np.ndarray], mean: np.ndarray) -> None:
    """Print the mean scores of predictions, each (photos, K), and how near they are to a mean."""
    scores = [
        (
            (one.argmax(axis=1) == labels).mean(),
            photo_log_losses(labels, one).mean(),
            (one.argmax(axis=1) == mean.argmax(axis=1)).mean(),
            np.abs(one - mean).mean(),
        )
        for one in several
    ]
    accuracy, loss, agreement, difference = np.mean(scores, axis=0)
    print(f"{name:48} {accuracy:8.3f} {loss:8.3f} {agreement:10.3f} {difference:10.4f}")


def statistics_of(results: Path, name: str, folds: list[Path]) -> dict[str, np.ndarray]:
    """Return the predictions of the test photos by merged weights, for each kind of statistics."""
    folders = [results / "models" / name / fold.name for fold in folds]
    found = {}
    for kind in ("mean of the folds", "plain photos", "what the folds learned from"):
        model, layers = merge_models(folders)
        told = model.preprocessing
        photos = results / "images" / str(told["image_size"])
        if kind == "plain photos":
            images = load_images(photos / "train.parquet", told["image_size"])
            order = np.random.default_rng(0).permutation(len(images))
            batches = np.array_split(images[order], math.ceil(len(images) / BATCH_SIZE))
            inputs = (normalise(batch, told["mean"], told["std"]) for batch in batches)
            estimate_statistics(model.net, layers, inputs)
        elif kind == "what the folds learned from":
            recipes = results / "trainset"  # there is one
            trainsets = [next(recipes.glob(f"*/{fold.name}/images.parquet")) for fold in folds]
            cfg = read_description(folders[0])["trained_with"]
            estimate_statistics(model.net, layers, training_inputs(trainsets, cfg))
        found[f"merged, statistics: {kind}"] = model.predict_fitted(
            load_images(photos / "test.parquet", told["image_size"])
        )
    return found


def main() -> None:
    """Read the predictions of the photos held out, print a line for each way to predict them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("competition", help="its folder is below results/")
    parser.add_argument("data", type=Path, help="folder with test_labels.csv")
    parser.add_argument("--statistics", help="a model whose merged batch statistics are compared")
    args = parser.parse_args()
    results = Path("results") / args.competition

    label_of = read_labels(args.data / "test_labels.csv")
    ids = sorted(label_of)
    labels = np.array([label_of[one] for one in ids])
    print(f"{len(ids)} photos: accuracy, log loss, of the class of the mean, differs from it by")
    for folder in sorted((results / "predictions").iterdir()):
        folds = sorted(folder.glob("fold[0-9]*"))
        several = [read_predictions(fold / "test.parquet", ids) for fold in folds]
        mean = np.mean(several, axis=0)
        tell(f"{folder.name}, {len(folds)} folds by themselves", labels, several, mean)
        tell(f"{folder.name}, mean of the folds", labels, [mean], mean)
        for kind in ("merged", "all"):
            path = folder / f"fold{kind}" / "test.parquet"
            if path.exists():
                tell(f"{folder.name}, {kind}", labels, [read_predictions(path, ids)], mean)
        if folder.name == args.statistics:
            # The images table has the photos in the order of the predictions.
            table = read_table(folds[0] / "test.parquet", PREDICTIONS)["image_id"].to_pylist()
            order = [table.index(one) for one in ids]
            for name, predicted in statistics_of(results, folder.name, folds).items():
                tell(name, labels, [predicted[order].astype(np.float64)], mean)


if __name__ == "__main__":
    main()
