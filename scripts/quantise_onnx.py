"""Quantise an exported model to INT8, leaving in float what its probabilities need.

Reads deploy/{model}/model.onnx and photos that the model was trained on, from
images/{size}/train.parquet; writes deploy/{model}/model_int8.onnx and quantisation.json. No photo
of the validation fold is looked at: those judge the result.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from deployment.quantisation import search
from deployment.running import BATCH_SIZE
from zest.contracts import read_image_ids
from zest.engine.batches import load_images
from zest.errors import run
from zest.files import atomic_path, write_json
from zest.folds import parse_fold, rows_of_fold
from zest.randomness import seed_from

MOST_PHOTOS = 128  # to calibrate with, and as many again to judge by


def training_rows(ids: list[str], folds: Path, fold: int, seed: int) -> tuple[list, list]:
    """Choose photos that the model has learned from: the rows to calibrate with, and to judge by.

    Args:
        ids: image_id of every row of the images table.
        folds: path of split/folds.parquet.
        fold: of the model; all or merged have learned from every photo.
        seed: of the choice.
    """
    held_out = set(rows_of_fold(ids, folds, fold)[0]) if fold >= 0 else set()
    rows = np.array([row for row in range(len(ids)) if row not in held_out])
    chosen = np.random.default_rng(seed_from(seed, "quantisation")).permutation(rows)
    half = min(MOST_PHOTOS, (len(chosen) + 1) // 2)
    calibrating = half if half < BATCH_SIZE else half - half % BATCH_SIZE  # the calibrator's rule
    return sorted(chosen[:calibrating].tolist()), sorted(chosen[half : 2 * half].tolist())


def main() -> None:
    """Read the model and the photos, write the quantised model and how it was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cfg", required=True, help="JSON: seed, tolerance")
    parser.add_argument("--model", required=True, type=Path, help="model.onnx")
    parser.add_argument("--images", required=True, type=Path, help="images/{size}/train.parquet")
    parser.add_argument("--size", required=True, type=int, help="of the model's images, in pixels")
    parser.add_argument("--folds", required=True, type=Path, help="split/folds.parquet")
    parser.add_argument(
        "--fold", required=True, type=parse_fold, help="the fold of the model, all or merged"
    )
    parser.add_argument("--out", required=True, type=Path, help="model_int8.onnx, written")
    parser.add_argument("--trials", required=True, type=Path, help="quantisation.json, written")
    args = parser.parse_args()
    cfg = json.loads(args.cfg)

    calibrating, judging = (
        load_images(args.images, args.size, rows)
        for rows in training_rows(read_image_ids(args.images), args.folds, args.fold, cfg["seed"])
    )
    with atomic_path(args.out) as part:
        chosen, trials = search(args.model, calibrating, judging, cfg["tolerance"], part)
    write_json(
        args.trials,
        {
            "tolerance": cfg["tolerance"],
            "photos": {"calibrating": len(calibrating), "judging": len(judging)},
            "chosen": chosen,
            "trials": trials,
        },
    )
    print(
        f"INT8 {chosen.megabytes:.2f} MB, ranges by {chosen.calibration}, the first "
        f"{chosen.first_in_float} convolutions in float: probabilities of {len(judging)} training "
        f"photos differ by {chosen.mean_difference:.4f} on average (tolerance "
        f"{cfg['tolerance']:g}): {args.out}",
        flush=True,
    )
    if chosen.agreement < 1 or chosen.mean_difference > cfg["tolerance"]:
        print(
            f"warning: none of {len(trials)} ways keeps the probabilities to deploy.int8_tolerance "
            "and every class; this one comes nearest. The gate tells what it loses.",
            flush=True,
        )


if __name__ == "__main__":
    run(main)
