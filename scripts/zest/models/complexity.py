"""What a network costs: parameters, and multiplications for one image, group by group."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn

from zest.models.groups import LayerGroup


@dataclass(frozen=True)
class GroupCost:
    """The cost of a group of layers.

    Attributes:
        name: of the layer that the group is named after.
        output: shape of that layer's output for one image, such as (32, 112, 112).
        layers: number of its Conv2D and Linear layers.
        parameters: values that can learn.
        buffers: running means and variances of batch normalisation.
        macs: multiplications, each with an addition, for one image in its Conv2D and Linear layers.
    """

    name: str
    output: tuple[int, ...]
    layers: int
    parameters: int
    buffers: int
    macs: int


def count_costs(net: nn.Layer, groups: list[LayerGroup], size: int) -> list[GroupCost]:
    """Return the cost of each group, by running the network once on a black image.

    Convolutions and linear layers are counted, as in the tables of most papers; what normalisation,
    activations, pooling and additions cost is not, nor what a network computes without a layer.

    Args:
        net: the network; its mode stays as it is.
        groups: of the network, see `zest.models.groups.layer_groups`.
        size: width and height of the image, in pixels.
    """
    macs: dict[str, int] = {}
    outputs: dict[str, tuple[int, ...]] = {}
    names = {group.name for group in groups}
    hooks = []
    for name, layer in net.named_sublayers():
        if isinstance(layer, nn.Conv2D | nn.Linear):
            macs[name] = 0
            hooks.append(layer.register_forward_post_hook(_adding(macs, name)))
        if name in names:
            hooks.append(layer.register_forward_post_hook(_noting(outputs, name)))
    modes = [(layer, layer.training) for layer in net.sublayers(include_self=True)]
    net.eval()
    with paddle.no_grad():
        net(paddle.zeros([1, 3, size, size]))
    for layer, training in modes:
        layer.training = training
    for hook in hooks:
        hook.remove()

    shapes = dict(net.named_parameters())
    statistics = {name for name in shapes if name.endswith(("._mean", "._variance"))}
    costs = []
    for group in groups:
        counted = [name for name in macs if f"{name}.weight" in group.parameters]
        learnable = [name for name in group.parameters if name not in statistics]
        kept_up = [name for name in group.parameters if name in statistics]
        costs.append(
            GroupCost(
                name=group.name,
                output=outputs.get(group.name, ()),
                layers=len(counted),
                parameters=sum(_size(shapes[name]) for name in learnable),
                buffers=sum(_size(shapes[name]) for name in kept_up),
                macs=sum(macs[name] for name in counted),
            )
        )
    return costs


def layer_macs(layer: nn.Conv2D | nn.Linear, output: tuple[int, ...]) -> int:
    """Return the multiplications of a layer for an output of this shape, batch left out.

    Every value of a convolution's output is a sum over its kernel and the channels of its group;
    every value of a linear layer's over its inputs.
    """
    weight = layer.weight.shape  # (out, in / groups, h, w), or (in, out)
    terms = weight[0] if isinstance(layer, nn.Linear) else int(np.prod(weight[1:]))
    return int(np.prod(output)) * terms


def _adding(macs: dict[str, int], name: str) -> Callable:
    def hook(layer, inputs, output):
        macs[name] += layer_macs(layer, tuple(output.shape[1:]))

    return hook


def _noting(outputs: dict[str, tuple[int, ...]], name: str) -> Callable:
    def hook(layer, inputs, output):
        first = output[0] if isinstance(output, tuple | list) else output
        outputs[name] = tuple(first.shape[1:])

    return hook


def _size(parameter: paddle.Tensor) -> int:
    return int(np.prod(parameter.shape))
