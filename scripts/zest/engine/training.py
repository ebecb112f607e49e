"""The trainer: epochs over a training set in memory, with a validation after each."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn

from zest.engine.batches import normalise, training_batches
from zest.engine.fast_conv import accelerate
from zest.engine.optimisation import make_optimizer, smoothed_cross_entropy
from zest.engine.prediction import predict_logits, softmax
from zest.errors import UserError
from zest.metrics import (
    accuracy,
    confusion_matrix,
    macro_f1,
    photo_log_losses,
    quadratic_weighted_kappa,
)
from zest.randomness import seed_from


@dataclass(frozen=True)
class Photos:
    """Labelled images in memory.

    Attributes:
        images: uint8 RGB, (n, size, size, 3).
        labels: int64, (n,), 0..K-1.
    """

    images: np.ndarray
    labels: np.ndarray


def train(
    net: nn.Layer,
    head: set[str],
    normalisation: tuple[tuple, tuple],
    training: Photos,
    validation: Photos,
    settings: dict,
    seed: int,
) -> Iterator[dict]:
    """Train a network in place; yield one row of the HISTORY table after each epoch.

    The weights are those of the last epoch: choosing the best epoch by its validation score would
    flatter that score.

    Args:
        net: float32 (batch, 3, size, size) to logits (batch, K).
        head: names of the parameters of its classification layer.
        normalisation: mean and std of the channels, on [0, 1].
        training: what it learns from.
        validation: what it is judged on, never learned from.
        settings: of the model, as config/schema.yaml describes them.
        seed: of the order of the batches and of dropout.

    Raises:
        UserError: the training diverged: the mean loss of an epoch is not finite.
    """
    paddle.seed(seed_from(seed, "dropout") % 2**31)
    batch_size = min(settings["batch_size"], len(training.labels))
    steps = len(training.labels) // batch_size
    optimizer, schedule = make_optimizer(net, head, settings, steps)
    forward = accelerate(net)
    for epoch in range(1, settings["epochs"] + 1):
        started = time.perf_counter()
        rng = np.random.default_rng(seed_from(seed, "order", epoch))
        net.train()
        losses = []
        for rows in training_batches(len(training.labels), batch_size, rng):
            images = paddle.to_tensor(normalise(training.images[rows], *normalisation))
            labels = paddle.to_tensor(training.labels[rows])
            loss = smoothed_cross_entropy(forward(images), labels, settings["label_smoothing"])
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            schedule.step()
            losses.append(loss.item())
        train_loss = float(np.mean(losses))
        if not math.isfinite(train_loss):
            raise UserError(
                f"the training diverged: the mean loss of epoch {epoch} is {train_loss}. Choose a "
                f"learning_rate of this model (models.*.learning_rate) that is lower than "
                f"{settings['learning_rate']}."
            )
        speed = steps * batch_size / (time.perf_counter() - started)
        net.eval()
        logits = predict_logits(forward, validation.images, *normalisation, batch_size)
        yield {
            "epoch": epoch,
            "learning_rate": schedule.get_lr(),
            "train_loss": train_loss,
            **_validation_scores(softmax(logits), validation.labels),
            "photos_per_second": speed,
        }


def _validation_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    return {
        "val_loss": float(photo_log_losses(labels, probabilities).mean()),
        "val_accuracy": float(accuracy(counts)),
        "val_macro_f1": float(macro_f1(counts)),
        "val_quadratic_weighted_kappa": float(quadratic_weighted_kappa(counts)),
    }
