"""Convert a program of Paddle for Paddle Lite, where its converter is installed.

Reads deploy/{model}/paddle/inference.pdmodel and .pdiparams; writes deploy/{model}/model.nb. The
converter, `paddle_lite_opt`, comes with the Python package paddlelite, whose 2.13rc0 has wheels for
Python 3.8 to 3.10: https://www.paddlepaddle.org.cn/lite/develop/user_guides/opt/opt_python.html
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from deployment.names import OLD_PROGRAM, WEIGHTS
from zest.errors import UserError, run
from zest.files import atomic_path

CONVERTER = "paddle_lite_opt"
HOW = (
    "Paddle Lite's converter, paddle_lite_opt, is not on the PATH. Install it in an environment of "
    "its own with Python 3.8 to 3.10 (pip install paddlelite==2.13rc0), put that environment's bin "
    "folder on the PATH, and run the same command again. The ONNX models need no such thing."
)


def convert(converter: str, program: Path, target: str, out: Path) -> None:
    """Run the converter.

    Args:
        converter: path of `paddle_lite_opt`.
        program: folder of inference.pdmodel and inference.pdiparams.
        target: of the device: arm, x86 or opencl, see its manual.
        out: path of model.nb, written whole or not at all.

    Raises:
        UserError: there is no program for it, or it cannot convert the network.
    """
    if not (program / OLD_PROGRAM).is_file():
        raise UserError(
            f"{program / OLD_PROGRAM}: Paddle could not write this network in the format of Paddle "
            "2, which Paddle Lite reads. Take model.onnx instead, or another architecture."
        )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                converter,
                f"--model_file={program / OLD_PROGRAM}",
                f"--param_file={program / WEIGHTS}",
                f"--valid_targets={target}",
                "--optimize_out_type=naive_buffer",
                f"--optimize_out={folder}/model",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        made = Path(folder, "model.nb")
        if done.returncode or not made.is_file():
            raise UserError(
                f"{CONVERTER} could not convert {program / OLD_PROGRAM} (exit code "
                f"{done.returncode}):\n{done.stdout.strip()[-2000:]}"
            )
        with atomic_path(out) as part:
            part.write_bytes(made.read_bytes())


def main() -> None:
    """Find the converter and run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=Path, help="folder of the programs")
    parser.add_argument("--target", required=True, help="arm, x86 or opencl: of the device")
    parser.add_argument("--out", required=True, type=Path, help="model.nb, written")
    args = parser.parse_args()

    converter = shutil.which(CONVERTER)
    if converter is None:
        raise UserError(HOW)
    convert(converter, args.program, args.target, args.out)
    print(f"{args.out.stat().st_size / 1e6:.2f} MB for {args.target}: {args.out}", flush=True)


if __name__ == "__main__":
    run(main)
