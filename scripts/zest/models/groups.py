"""The layers of a network from input to output: what is frozen, slowed down, cut off or cut in two.

A group is what belongs together when layers are frozen or learn more slowly: of EfficientNet-Lite
the stem, each block, the head and the classifier; of any other network its children in order, where
Sequentials and LayerLists are taken apart once. A normalisation layer belongs to the layer before
it, a layer without parameters to the group after it, and the classifier is the last group alone.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import paddle
import paddle.vision.models as vision
from paddle import nn

from zest.errors import UserError
from zest.models.efficientnet_lite import EfficientNetLite
from zest.models.table import find_architecture
from zest.models.teaching import SmallCNN

NORMALISATIONS = (nn.BatchNorm, nn.BatchNorm2D, nn.GroupNorm, nn.InstanceNorm2D, nn.LayerNorm)

# Networks that run their children one after the other, and the child before which they flatten.
CHAINS: dict[type[nn.Layer], str] = {
    EfficientNetLite: "dropout",
    SmallCNN: "dropout",
    vision.DenseNet: "out",
    vision.InceptionV3: "dropout",
    vision.MobileNetV1: "fc",
    vision.MobileNetV2: "classifier",
    vision.MobileNetV3Large: "classifier",
    vision.MobileNetV3Small: "classifier",
    vision.ResNet: "fc",
    vision.ShuffleNetV2: "_fc",
    vision.VGG: "classifier",
}


@dataclass(frozen=True)
class LayerGroup:
    """Layers that are frozen together and share a learning rate.

    Attributes:
        name: of the layer that the group is named after, as in `net.named_sublayers()`.
        layers: the layers; `eval()` of each sets all that is in the group.
        parameters: names as in `net.named_parameters()`, where Paddle also has the running means
            and variances of batch normalisation.
    """

    name: str
    layers: tuple[nn.Layer, ...]
    parameters: tuple[str, ...]


def find_head(net: nn.Layer, architecture: str, num_classes: int | None = None) -> str:
    """Return the name of the layer that gives the logits, as in `net.named_sublayers()`.

    Where the table does not know it, it is the last Linear or Conv2D that the network registers
    with `num_classes` outputs, or with any number of them where that is None.

    Raises:
        UserError: the network has no such layer.
    """
    known = find_architecture(architecture).head
    if known is not None:
        return known
    heads = [
        name
        for name, layer in net.named_sublayers()
        if isinstance(layer, nn.Linear | nn.Conv2D) and num_classes in (None, _outputs(layer))
    ]
    if not heads:
        raise UserError(
            f"architecture: {architecture} has no nn.Linear and no nn.Conv2D with "
            f"{num_classes or 'any'} outputs, so there is no classifier. End it with an "
            "nn.Linear(features, num_classes)."
        )
    return heads[-1]


def head_parameters(net: nn.Layer, architecture: str, num_classes: int | None = None) -> set[str]:
    """Return the names of the classifier's parameters, as in `net.named_parameters()`.

    Raises:
        UserError: the network has no layer that can be the classifier, see `find_head`.
    """
    head = find_head(net, architecture, num_classes)
    return {name for name, _ in net.named_parameters() if name.rpartition(".")[0] == head}


def layer_groups(net: nn.Layer, head: set[str]) -> list[LayerGroup]:
    """Return the groups of a network from input to output; the last is the classifier.

    Every parameter is in exactly one group. Parameters of the network itself, such as a class
    token, are in the first.

    Args:
        net: the network.
        head: names of the classifier's parameters, see `head_parameters`.
    """
    head_layer = _layer_of(head)
    kept: list[tuple[str, list[tuple[str, nn.Layer]]]] = []  # group by group: name and units
    waiting: list[tuple[str, nn.Layer]] = []
    classifier: list[tuple[str, nn.Layer]] = []
    for name, layer in _units(net, head_layer):
        waiting.append((name, layer))
        if name == head_layer:
            classifier, waiting = waiting, []
        elif kept and isinstance(layer, NORMALISATIONS):
            kept[-1][1].extend(waiting)
            waiting = []
        elif layer.parameters():
            kept.append((name, waiting))
            waiting = []
    kept.append((head_layer, classifier + waiting))

    left = [name for name, _ in net.named_parameters()]
    groups = []
    for group, units in kept:
        inside = tuple(f"{name}." for name, _ in units)
        parameters = tuple(name for name in left if name.startswith(inside))
        left = [name for name in left if name not in parameters]
        groups.append(LayerGroup(group, tuple(layer for _, layer in units), parameters))
    groups[0] = dataclasses.replace(groups[0], parameters=(*left, *groups[0].parameters))
    return groups


def frozen_groups(groups: list[LayerGroup], frozen: int | str) -> list[LayerGroup]:
    """Return the first `frozen` groups; `trunk` is all but the classifier.

    Raises:
        UserError: nothing would be left to learn.
    """
    number = len(groups) - 1 if isinstance(frozen, str) else frozen
    if not 0 <= number < len(groups):
        raise UserError(
            f"frozen: the network has {len(groups)} groups of layers, of which the last always "
            f"learns, so {frozen} cannot be frozen; `snakemake model_summary` numbers them."
        )
    return groups[:number]


def freeze(
    groups: list[LayerGroup], frozen: int | str, learnable: dict[str, paddle.Tensor]
) -> list[LayerGroup]:
    """Let the first groups get no gradients, and all others get them; return the first ones.

    Args:
        groups: of the network.
        frozen: how many, or `trunk`.
        learnable: its parameters without the batch statistics, by name.
    """
    still = frozen_groups(groups, frozen)
    for number, group in enumerate(groups):
        for name in group.parameters:
            if name in learnable:
                learnable[name].stop_gradient = number < len(still)
    return still


def trunk(net: nn.Layer, head: set[str]) -> nn.Layer:
    """Take the classifier off, in place, and return the network: it gives the classifier's input.

    That is float32 (batch, features). SqueezeNet classifies before it pools; of it what remains is
    the mean over the image of the classifier's input.

    Args:
        net: the network.
        head: names of the classifier's parameters, see `head_parameters`.
    """
    parent, _, name = _layer_of(head).rpartition(".")
    setattr(dict(net.named_sublayers(include_self=True))[parent], name, nn.Identity())
    return net


def split(net: nn.Layer, architecture: str, frozen: int | str) -> tuple[nn.Layer, nn.Layer]:
    """Cut a network in two after its first `frozen` groups.

    `back(front(x))` is `net(x)`; both share their parameters with `net`. Layers behind the cut that
    neither learn nor draw random numbers, such as ReLU and pooling, belong to the front, because
    the front's output is computed once and kept.

    Args:
        net: a network that runs its layers one after the other.
        architecture: its name.
        frozen: number of groups of `layer_groups`; `trunk` is all but the last.

    Returns:
        front: images, float32 (batch, 3, height, width), to activations.
        back: activations to logits, float32 (batch, num_classes).

    Raises:
        UserError: the network is no such chain, or has fewer groups.
    """
    chain = _chain(net, architecture)
    groups = layer_groups(net, head_parameters(net, architecture))
    still = frozen_groups(groups, frozen)
    frozen_layers = {id(layer) for group in still for layer in group.layers}
    cut = max((i for i, layer in enumerate(chain, 1) if id(layer) in frozen_layers), default=0)
    while cut and not (chain[cut].parameters() or _draws(chain[cut])):
        cut += 1
    return nn.Sequential(*chain[:cut]), nn.Sequential(*chain[cut:])


def _draws(layer: nn.Layer) -> bool:
    return any(
        isinstance(one, nn.Dropout | nn.Dropout2D | nn.AlphaDropout)
        for one in layer.sublayers(include_self=True)
    )


def _chain(net: nn.Layer, architecture: str) -> list[nn.Layer]:
    """Return the layers that a network runs one after the other.

    Raises:
        UserError: it does not.
    """
    if type(net).forward is nn.Sequential.forward:
        flatten_before = None
    elif type(net) in CHAINS:
        flatten_before = CHAINS[type(net)]
    else:
        raise UserError(
            f"cache_frozen: {architecture} cannot be cut in two, because it is not known to run "
            "its layers one after the other. Set cache_frozen: false; EfficientNet-Lite, the "
            "teaching baselines, all of paddle.vision but SqueezeNet, and any nn.Sequential can be."
        )
    chain: list[nn.Layer] = []
    for name, child in net.named_children():
        if name == flatten_before:
            chain.append(nn.Flatten())
        chain.extend(child.children() if type(child) in (nn.Sequential, nn.LayerList) else [child])
    return chain


def _units(net: nn.Layer, head: str) -> Iterator[tuple[str, nn.Layer]]:
    """Yield the children of a network with their full names, containers taken apart once.

    What holds the classifier is taken apart further, until the classifier stands by itself.
    """
    waiting = [(name, child, True) for name, child in net.named_children()]
    while waiting:
        name, layer, outermost = waiting.pop(0)
        container = type(layer) in (nn.Sequential, nn.LayerList)
        if head.startswith(f"{name}.") or (outermost and container):
            parts = layer.named_children()
            waiting[:0] = [(f"{name}.{part}", one, not container) for part, one in parts]
        else:
            yield name, layer


def _outputs(layer: nn.Layer) -> int:
    """Return the outputs of a Linear (in, out) or the channels of a Conv2D (out, in, h, w)."""
    return layer.weight.shape[1 if isinstance(layer, nn.Linear) else 0]


def _layer_of(head: set[str]) -> str:
    """Return the name of the layer that the parameters belong to."""
    (name,) = {parameter.rpartition(".")[0] for parameter in head}
    return name
