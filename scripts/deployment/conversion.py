"""From a program of Paddle to an ONNX model."""

import contextlib
import io
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import onnx
import paddle2onnx

from deployment.graph import fold_constants, name_and_describe
from deployment.names import PROGRAM, WEIGHTS
from zest.errors import UserError
from zest.files import atomic_path

OPSET = 17  # of 2022: every runtime that is in use reads it


def program_to_onnx(program: Path, told: dict, target: Path) -> bool:
    """Write a program of Paddle as ONNX: folded, named, described and checked.

    Args:
        program: the folder of the programs, of `deployment.program.export_programs`.
        told: model.json of the trained model.
        target: the model, written.

    Returns:
        Whether it has heat maps, see `deployment.graph.add_heat`.

    Raises:
        UserError: the network has a layer that cannot be converted.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw, folded = Path(folder, "raw.onnx"), Path(folder, "folded.onnx")
        _convert(program, raw)
        fold_constants(raw, folded)
        model = onnx.load(str(folded))
    has_heat = name_and_describe(model, told)
    with atomic_path(target) as part:
        onnx.save(model, str(part))
    return has_heat


def _convert(program: Path, target: Path) -> None:
    """Write a program as ONNX, as the converter makes it, in a process that may crash."""
    apart = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=apart) as pool:
            pool.submit(_convert_here, program, target).result()
    except Exception as error:  # the converter's own, or BrokenProcessPool
        raise UserError(
            f"{program}: paddle2onnx cannot convert the network ({error}). Put another layer in "
            "the place of the one that it names, or leave the model out of deploy.models."
        ) from error


def _convert_here(program: Path, target: Path) -> None:
    """Convert: https://github.com/PaddlePaddle/Paddle2ONNX ."""
    with contextlib.redirect_stdout(io.StringIO()):  # it tells of the file in between
        paddle2onnx.export(
            str(program / PROGRAM),
            str(program / WEIGHTS),
            str(target),
            opset_version=OPSET,
            optimize_tool="None",  # the others are installed by pip at that moment
        )
