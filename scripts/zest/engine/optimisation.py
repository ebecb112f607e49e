"""Optimisers, learning-rate schedules and losses, each from its settings in the model config."""

import math
from collections.abc import Callable
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import nn


def learning_rate_factor(settings: dict, steps_per_epoch: int) -> Callable[[int], float]:
    """Return the factor on `learning_rate` at each step.

    It rises linearly from zero over `warmup_epochs` (Goyal et al. 2017, arXiv:1706.02677), then
    stays (`constant`) or falls along half a cosine to zero at the last step (`cosine`; Loshchilov &
    Hutter 2017, arXiv:1608.03983, without restarts).

    Args:
        settings: of the model: schedule, warmup_epochs, epochs.
        steps_per_epoch: batches in an epoch.
    """
    total = settings["epochs"] * steps_per_epoch
    warmup = round(settings["warmup_epochs"] * steps_per_epoch)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if settings["schedule"] == "constant":
            return 1.0
        done = (step - warmup) / max(1, total - warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return factor


def make_optimizer(
    net: nn.Layer, head: set[str], settings: dict, steps_per_epoch: int
) -> tuple[paddle.optimizer.Optimizer, paddle.optimizer.lr.LRScheduler]:
    """Return the optimiser of a model, and the schedule that is to be stepped after each batch.

    Weight decay spares biases and the parameters of normalisation layers: those of one dimension.

    Args:
        net: the network.
        head: names of the parameters of the classification layer.
        settings: of the model.
        steps_per_epoch: batches in an epoch.
    """
    groups: dict[tuple[bool, bool], list] = {}
    for name, parameter in net.named_parameters():
        if not parameter.stop_gradient:
            key = (name in head, parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    parameters: list[Any] = [
        {
            "params": group,
            "learning_rate": settings["head_learning_rate_factor"] if in_head else 1.0,
            "weight_decay": settings["weight_decay"] if decayed else 0.0,
        }
        for (in_head, decayed), group in groups.items()
    ]
    schedule = paddle.optimizer.lr.LambdaDecay(
        settings["learning_rate"], learning_rate_factor(settings, steps_per_epoch)
    )
    if settings["optimizer"] == "sgd":
        return paddle.optimizer.Momentum(schedule, 0.9, parameters, use_nesterov=True), schedule
    kinds = {"adam": paddle.optimizer.Adam, "adamw": paddle.optimizer.AdamW}
    return kinds[settings["optimizer"]](schedule, parameters=parameters), schedule


def smoothed_cross_entropy(
    logits: paddle.Tensor, labels: paddle.Tensor, smoothing: float
) -> paddle.Tensor:
    """Return the cross-entropy, mean over the batch, against labels spread over all classes.

    Szegedy et al. 2016, arXiv:1512.00567, section 7: target = (1 - s) * one_hot + s / K.

    Args:
        logits: float32, (batch, K).
        labels: int64, (batch,), 0..K-1.
        smoothing: s, 0 to 1.
    """
    targets = F.label_smooth(F.one_hot(labels, logits.shape[-1]), epsilon=smoothing)
    return F.cross_entropy(logits, targets, soft_label=True)
