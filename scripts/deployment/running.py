"""Running an exported model with ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime

from deployment.graph import INPUT, PROBABILITIES

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
