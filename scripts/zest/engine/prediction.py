"""From images to class probabilities, the same way in training's validation and in prediction."""

from collections.abc import Callable

import numpy as np
import paddle

from zest.engine.batches import normalise


def predict_logits(
    forward: Callable[[paddle.Tensor], paddle.Tensor],
    images: np.ndarray,
    mean: tuple,
    std: tuple,
    batch_size: int,
) -> np.ndarray:
    """Run a network in evaluation mode over all images.

    The last batch is filled up with black images, so that every batch has one shape and the network
    is compiled once; their results are dropped.

    Args:
        forward: the network: float32 (batch, 3, size, size) to logits (batch, K).
        images: uint8 RGB, (photos, size, size, 3).
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
        batch_size: images at once.

    Returns:
        float32, (photos, K).
    """
    results = []
    with paddle.no_grad():
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            missing = batch_size - len(batch)
            padded = np.pad(batch, [(0, missing), (0, 0), (0, 0), (0, 0)])
            logits = forward(paddle.to_tensor(normalise(padded, mean, std)))
            results.append(logits.numpy()[: len(batch)])
    return np.concatenate(results)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities that sum to one: float32, (photos, K), computed in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
