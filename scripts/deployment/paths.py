"""The ways from images to probabilities: each export in the runtimes that are installed."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import paddle
from paddle import inference

from deployment.graph import INPUT, PROBABILITIES
from deployment.names import (
    OLD_PROGRAM,
    ONNX,
    OPENVINO,
    PADDLE,
    PADDLE_2,
    PROGRAM,
    WEIGHTS,
)
from deployment.running import BATCH_SIZE, open_session, probabilities_of
from zest.engine.inference import load_program

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 (n, size, size, 3) to float32 (n, K)


def float_paths(programs: Path, model: Path) -> Iterator[tuple[str, Predict]]:
    """Yield each path that computes in float32, by its name.

    Args:
        programs: the folder of the programs of Paddle.
        model: model.onnx.
    """
    program, weights = (programs / PROGRAM).read_bytes(), (programs / WEIGHTS).read_bytes()
    yield PADDLE, in_batches(load_program((program, weights)))
    if (programs / OLD_PROGRAM).exists():
        yield PADDLE_2, in_batches(_load_old(programs))
    yield ONNX, onnx_path(model)
    if importlib.util.find_spec("openvino"):
        yield OPENVINO, openvino_path(model)


def onnx_path(model: Path) -> Predict:
    """Return an ONNX model as a function, on one thread."""
    session = open_session(model)
    return lambda images: probabilities_of(session, images)


def openvino_path(model: Path) -> Predict:
    """Return an ONNX model as a function, by OpenVINO, on one thread and in float32.

    https://docs.openvino.ai/2025/openvino-workflow/running-inference.html
    """
    import openvino  # where it is installed

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": 1,
        "ENABLE_CPU_PINNING": False,  # all processes would be held on the same core
    }
    compiled = openvino.Core().compile_model(str(model), "CPU", settings)
    return in_batches(lambda images: compiled({INPUT: images})[PROBABILITIES])


def in_batches(forward: Callable[[np.ndarray], np.ndarray]) -> Predict:
    """Return a function that calls another one with a batch at a time."""

    def predict(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), BATCH_SIZE)
        return np.concatenate([forward(images[start : start + BATCH_SIZE]) for start in starts])

    return predict


def _load_old(programs: Path) -> Callable[[np.ndarray], np.ndarray]:
    config = inference.Config(str(programs / OLD_PROGRAM), str(programs / WEIGHTS))
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(1)
    config.disable_glog_info()
    with paddle.pir_utils.OldIrGuard():
        predictor = inference.create_predictor(config)

    def forward(images: np.ndarray) -> np.ndarray:
        predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(images)
        predictor.run()
        return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()

    return forward
