"""Losses from their settings in the model config: class weights, targets, and what is minimised.

Every target is a distribution over the classes, so that smoothed, ordinal, mixed and soft labels
are all the same thing to a loss.
"""

from collections.abc import Callable

import numpy as np
import paddle
import paddle.nn.functional as F


def class_weights(kind: str, counts: np.ndarray) -> np.ndarray:
    """Return the weight of each class in the loss; their mean over the training rows is 1.

    - `none`: 1.
    - `inverse`: in proportion to 1 / n, where n is the number of rows of the class.
    - `effective_number`: to (1 - b) / (1 - b**n), with b = (N - 1) / N (Cui et al. 2019,
      arXiv:1901.05555, section 3). N, there the unknown number of all possible photos, is taken to
      be the number of training rows, so that more copies of each photo change nothing.

    A class without rows has weight 1: no row has it, but a part of a soft label may.

    Args:
        kind: as above.
        counts: (K,): training rows of each class; a row that is mixed of two photos is a part of
            one row in each of their classes.

    Returns:
        float32, (K,), above 0.
    """
    present = counts > 0
    total = counts.sum()
    rows = counts[present].astype(np.float64)
    if kind == "inverse":
        raw = 1 / rows
    elif kind == "effective_number":
        raw = 1 / (1 - ((total - 1) / total) ** rows)
    else:
        raw = np.ones(len(rows))
    weights = np.ones(len(counts), np.float32)
    weights[present] = raw * (total / (rows @ raw))
    return weights


def make_targets(labels: np.ndarray, num_classes: int, settings: dict) -> np.ndarray:
    """Return the distribution over the classes that each label stands for.

    - `soft_ordinal`: softmax(-ordinal_sharpness * d**2), where d is the distance to the label in
      grades (Diaz & Marathe 2019, "Soft Labels for Ordinal Regression", CVPR, with the squared
      distance). It is spread already, so `label_smoothing` does not apply.
    - all other losses: (1 - s) * one_hot + s / K, with s = `label_smoothing` (Szegedy et al. 2016,
      arXiv:1512.00567, section 7).

    Args:
        labels: int64, (n,), 0..K-1.
        num_classes: K.
        settings: of the model.

    Returns:
        float32, (n, K); rows sum to 1.
    """
    if settings["loss"] == "soft_ordinal":
        grades = np.arange(num_classes)
        distance = grades[:, None] - grades
        of_class = np.exp(-settings["ordinal_sharpness"] * distance**2)
        of_class /= of_class.sum(axis=1, keepdims=True)
    else:
        smoothing = settings["label_smoothing"]
        of_class = (1 - smoothing) * np.eye(num_classes) + smoothing / num_classes
    return of_class.astype(np.float32)[labels]


Loss = Callable[[paddle.Tensor, paddle.Tensor], paddle.Tensor]


def make_loss(settings: dict, weights: np.ndarray | None) -> Loss:
    """Return the loss of a model: the mean over a batch of w_i * l_i.

    w_i is the sum over the classes of target * class weight, so a label mixed of two classes has a
    weight mixed of theirs. It is a mean over the rows: sums of the weights are not divided by.

    Args:
        settings: of the model.
        weights: float32, (K,): of the classes, see `class_weights`; None for 1.

    Returns:
        A function: logits (batch, K) and targets, float32 (batch, K) with rows that sum to 1, to a
        scalar in the precision of the targets.
    """
    gamma = settings["focal_gamma"]
    row_losses: dict[str, Callable] = {
        "cross_entropy": _cross_entropies,
        "soft_ordinal": _cross_entropies,  # its targets make it so
        "focal": lambda logits, targets: _focal_losses(logits, targets, gamma),
        "squared_emd": _squared_distances,
    }
    losses_of = row_losses[settings["loss"]]
    of_class = None if weights is None else paddle.to_tensor(weights)

    def loss(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
        losses = losses_of(logits.astype(targets.dtype), targets)  # (batch,)
        if of_class is not None:
            losses = losses * (targets * of_class.astype(targets.dtype)).sum(axis=1)
        return losses.mean()

    return loss


def _cross_entropies(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """Return -sum_k t_k log p_k of each row: (batch, K) and (batch, K) to (batch,)."""
    return -(targets * F.log_softmax(logits)).sum(axis=1)


def _focal_losses(logits: paddle.Tensor, targets: paddle.Tensor, gamma: float) -> paddle.Tensor:
    """Return -sum_k t_k (1 - p_k)**gamma log p_k of each row.

    Lin et al. 2017, arXiv:1708.02002, equation 4, here for targets that are distributions.
    """
    logs = F.log_softmax(logits)
    # At p = 1 the derivative of a power below 1 is infinite, and times log(1) not a number.
    missing = paddle.clip(-paddle.expm1(logs), min=1e-8)
    return -(targets * missing**gamma * logs).sum(axis=1)


def _squared_distances(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """Return the squared earth mover's distance of each row, for classes in order.

    The sum over the classes of (P_k - T_k)**2, where P and T are the cumulative distributions: Hou
    et al. 2016, arXiv:1611.05916, section 3.
    """
    difference = F.softmax(logits) - targets
    return (difference.cumsum(axis=1) ** 2).sum(axis=1)


def distillation_loss(
    logits: paddle.Tensor, teacher_probabilities: paddle.Tensor, temperature: float
) -> paddle.Tensor:
    """Return T**2 * KL(teacher || student), the mean over a batch, both softened by T.

    Hinton et al. 2015, arXiv:1503.02531, section 2: softmax(logits / T), and the factor T**2 keeps
    the gradients as large as those of the hard labels. The entropy of the teacher, a constant, is
    subtracted, so that 0 is reached where both agree.

    Args:
        logits: of the student, (batch, K).
        teacher_probabilities: float32, (batch, K), at temperature 1; their logarithms are logits. A
            0, which has none, counts as the smallest normal float32, 1.2e-38.
        temperature: T, above 0.
    """
    smallest = float(np.finfo(np.float32).tiny)
    teacher_logits = paddle.log(paddle.clip(teacher_probabilities, min=smallest))
    teacher = F.log_softmax(teacher_logits / temperature)
    student = F.log_softmax(logits.astype(teacher.dtype) / temperature)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum(axis=1).mean()
