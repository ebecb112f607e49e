"""Write a trained model as programs of Paddle, with its preprocessing inside.

Reads models/{model}/fold{fold}/; writes deploy/{model}/paddle/: inference.json for Paddle 3,
inference.pdmodel for Paddle 2 where it can be written, and inference.pdiparams for both.
"""

import argparse
from pathlib import Path

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()  # before anything imports paddle

import paddle

from deployment.program import Deployed, export_programs
from zest.engine.model_folder import TrainedModel
from zest.errors import run


def main() -> None:
    """Read the model, write the programs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", required=True, type=Path, help="weights.pdparams, with model.json beside it"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the programs, written")
    args = parser.parse_args()

    paddle.set_device("cpu")  # a program does not keep the device, and any machine has this one
    trained = TrainedModel(args.weights.parent)
    told = trained.preprocessing
    layer = Deployed(trained.net, told["mean"], told["std"])
    layer.eval()
    reason = export_programs(layer, told["image_size"], args.out)
    print(f"programs of Paddle: {args.out}", flush=True)
    if reason:
        print(f"without one for Paddle 2: {reason}", flush=True)


if __name__ == "__main__":
    run(main)
