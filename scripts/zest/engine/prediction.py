"""From images to class probabilities, the same way in training's validation and in prediction."""

from collections.abc import Callable

import numpy as np
import paddle

from zest.engine.batches import normalise


def predict_logits(
    forward: Callable[[paddle.Tensor], paddle.Tensor],
    inputs: np.ndarray,
    normalisation: tuple[tuple, tuple],
    batch_size: int,
) -> np.ndarray:
    """Run a network in evaluation mode over all images.

    The last batch is filled up with zeros, so that every batch has one shape and the network is
    compiled once; their results are dropped.

    Args:
        forward: the network: float32 (batch, channels, height, width) to logits (batch, K).
        inputs: uint8 RGB, (photos, size, size, 3), or what frozen layers made of the photos:
            float32, (photos, channels, height, width).
        normalisation: mean and std of the channels, on [0, 1], for uint8 images.
        batch_size: photos at once.

    Returns:
        float32, (photos, K).
    """
    results = [np.empty((0, 0), np.float32)]
    with paddle.no_grad():
        for start in range(0, len(inputs), batch_size):
            batch = inputs[start : start + batch_size]
            padded = np.pad(batch, [(0, batch_size - len(batch)), *[(0, 0)] * (batch.ndim - 1)])
            if padded.dtype == np.uint8:
                padded = normalise(padded, *normalisation)
            results.append(forward(paddle.to_tensor(padded)).numpy()[: len(batch)])
    return np.concatenate(results[1:] or results)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities that sum to one: float32, (photos, K), computed in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
