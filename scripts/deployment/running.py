"""Running an exported model with ONNX Runtime."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from deployment.graph import INPUT, PROBABILITIES
from zest.classes import ClassInfo, classes_of
from zest.errors import UserError
from zest.files import sha256

BATCH_SIZE = 16


def open_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open a model on the processor.

    Args:
        model: its path, or itself, serialised.
        threads: that compute one prediction; with one, the same photo gives the same bytes.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def probabilities_of(session: onnxruntime.InferenceSession, images: np.ndarray) -> np.ndarray:
    """Return the probabilities, float32 (n, K), of uint8 RGB images (n, size, size, 3)."""
    starts = range(0, len(images), BATCH_SIZE)
    batches = [
        session.run([PROBABILITIES], {INPUT: images[start : start + BATCH_SIZE]})[0]
        for start in starts
    ]
    return np.concatenate(batches)


@dataclass(frozen=True)
class ExportedModel:
    """An exported model with all that it says of itself; may be used by several threads at once.

    Attributes:
        session: of one thread.
        classes: in the order of the probabilities; how many photos they had is not known: 0.
        preprocessing: `fit`, `image_size` and `colour`.
        architecture: of the network.
        sha256: of the file.
    """

    session: onnxruntime.InferenceSession
    classes: list[ClassInfo]
    preprocessing: dict
    architecture: str
    sha256: str

    def predict_fitted(self, images: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (n, K), of uint8 RGB images (n, size, size, 3)."""
        return probabilities_of(self.session, images)


def open_exported(path: Path) -> ExportedModel:
    """Open a model as `export_onnx.py` or `quantise_onnx.py` writes it.

    Raises:
        UserError: there is no such file, it is no ONNX model, or not one of Zest's exports.
    """
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file. Export a model first (snakemake deploy), or correct "
            "the path."
        )
    try:
        session = open_session(path)
    except Exception as error:  # ONNX Runtime has a class for each kind of failure
        raise UserError(
            f"{path}: ONNX Runtime cannot read it ({str(error).splitlines()[0]}). Delete the file "
            "and run snakemake deploy again."
        ) from error
    told = session.get_modelmeta().custom_metadata_map
    names = {one.name for one in (*session.get_inputs(), *session.get_outputs())}
    if not {"classes", "preprocessing"} <= told.keys() or not {INPUT, PROBABILITIES} <= names:
        raise UserError(
            f"{path}: an ONNX model, but not one that Zest has exported: it does not say its "
            "classes and its preprocessing. Name model.onnx or model_int8.onnx of snakemake deploy."
        )
    return ExportedModel(
        session,
        classes_of({"classes": json.loads(told["classes"])}),
        json.loads(told["preprocessing"]),
        told.get("architecture", ""),
        sha256(path),
    )
