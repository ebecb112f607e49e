"""Write a program of Paddle as ONNX, checked, with its classes and preprocessing inside.

Reads deploy/{model}/paddle/ and model.json of the trained model; writes deploy/{model}/model.onnx.
A process of its own, because a failure of the converter would end the process it runs in.
"""

import argparse
import logging
import tempfile
from pathlib import Path

import onnx
import paddle2onnx

from deployment.graph import finish, fold
from deployment.names import PROGRAM, WEIGHTS
from zest.engine.model_folder import read_description
from zest.errors import run
from zest.files import atomic_path

OPSET = 17  # of 2022: every runtime that is in use reads it


def main() -> None:
    """Convert, fold, name, check and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=Path, help="folder of the programs")
    parser.add_argument("--model", required=True, type=Path, help="model.json")
    parser.add_argument("--out", required=True, type=Path, help="model.onnx, written")
    args = parser.parse_args()

    told = read_description(args.model.parent)
    with tempfile.TemporaryDirectory() as folder:
        raw, folded = Path(folder, "raw.onnx"), Path(folder, "folded.onnx")
        convert(args.program, raw)
        fold(raw, folded)
        model = onnx.load(str(folded))
    has_heat = finish(model, told)
    with atomic_path(args.out) as part:
        onnx.save(model, str(part))
    heat = "with" if has_heat else "without"
    print(f"{args.out.stat().st_size / 1e6:.2f} MB, {heat} heat maps: {args.out}", flush=True)


def convert(program: Path, target: Path) -> None:
    """Write a program of Paddle as ONNX, as the converter makes it.

    https://github.com/PaddlePaddle/Paddle2ONNX
    """
    logging.disable(logging.INFO)
    paddle2onnx.export(
        str(program / PROGRAM),
        str(program / WEIGHTS),
        str(target),
        opset_version=OPSET,
        optimize_tool="None",  # the others are installed by pip at that moment
    )


if __name__ == "__main__":
    run(main)
