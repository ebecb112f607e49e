"""What a model loses by INT8, on the photos of all folds: its exports, quantised as `deploy` does.

`snakemake deploy` exports the model of one fold and judges it on the photos of that fold. Here each
fold's model is exported and quantised on photos that it was trained on, and predicts its own
validation photos, so that every photo counts once.

Run it in the environment, after a leaderboard:

    python benchmarks/int8_loss.py citrus lite0
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

from deployment.parity import with_probabilities
from deployment.paths import onnx_path
from zest.engine.batches import load_images_of
from zest.engine.model_folder import read_description
from zest.paired import differences, read_out_of_fold

SCRIPTS = Path(__file__).parents[1] / "scripts"
CONFIDENCE, RESAMPLES, SEED = 0.95, 10_000, 0
TOLERANCE = 0.005  # as deploy.int8_tolerance is by default


def run(script: str, *options: object) -> None:
    """Run one of the scripts, as a rule does."""
    subprocess.run(
        [sys.executable, "-W", "ignore", SCRIPTS / script, *map(str, options)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def predict_fold(
    results: Path, model: str, fold: int, ids: list[str]
) -> tuple[list[np.ndarray], float]:
    """Return the probabilities of a fold's photos, by ONNX in float and in INT8.

    The second value is the size of the INT8 model, in 1e6 bytes.
    """
    trained = results / "models" / model / f"fold{fold}"
    size = read_description(trained)["preprocessing"]["image_size"]
    images = results / "images" / str(size) / "train.parquet"
    folds = results / "split" / "folds.parquet"
    photos = load_images_of(images, size, ids)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        float_model, int8_model = folder / "model.onnx", folder / "model_int8.onnx"
        run("export_paddle.py", "--weights", trained / "weights.pdparams", "--out", folder)
        run(
            *("export_onnx.py", "--program", folder, "--model", trained / "model.json"),
            *("--out", float_model),
        )
        cfg = json.dumps({"seed": SEED, "tolerance": TOLERANCE})
        run(
            *("quantise_onnx.py", "--cfg", cfg, "--model", float_model, "--images", images),
            *("--size", size, "--folds", folds, "--fold", fold),
            *("--out", int8_model, "--trials", folder / "trials.json"),
        )
        found = [onnx_path(path)(photos) for path in (float_model, int8_model)]
        return found, int8_model.stat().st_size / 1e6


def main() -> None:
    """Export and quantise the model of each fold, print what is lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("competition", help="its folder is below results/")
    parser.add_argument("model", help="of its configuration")
    args = parser.parse_args()
    results = Path("results") / args.competition

    scored = read_out_of_fold(results / "evaluation" / args.model / "out_of_fold.parquet")
    found = np.zeros((2, *scored.probabilities.shape))
    largest = 0.0
    for fold in np.unique(scored.folds).tolist():
        rows = np.flatnonzero(scored.folds == fold)
        found[:, rows], megabytes = predict_fold(results, args.model, fold, scored.of(rows).ids)
        largest = max(largest, megabytes)
    floats, int8 = (with_probabilities(scored, one) for one in found)
    moved = np.abs(floats.probabilities - scored.probabilities).max()
    by_int8 = np.abs(int8.probabilities - scored.probabilities)
    settings = (CONFIDENCE, RESAMPLES, SEED)
    loss = differences(floats, [int8], "accuracy", False, *settings, 1)[0]
    right, right_int8 = (np.mean(one.classes == one.labels) for one in (floats, int8))
    print(
        f"{args.competition}, {args.model}, {len(scored.ids)} photos of {len(set(scored.folds))} "
        f"folds\nfloat: accuracy {right:.4f}, probabilities as scored within {moved:.1e}, "
        f"{np.mean(floats.classes == scored.classes):.2%} with the same class\n"
        f"INT8: accuracy {right_int8:.4f}, {largest:.2f} MB; probabilities differ by "
        f"{by_int8.mean():.4f} on average; {np.mean(int8.classes == floats.classes):.2%} with the "
        f"same class; loses {100 * loss.value:.2f} points (95 % interval {100 * loss.low:.2f} to "
        f"{100 * loss.high:.2f}; {loss.only_leader} photos right in float alone, "
        f"{loss.only_other} in INT8 alone)"
    )


if __name__ == "__main__":
    main()
