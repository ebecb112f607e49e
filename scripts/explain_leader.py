"""Show what the leading model goes by: heat maps of its confident mistakes, a check for shortcuts.

Reads leaderboard.csv, and of the leader evaluation/{model}/out_of_fold.parquet, the folders
models/{model}/fold{fold}/ and images/{size}/train.parquet; writes explanation/heat_maps.parquet and
explanation/shortcuts.json. Each photo is explained by the model that had not seen it in training.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import numpy as np
import simplejpeg

from explanation.centre import AREA, share_outside
from explanation.choice import confident_mistakes, stratified_sample
from explanation.looking import explain, occlude
from explanation.verdict import Occlusion, judge_occlusion, mean_outside, warnings_of
from zest.contracts import HEAT_MAPS, OUT_OF_FOLD, in_row_groups, read_table, write_table
from zest.engine.batches import load_images_of, scale
from zest.engine.grad_cam import NoHeatMaps
from zest.engine.model_folder import read_description
from zest.errors import run
from zest.files import write_json
from zest.folds import parse_fold
from zest.intervals import Score
from zest.leader import choose_model, of_model
from zest.paired import OutOfFold, out_of_fold_of
from zest.randomness import seed_from

RIGHT_PHOTOS = 120  # whose heat tells where the model looks when it is right
OCCLUDED_PHOTOS = 200  # that are shown with a part painted over
LARGEST, QUALITY = 224, 90  # of the pictures in the table: pixels of a side, and of the JPEG


def heat_rows(
    photos: OutOfFold,
    mistakes: int,
    images: np.ndarray,
    heat: np.ndarray | None,
    outside: np.ndarray,
) -> Iterator[dict]:
    """Yield the rows of HEAT_MAPS.

    Args:
        photos: that are explained.
        mistakes: how many of them, the first ones, are mistakes; the others are the sample.
        images: uint8 RGB, (photos, size, size, 3).
        heat: float32, (photos, h, w), or None.
        outside: float, (photos,), NaN where there is no heat.
    """
    classes = photos.classes
    for row, image_id in enumerate(photos.ids):
        image = np.ascontiguousarray(scale(images[row], min(LARGEST, images.shape[1])))
        jpeg = simplejpeg.encode_jpeg(image, quality=QUALITY)
        label, predicted = photos.labels[row], classes[row]
        yield {
            "image_id": image_id,
            "fold": photos.folds[row],
            "kind": "mistake" if row < mistakes else "sample",
            "label": label,
            "predicted": predicted,
            "probability": photos.probabilities[row, predicted],
            "label_probability": photos.probabilities[row, label],
            "outside": outside[row] if np.isfinite(outside[row]) else None,
            "heat_shape": None if heat is None else list(heat.shape[1:]),
            "heat": None if heat is None else heat[row].ravel(),
            "image": {"bytes": jpeg, "path": f"{image_id}.jpg"},
        }


def summarise(
    model: str,
    photos: OutOfFold,
    confidence: float,
    no_heat_maps: str | None,
    outside: Score | None,
    occlusion: Occlusion,
) -> dict:
    """Return shortcuts.json."""
    return {
        "model": model,
        "photos": len(photos.ids),
        "mistakes": int((photos.classes != photos.labels).sum()),
        "confidence": confidence,
        "centre": AREA,
        "no_heat_maps": no_heat_maps,
        "outside": outside,
        "occlusion": occlusion,
        "warnings": warnings_of(model, occlusion, outside),
    }


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, evaluation")
    parser.add_argument("--leaderboard", required=True, type=Path, help="leaderboard.csv")
    parser.add_argument(
        "--out-of-fold", required=True, type=Path, nargs="+", help="out_of_fold.parquet files"
    )
    parser.add_argument(
        "--weights", required=True, type=Path, nargs="+", help="weights.pdparams, all models, folds"
    )
    parser.add_argument(
        "--images", required=True, type=Path, nargs="+", help="images/{size}/train.parquet"
    )
    parser.add_argument("--threads", required=True, type=int, help="number of processes")
    parser.add_argument("--heat-maps", required=True, type=Path, help="heat_maps.parquet, written")
    parser.add_argument("--shortcuts", required=True, type=Path, help="shortcuts.json, written")
    return parser.parse_args()


def main() -> None:
    """Find the leader, explain its mistakes and a sample, hide parts of photos from it."""
    args = parse_arguments()
    cfg = json.loads(args.cfg)
    seed, settings = cfg["seed"], cfg["evaluation"]

    leader = choose_model(args.leaderboard)
    (table,) = (path for path in args.out_of_fold if path.parent.name == leader)
    folders = {
        parse_fold(path.parent.name.removeprefix("fold")): path.parent
        for path in of_model(args.weights, leader)
    }
    size = read_description(next(iter(folders.values())))["preprocessing"]["image_size"]
    (stored,) = (path for path in args.images if path.parent.name == str(size))

    photos = out_of_fold_of(read_table(table, OUT_OF_FOLD))  # samples are drawn by its order
    mistakes = confident_mistakes(
        photos.ids, photos.labels, photos.probabilities, settings["gallery"]
    )
    right = np.flatnonzero(photos.classes == photos.labels)
    drawn = stratified_sample(photos.labels[right], RIGHT_PHOTOS, seed_from(seed, "explained"))
    explained = photos.of(np.concatenate([mistakes, right[drawn]]))
    images = load_images_of(stored, size, explained.ids)
    heat, reason = None, None
    shares = np.full(len(images), np.nan)
    try:
        heat = explain(folders, explained, images)
        shares = share_outside(heat)
    except NoHeatMaps as error:
        reason = str(error)
    rows = heat_rows(explained, len(mistakes), images, heat, shares)
    write_table(in_row_groups(rows, HEAT_MAPS), args.heat_maps, HEAT_MAPS)
    outside = mean_outside(
        shares[len(mistakes) :],
        explained.groups[len(mistakes) :],
        settings["confidence"],
        settings["resamples"],
        seed_from(seed, "bootstrap"),
    )

    drawn = stratified_sample(photos.labels, OCCLUDED_PHOTOS, seed_from(seed, "occluded"))
    occluded = photos.of(drawn)
    hits = occlude(folders, occluded, load_images_of(stored, size, occluded.ids), args.threads)
    occlusion = judge_occlusion(occluded.labels, hits, occluded.groups, settings["confidence"])
    told = summarise(leader, photos, settings["confidence"], reason, outside, occlusion)
    write_json(args.shortcuts, told)

    if reason:
        print(f"[{leader}] no heat maps: {reason}", flush=True)
    for sentence in findings(occlusion, outside):
        print(f"[{leader}] {sentence}", flush=True)
    for sentence in warnings_of(leader, occlusion, outside):
        print(f"[{leader}] warning: {sentence}", flush=True)


def findings(occlusion: Occlusion, outside: Score | None) -> Iterator[str]:
    """Say what was found, whether it is a reason to worry or not."""
    hidden = [
        ("accuracy", occlusion.plain),
        ("with the centre painted over", occlusion.centre_hidden),
        ("with all but the centre painted over", occlusion.border_hidden),
    ]
    told = [f"{what} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for what, one in hidden]
    yield f"{', '.join(told)}; chance {occlusion.chance:.3f}; n = {occlusion.plain.n}"
    if outside:
        yield (
            f"heat outside of the centre {outside.value:.3f} ({outside.low:.3f} to "
            f"{outside.high:.3f}), n = {outside.n}"
        )


if __name__ == "__main__":
    run(main)
