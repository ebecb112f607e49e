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

from deployment import parity
from deployment.names import INT8, ONNX
from deployment.paths import float_paths, onnx_path
from zest.contracts import CATALOG, read_image_ids, read_table
from zest.engine.batches import load_images
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


def photos_to_compare(out_of_fold: OutOfFold, fold: int) -> tuple[OutOfFold, bool]:
    """Return the photos that go through all paths, and whether the model has been scored on them.

    A model of one fold has its validation photos. One of all photos, or merged of the folds, has
    none that it does not know; it gets those of all folds, and no score.
    """
    own = np.flatnonzero(out_of_fold.folds == fold)
    rows = own if len(own) else np.arange(len(out_of_fold.ids))
    return out_of_fold.of(rows[:MOST_PHOTOS]), bool(len(own))


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
    parser.add_argument("--cfg", required=True, help="JSON: seed, metric, evaluation, deploy")
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
    tolerance = cfg["deploy"]["tolerance"]

    photos, is_scored = photos_to_compare(read_out_of_fold(args.out_of_fold), args.fold)
    trained = TrainedModel(args.weights.parent)
    size, how = trained.preprocessing["image_size"], trained.preprocessing["fit"]
    images = read_photos(args.images, size, photos.ids)
    scored = trained.predict_fitted(images)
    if is_scored:
        parity_now = parity.compare("the training model, again", photos.probabilities, scored)
        check([parity.broken(parity_now, tolerance)])
    photos = parity.with_probabilities(photos, scored)

    paths, faults, in_float = [], [], {}
    for name, predict in float_paths(args.programs, args.model):
        probabilities = predict(images)
        in_float[name] = parity.compare(name, scored, probabilities)
        faults.append(parity.broken(in_float[name], tolerance))
        paths.append(told_of_path(in_float[name], photos, probabilities, cfg))
    links = parity.pixel_links(files_of(args.catalog, args.root, photos.ids), size, how)
    told = trained.preprocessing
    links.append(parity.normalise_link(args.model, images, told["mean"], told["std"]))
    onnx = in_float[ONNX]
    links.append(
        parity.probability_link("network", onnx, tolerance, not parity.broken(onnx, tolerance))
    )
    if args.int8:
        probabilities = onnx_path(args.int8)(images)
        found = parity.compare(INT8, scored, probabilities)
        paths.append(told_of_path(found, photos, probabilities, cfg))
        most = cfg["deploy"]["int8_max_loss"]
        lost = paths[-1]["loss"]
        too_much = is_scored and parity.loses_too_much(lost, most)
        links.append(parity.probability_link("quantise", found, 1.0, not too_much))
        if too_much:
            faults.append(
                f"{INT8}: it loses {lost.value:.3f} ({lost.low:.3f} to {lost.high:.3f}) in "
                f"{TITLES[cfg['metric']]}, more than deploy.int8_max_loss ({most:g}). Set "
                "deploy.int8: false, or train with more augmentation or a longer schedule."
            )
    first = parity.first_difference(links)
    if first:
        faults.append(
            f"the first link that differs is {first.name}, by {first.max_difference:.2g} "
            f"{first.unit} (tolerance {first.tolerance:g})"
        )
    for path in paths:
        print(sentence(path, is_scored), flush=True)
    check(faults)
    write_json(
        args.out,
        {
            "fold": args.fold,
            "photos": len(photos.ids),
            "is_scored": is_scored,
            "tolerance": tolerance,
            "confidence": cfg["evaluation"]["confidence"],
            "paths": paths,
            "links": links,
        },
    )


def read_photos(table: Path, size: int, wanted: list[str]) -> np.ndarray:
    """Return the images of some photos, in their order: uint8 RGB, (photos, size, size, 3)."""
    row_of = {image_id: row for row, image_id in enumerate(read_image_ids(table))}
    rows = np.array([row_of[image_id] for image_id in wanted])
    order = np.argsort(rows)
    images = load_images(table, size, rows[order])
    return images[np.argsort(order)]


def files_of(catalog: Path, root: Path, wanted: list[str]) -> list[Path]:
    """Return the files of the first MOST_FILES of some photos."""
    rows = read_table(catalog, CATALOG, columns=["image_id", "path"]).to_pylist()
    path_of = {row["image_id"]: root / row["path"] for row in rows}
    return [path_of[image_id] for image_id in wanted[:MOST_FILES]]


def check(faults: list[str | None]) -> None:
    """Refuse a deployment with faults.

    Raises:
        UserError: names each of them.
    """
    told = [fault for fault in faults if fault]
    if told:
        lines = "".join(f"\n  {fault}" for fault in told)
        raise UserError(f"the exported model is not the one that was scored:{lines}")


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
