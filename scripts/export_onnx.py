"""Write a program of Paddle as ONNX, checked, with its classes and preprocessing inside.

Reads deploy/{model}/paddle/ and model.json of the trained model; writes deploy/{model}/model.onnx.
"""

import argparse
from pathlib import Path

from deployment.conversion import program_to_onnx
from zest.engine.model_folder import read_description
from zest.errors import run


def main() -> None:
    """Convert, tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=Path, help="folder of the programs")
    parser.add_argument("--model", required=True, type=Path, help="model.json")
    parser.add_argument("--out", required=True, type=Path, help="model.onnx, written")
    args = parser.parse_args()

    has_heat = program_to_onnx(args.program, read_description(args.model.parent), args.out)
    heat = "with" if has_heat else "without"
    print(f"{args.out.stat().st_size / 1e6:.2f} MB, {heat} heat maps: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
