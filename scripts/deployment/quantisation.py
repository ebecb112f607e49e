"""INT8 by static quantisation, with a small search for what it must leave in float.

Weights are quantised by channel and activations by tensor, as Q-DQ pairs that every ONNX runtime
reads: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html. One range for
all channels ruins depthwise convolutions (Krishnamoorthi 2018, "Quantizing deep convolutional
networks for efficient inference", section 3.1), and the first layers of a mobile network are the
most sensitive ones (Nagel et al. 2019, "Data-Free Quantization", section 3). The classifier always
stays in float: it is small, and a linear probe with large weights loses its classes otherwise.
"""

import contextlib
import itertools
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantType,
    create_calibrator,
)
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from deployment.graph import HEAT, INPUT
from deployment.running import BATCH_SIZE, open_session, probabilities_of

METHODS = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}
FIRST_IN_FLOAT = (0, 1, 2, 3, 5, 8, 12)  # so many convolutions from the input on
QUANTISED = (
    *("Conv", "Add", "Concat", "Clip", "Relu"),
    *("GlobalAveragePool", "AveragePool", "MaxPool"),
)


@dataclass(frozen=True)
class Trial:
    """One way to quantise, and how far its probabilities lie from those of the float model.

    Attributes:
        calibration: how the ranges of activations are found, one of METHODS.
        first_in_float: so many convolutions from the input on stay in float.
        agreement: share of the judging photos with the same likeliest class, 0 to 1.
        mean_difference: of the probabilities, absolute.
        max_difference: of the probabilities, absolute.
        megabytes: of the file, 1e6 bytes.
    """

    calibration: str
    first_in_float: int
    agreement: float
    mean_difference: float
    max_difference: float
    megabytes: float


class _Batch(CalibrationDataReader):
    """One batch: the calibrator holds what all layers give for all batches of a reader."""

    def __init__(self, images: np.ndarray):
        self.left = [{INPUT: images}]

    def get_next(self) -> dict | None:
        return self.left.pop() if self.left else None


def search(
    model: Path, calibrating: np.ndarray, judging: np.ndarray, tolerance: float, target: Path
) -> tuple[Trial, list[Trial]]:
    """Quantise a model in the fastest way that keeps its probabilities, and write it.

    The ways are tried from the fastest on: all layers quantised, then more and more of the first
    convolutions in float, each with the ranges of every calibration. The first one is taken whose
    probabilities differ by at most `tolerance` on average and that never changes the likeliest
    class; where there is none, the one that differs least.

    Args:
        model: of `deployment.graph.name_and_describe`, in float.
        calibrating: uint8 RGB, (n, size, size, 3), from which the ranges of activations are found;
            as many as `find_ranges` takes.
        judging: uint8 RGB, (m, size, size, 3), other photos, by which the ways are compared.
        tolerance: of the mean absolute difference of the probabilities.
        target: of the quantised model, written.

    Returns:
        The trial that was taken, and all of them in their order.
    """
    wanted = probabilities_of(open_session(model), judging)
    layers = convolutions(onnx.load(str(model)))
    counts = sorted({min(count, len(layers)) for count in FIRST_IN_FLOAT})
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as folder, _quiet():
        made, best = Path(folder, "made.onnx"), Path(folder, "best.onnx")
        ranges: dict[str, TensorsData] = {}
        for count, calibration in itertools.product(counts, METHODS):
            if calibration not in ranges:
                watched = Path(folder, "watched.onnx")
                ranges[calibration] = find_ranges(model, calibrating, calibration, watched)
            onnx.save(quantise(model, ranges[calibration], layers[:count]), str(made))
            got = probabilities_of(open_session(made), judging)
            trials.append(_judged(calibration, count, wanted, got, made))
            if min(trials, key=_distance) is trials[-1]:
                made.replace(best)
            if trials[-1].agreement == 1 and trials[-1].mean_difference <= tolerance:
                break
        target.write_bytes(best.read_bytes())
    return min(trials, key=_distance), trials


def find_ranges(model: Path, images: np.ndarray, calibration: str, scratch: Path) -> TensorsData:
    """Return the ranges of all activations on some photos, by one of METHODS.

    The number of `images` is a multiple of BATCH_SIZE, or less than one batch.
    """
    calibrator = create_calibrator(
        str(model),
        list(QUANTISED),
        augmented_model_path=str(scratch),
        calibrate_method=METHODS[calibration],
    )
    with contextlib.redirect_stdout(None):
        size = min(BATCH_SIZE, len(images))  # of all batches: the calibrator stacks what they give
        for start in range(0, len(images) - size + 1, size):
            calibrator.collect_data(_Batch(images[start : start + size]))
        return calibrator.compute_data()


def quantise(model: Path, ranges: TensorsData, in_float: Sequence[str]) -> onnx.ModelProto:
    """Return the quantised model; preprocessing, heat maps and `in_float` nodes stay float."""
    loaded = onnx.load(str(model))
    told = {one.key: one.value for one in loaded.metadata_props}
    quantiser = QDQQuantizer(
        loaded,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=[],
        nodes_to_exclude=[HEAT, *in_float],
        op_types_to_quantize=list(QUANTISED),
        extra_options={},
    )
    quantiser.quantize_model()
    quantiser.model.topological_sort()
    made = quantiser.model.model
    onnx.helper.set_model_props(made, told | {"precision": "int8"})
    onnx.checker.check_model(made, full_check=True)
    return made


def convolutions(model: onnx.ModelProto) -> list[str]:
    """Return the names of the convolutions, from the input on."""
    return [node.name for node in model.graph.node if node.op_type == "Conv" and node.name != HEAT]


def _judged(name: str, count: int, wanted: np.ndarray, got: np.ndarray, made: Path) -> Trial:
    differences = np.abs(got - wanted)
    return Trial(
        calibration=name,
        first_in_float=count,
        agreement=float((got.argmax(axis=1) == wanted.argmax(axis=1)).mean()),
        mean_difference=float(differences.mean()),
        max_difference=float(differences.max()),
        megabytes=made.stat().st_size / 1e6,
    )


def _distance(trial: Trial) -> tuple[float, float]:
    return 1 - trial.agreement, trial.mean_difference


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice, of which there are a hundred lines a model."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
