"""Prove that what was exported is the model that was scored: the gate of a deployment.

Reads models/{model}/fold{fold}/, the exports under deploy/{model}/, evaluation/{model}/
out_of_fold.parquet, images/{size}/train.parquet and the photos' files; writes
deploy/{model}/parity.json. The validation photos of the fold go through every path: the training
model, Paddle Inference, ONNX Runtime in float32 and in INT8, OpenVINO where it is installed. A path
that differs beyond the tolerance ends the deployment, with the link of the chain that differs.
"""

import argparse
import json
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
import paddle

from deployment import parity
from deployment.names import INT8, ONNX
from deployment.paths import float_paths, onnx_path
from deployment.photos import files_of, photos_of_model, readable_files
from deployment.proof import doubt
from zest.engine.batches import load_images_of
from zest.engine.model_folder import TrainedModel
from zest.errors import UserError, run
from zest.files import write_json
from zest.folds import parse_fold
from zest.intervals import score_all
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.paired import OutOfFold, differences, read_out_of_fold
from zest.randomness import seed_from

MOST_PHOTOS = 1000  # through every path
MOST_FILES = 64  # decoded by both sides
# Of a probability, between what was scored on a GPU, by another version of Paddle, and the same
# weights here: a guess, as no GPU was at hand. Every export is held to deploy.tolerance.
GPU_TOLERANCE = 1e-3


def told_of_path(
    found: parity.PathParity, photos: OutOfFold, probabilities: np.ndarray, cfg: dict
) -> dict:
    """Return what parity.json says of a path: its differences, its score and what it loses."""
    seen = parity.with_probabilities(photos, probabilities)
    metric, evaluation = cfg["metric"], cfg["evaluation"]
    settings = (evaluation["confidence"], evaluation["resamples"], seed_from(cfg["seed"], "parity"))
    score = score_all(seen.labels, seen.probabilities, *settings, seen.groups)[metric]
    loss = differences(photos, [seen], metric, metric in LOWER_IS_BETTER, *settings, 1)[0]
    return {**found.__dict__, "metric": metric, "score": score, "loss": loss}


def main() -> None:
    """Send the photos through all paths, write what differs, refuse what differs too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cfg", required=True, help="JSON: seed, environment, metric, evaluation, deploy"
    )
    parser.add_argument(
        "--weights", required=True, type=Path, help="weights.pdparams, with model.json beside it"
    )
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the fold of the model, all or merged"
    )
    parser.add_argument("--programs", required=True, type=Path, help="folder of Paddle's programs")
    parser.add_argument("--model", required=True, type=Path, help="model.onnx")
    parser.add_argument("--int8", type=Path, help="model_int8.onnx; without it, float alone")
    parser.add_argument("--out-of-fold", required=True, type=Path, help="of the scored model")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--catalog", required=True, type=Path, help="catalog/train.parquet")
    parser.add_argument(
        "--root", required=True, type=Path, help="the folder that the catalog's paths start from"
    )
    parser.add_argument("--out", required=True, type=Path, help="parity.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)
    most_lost = cfg["deploy"]["int8_max_loss"]

    paddle.set_device("cpu")
    photos, is_scored = photos_of_model(
        read_out_of_fold(args.out_of_fold), args.fold, cfg["seed"], MOST_PHOTOS
    )
    trained = TrainedModel(args.weights.parent)
    images = load_images_of(args.images, trained.preprocessing["image_size"], photos.ids)
    photos = rescored(photos, trained.predict_fitted(images), is_scored, cfg)

    paths, links, faults = compare_float(args.programs, args.model, photos, images, cfg)
    files = readable_files(files_of(args.catalog, args.root, photos.ids), MOST_FILES)
    links = pixel_and_normalise_links(files, args.model, images, trained.preprocessing) + links
    if args.int8:
        path, link, fault = compare_int8(args.int8, photos, images, cfg)
        paths.append(path)
        links.append(link)
        faults += fault
    for path in paths:
        print(sentence(path, is_scored), flush=True)
    refuse(faults, links)
    if args.int8 and is_scored:
        path, confidence = paths[-1], cfg["evaluation"]["confidence"]
        told = (path["loss"].high, path["loss"].only_leader, path["photos"], most_lost, confidence)
        print(doubt(INT8, *told) or f"{INT8}: it loses at most {most_lost:g}", flush=True)
    write_json(
        args.out,
        {
            "fold": args.fold,
            "photos": len(photos.ids),
            "is_scored": is_scored,
            "tolerance": cfg["deploy"]["tolerance"],
            "int8_max_loss": most_lost,
            "confidence": cfg["evaluation"]["confidence"],
            "paths": paths,
            "links": links,
        },
    )


def rescored(photos: OutOfFold, found: np.ndarray, is_scored: bool, cfg: dict) -> OutOfFold:
    """Return the photos with what the training model says of them here, as it did when scored.

    Raises:
        UserError: it says something else.
    """
    tolerance = cfg["deploy"]["tolerance"] if cfg["environment"] == "cpu" else GPU_TOLERANCE
    tie = max(parity.TIE, 2 * tolerance)  # two that each move by so much may change places
    again = parity.compare("the training model", photos.probabilities, found, tie)
    fault = parity.broken(again, tolerance) if is_scored else None
    if fault:
        raise UserError(
            f"{fault}, against what was scored: other weights, another device or version of Paddle "
            "made those predictions, or the photos have changed since. Predict and score them "
            "anew: snakemake leaderboard --forcerun predict_validation"
        )
    return parity.with_probabilities(photos, found)


def compare_float(
    programs: Path, model: Path, photos: OutOfFold, images: np.ndarray, cfg: dict
) -> tuple[list[dict], list[parity.Link], list[str]]:
    """Send images through every path in float.

    Returns:
        What is told of each path, the link of the network, and what is wrong.
    """
    tolerance = cfg["deploy"]["tolerance"]
    told, links, faults = [], [], []
    for name, predict in float_paths(programs, model):
        probabilities = predict(images)
        found = parity.compare(name, photos.probabilities, probabilities)
        fault = parity.broken(found, tolerance)
        faults += [fault] if fault else []
        told.append(told_of_path(found, photos, probabilities, cfg))
        if name == ONNX:
            links.append(parity.probability_link("network", found, tolerance, not fault))
    return told, links, faults


def compare_int8(
    model: Path, photos: OutOfFold, images: np.ndarray, cfg: dict
) -> tuple[dict, parity.Link, list[str]]:
    """Send images through the quantised model; return what `compare_float` does, of one path."""
    probabilities = onnx_path(model)(images)
    found = parity.compare(INT8, photos.probabilities, probabilities)
    told = told_of_path(found, photos, probabilities, cfg)
    lost, most = told["loss"], cfg["deploy"]["int8_max_loss"]
    too_much = parity.loses_too_much(found, lost, most, cfg["evaluation"]["confidence"])
    link = parity.probability_link("quantise", found, 1.0, not too_much)
    fault = (
        f"{INT8}: it loses {lost.value:.3f} ({lost.low:.3f} to {lost.high:.3f}) in "
        f"{TITLES[cfg['metric']]}, and {1 - found.agreement:.1%} of {found.photos} photos change "
        f"their class; that is more than deploy.int8_max_loss ({most:g}). Set deploy.int8: false, "
        "or train with more augmentation or a longer schedule"
    )
    return told, link, [fault] if too_much else []


def pixel_and_normalise_links(
    files: list[Path], model: Path, images: np.ndarray, told: dict
) -> list[parity.Link]:
    """Compare the links before the network; `told` is the preprocessing of the training model."""
    links = parity.pixel_links(files, told["image_size"], told["fit"])
    return [*links, parity.normalise_link(model, images, told["mean"], told["std"])]


def refuse(faults: list[str], links: list[parity.Link]) -> None:
    """Raise a UserError if a path or a link is at fault, with the first link that is.

    Raises:
        UserError: what is wrong, and the way out.
    """
    first = parity.first_difference(links)
    if first:
        share = "" if first.share is None else f", {first.share:.1%} of the values"
        faults.append(
            f"the first link that differs is {first.name}, by {first.max_difference:.2g} "
            f"{first.unit} (tolerance {first.tolerance:g}){share}"
        )
    if faults:
        raise UserError(
            f"the exported model is not the one that was scored. {'; '.join(faults)}. A deviation "
            "that you accept, and that changes no class: raise deploy.tolerance; to deploy without "
            "this model: deploy.models."
        )


def sentence(path: dict, is_scored: bool) -> str:
    """Return what is said of a path on the terminal."""
    text = (
        f"{path['path']}: probabilities differ by at most {path['max_difference']:.1e}, "
        f"{path['agreement']:.1%} of {path['photos']} photos get the same class"
    )
    if not is_scored:
        return f"{text} (photos that it has learned from)"
    score = path["score"]
    title = TITLES[path["metric"]]
    return f"{text}, {title} {score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


if __name__ == "__main__":
    run(main)
