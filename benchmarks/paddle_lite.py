"""Does Paddle Lite give what ONNX Runtime gives? The photos of the gate, converted for x86.

The model for a board runs on no other processor, but its twin for x86 comes from the same program
by the same converter, and shows whether that reads the program as it is meant.

Run it in the environment, after `snakemake deploy`, with a Python that has paddlelite and numpy
(scripts/export_paddle_lite.py says which):

    python benchmarks/paddle_lite.py citrus lite0 --lite-python PYTHON
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

from check_parity import MOST_PHOTOS
from deployment.parity import compare
from deployment.paths import onnx_path
from deployment.photos import photos_of_model
from export_paddle_lite import CONVERTER, convert
from zest.engine.batches import load_images_of
from zest.engine.model_folder import read_description
from zest.folds import ALL, MERGED
from zest.paired import read_out_of_fold

SEED = 0  # as `seed` is by default


def predict(python: Path, model: Path, images: np.ndarray) -> np.ndarray:
    """Run a model of Paddle Lite in another Python.

    Args:
        python: that has paddlelite.
        model: model.nb, for this processor.
        images: uint8 RGB, (n, size, size, 3).

    Returns:
        Probabilities, float32 (n, K).
    """
    given, made = model.with_name("images.npy"), model.with_name("probabilities.npy")
    np.save(given, images)
    reader = Path(__file__).with_name("paddle_lite_predict.py")
    subprocess.run([python, reader, model, given, made], check=True)
    return np.load(made)


def main() -> None:
    """Convert for x86 and for the board, send the photos through both runtimes, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("competition", help="its folder is below results/")
    parser.add_argument("model", help="of its configuration, deployed")
    parser.add_argument(
        "--lite-python", required=True, type=Path, help="a Python that has paddlelite and numpy"
    )
    args = parser.parse_args()
    results = Path("results") / args.competition
    deployed = results / "deploy" / args.model
    converter = args.lite_python.with_name(CONVERTER)
    os.environ["PATH"] = f"{converter.parent}{os.pathsep}{os.environ['PATH']}"  # of its first line

    scored = read_out_of_fold(results / "evaluation" / args.model / "out_of_fold.parquet")
    fold = json.loads((deployed / "parity.json").read_text())["fold"]
    ids = photos_of_model(scored, fold, SEED, MOST_PHOTOS)[0].ids
    name = {ALL: "all", MERGED: "merged"}.get(fold, fold)
    trained = results / "models" / args.model / f"fold{name}"
    size = read_description(trained)["preprocessing"]["image_size"]
    images = load_images_of(results / "images" / str(size) / "train.parquet", size, ids)
    expected = onnx_path(deployed / "model.onnx")(images)
    with tempfile.TemporaryDirectory() as folder:
        board, twin = Path(folder, "board.nb"), Path(folder, "twin.nb")
        convert(str(converter), deployed / "paddle", "arm", board)
        convert(str(converter), deployed / "paddle", "x86", twin)
        found = compare("Paddle Lite", expected, predict(args.lite_python, twin, images))
        megabytes = board.stat().st_size / 1e6
    print(
        f"{args.competition}, {args.model}, {found.photos} photos: Paddle Lite on x86 against ONNX "
        f"Runtime: probabilities differ by up to {found.max_difference:.1e}, {found.agreement:.2%} "
        f"with the same class; for arm {megabytes:.2f} MB"
    )


if __name__ == "__main__":
    main()
