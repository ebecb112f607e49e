"""Optimisers from their settings in the model config, and their state for a checkpoint.

All parameters are in one flat list, and each carries its own learning rate factor and L2 penalty.
With Paddle's parameter groups instead, `ClipGradByGlobalNorm` would clip each group by itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.base.layer_helper import LayerHelper
from paddle.optimizer import Optimizer
from paddle.regularizer import L2Decay


def make_optimizer(net: nn.Layer, settings: dict, groups: list[list[str]]) -> Optimizer:
    """Return the optimiser of a model.

    Before each step its learning rate is set by `set_lr`. Parameters that are frozen at that time
    (`stop_gradient`) are left as they are, and begin without momentum when they are unfrozen.

    A parameter learns at `learning_rate * layer_decay ** d`, where d is how many groups lie between
    it and the output (Howard & Ruder 2018, arXiv:1801.06146; Clark et al. 2020, arXiv:2003.10555);
    the last group, the classifier, at `learning_rate * head_learning_rate_factor`. The weight decay
    spares biases and the parameters of normalisation layers: those of one dimension. The gradients
    of all parameters together are scaled to a norm of at most `gradient_clip_norm` (Pascanu et al.
    2013, arXiv:1211.5063), before an L2 penalty is added.

    Args:
        net: the network.
        settings: of the model.
        groups: names of the parameters of `net`, from the input to the output; each is in one
            group, and the last group is the classifier.

    Raises:
        ValueError: the groups are not a partition of the parameters of `net`.
    """
    parameters = dict(net.named_parameters())
    if sorted(name for group in groups for name in group) != sorted(parameters):
        raise ValueError("each parameter of the network must be in exactly one group")
    for distance, group in enumerate(reversed(groups)):
        factor = settings["layer_decay"] ** distance
        for name in group:
            parameters[name].optimize_attr["learning_rate"] = (
                factor if distance else settings["head_learning_rate_factor"]
            )

    kind, decay = settings["optimizer"], float(settings["weight_decay"])
    decayed = {parameter.name for parameter in parameters.values() if parameter.ndim > 1}
    penalised = decayed if kind in ("adam", "sgd") else set()
    for parameter in parameters.values():
        parameter.regularizer = L2Decay(decay) if parameter.name in penalised else None

    clip = settings["gradient_clip_norm"]
    shared: dict[str, Any] = {
        "learning_rate": float(settings["learning_rate"]),
        "parameters": list(parameters.values()),
        "grad_clip": None if clip is None else nn.ClipGradByGlobalNorm(clip),
    }
    decoupled: dict[str, Any] = {
        "weight_decay": decay,
        "apply_decay_param_fun": decayed.__contains__,
    }
    if kind == "sgd":
        return paddle.optimizer.Momentum(momentum=0.9, use_nesterov=True, **shared)
    if kind == "adam":
        return paddle.optimizer.Adam(**shared)
    return {"adamw": paddle.optimizer.AdamW, "lion": Lion}[kind](**decoupled, **shared)


class Lion(Optimizer):
    """EvoLved Sign Momentum: Chen et al. 2023, arXiv:2302.06675, algorithm 2.

    direction = sign(beta1 * momentum + (1 - beta1) * gradient)
    weight   -= rate * (direction + decay * weight)
    momentum  = beta2 * momentum + (1 - beta2) * gradient

    with beta1 = 0.9 and beta2 = 0.99, as in the paper.

    Args:
        learning_rate: the rate of parameters whose own factor is 1.
        parameters: of the network.
        weight_decay: the decay, decoupled from the gradient.
        apply_decay_param_fun: whether it applies to the parameter of this (Paddle's) name.
        grad_clip: of all gradients, before anything else.
    """

    BETA1, BETA2 = 0.9, 0.99

    def __init__(
        self,
        learning_rate: float,
        parameters: list[paddle.Tensor],
        weight_decay: float,
        apply_decay_param_fun: Callable[[str], bool],
        grad_clip: nn.ClipGradByGlobalNorm | None = None,
    ):
        super().__init__(learning_rate, parameters, grad_clip=grad_clip)
        self._decay = weight_decay
        self._decays = apply_decay_param_fun
        # As tensors: from a plain float, `lerp` first makes a whole tensor of its own.
        self._old_in_step = paddle.to_tensor(self.BETA1)
        self._new_in_momentum = paddle.to_tensor(1 - self.BETA2)

    def _create_accumulators(self, block, parameters):
        """Called by Paddle before each step, with the parameters that have a gradient."""
        for parameter in parameters:
            if parameter.name not in self._accumulators["momentum"]:
                self._add_accumulator("momentum", parameter)

    def _append_optimize_op(self, block, param_and_grad):
        """Called by Paddle for each parameter that has a gradient, without recording gradients."""
        weight, gradient = param_and_grad
        momentum = self._get_accumulator("momentum", weight)
        step = paddle.sign(paddle.lerp(gradient, momentum, self._old_in_step))
        if self._decays(weight.name):
            step += self._decay * weight
        weight.subtract_(self._create_param_lr(param_and_grad) * step)
        momentum.lerp_(gradient, self._new_in_momentum)


def optimizer_state(optimizer: Optimizer, net: nn.Layer) -> dict[str, np.ndarray]:
    """Return all that an optimiser remembers, but for its learning rate.

    Paddle's own `state_dict` goes by names with counters in them, which depend on what else the
    process has built; these names do not.

    Returns:
        Copies by `{kind}.{name of the parameter in net}`, such as `moment1.classifier.weight`.
        Parameters that have not been updated yet have none.
    """
    return {
        f"{kind}.{name}": accumulators[parameter.name].numpy()
        for kind, accumulators in optimizer._accumulators.items()
        for name, parameter in net.named_parameters()
        if parameter.name in accumulators
    }


def restore_optimizer(optimizer: Optimizer, net: nn.Layer, state: dict[str, np.ndarray]) -> None:
    """Let an optimiser go on, to the same bits, where `optimizer_state` was taken.

    What it remembers so far is forgotten. It may be fresh, of another process and of a network of
    its own, built with the same settings.
    """
    optimizer._accumulators.clear()
    for name in ("_already_create_accumulator", "_already_create_accumulater"):  # 3.3 and 2.6
        getattr(optimizer, name, set()).clear()
    known = {key.partition(".")[2] for key in state}
    parameters = {name: value for name, value in net.named_parameters() if name in known}
    # Paddle creates these at a parameter's first step, and only there looks into a state dict that
    # was set before; so they are created here.
    optimizer.helper = LayerHelper(type(optimizer).__name__)  # Paddle 2.6 asks for one
    block = paddle.static.default_main_program().global_block()
    with paddle.no_grad():
        optimizer._create_accumulators(block, list(parameters.values()))
    for key, value in state.items():
        kind, _, name = key.partition(".")
        optimizer._accumulators[kind][parameters[name].name].set_value(value)
