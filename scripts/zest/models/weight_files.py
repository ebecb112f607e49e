"""Weights in files of the user's own: which format, and which tensor belongs to which layer.

Tensors are matched by name, after the names of timm and torchvision are turned into ours. Where the
names of a PyTorch file are still other ones, its tensors are matched by their order, and only if
the whole sequence of shapes and of kinds (weight, bias, mean, variance) is the same.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from paddle import nn
from safetensors import SafetensorError
from safetensors.numpy import load_file

from zest.errors import UserError
from zest.models.foreign_names import our_layers
from zest.models.groups import head_parameters
from zest.models.paddle_pickle import read_pdparams
from zest.models.pretrained import STATISTICS
from zest.models.torch_pickle import read_state_dict

ENOUGH = 0.9  # share of the tensors before the classifier
SHOWN = 4  # names in a message


@dataclass(frozen=True)
class WeightsReport:
    """What became of every tensor of a file and of the network; all are names.

    Attributes:
        loaded: tensors of the network that got the values of the file.
        missing: tensors of the network before the classifier that nothing fitted.
        left_over: tensors of the file that fit nowhere.
        head_replaced: the classifier stays as initialised: the file has none for as many classes.
        by_order: the tensors were matched by order and shape, because their names are other ones.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    head_replaced: bool
    by_order: bool

    def __str__(self) -> str:
        how = "by order and shape, because the names are other ones" if self.by_order else "by name"
        parts = [f"{len(self.loaded)} tensors loaded {how}"]
        parts.append(f"not in the file: {_listed(self.missing)}")
        parts.append(f"of the file not used: {_listed(self.left_over)}")
        if self.head_replaced:
            parts.append("the classifier is new")
        return "; ".join(parts)


def load_weights(
    net: nn.Layer, path: str | os.PathLike, architecture: str, num_classes: int
) -> WeightsReport:
    """Give `net` the weights of a file, in place.

    Args:
        net: the network.
        path: .pdparams, .safetensors, or a state dict of PyTorch (.pth, .pt, .bin).
        architecture: its name.
        num_classes: of the network; a classifier for another number stays as initialised.

    Raises:
        UserError: there is no such file, it cannot be read safely, or less than nine tenths of the
            network before the classifier are in it.
    """
    tensors = read_weights(path)
    state = {name: list(value.shape) for name, value in net.state_dict().items()}
    head = head_parameters(net, architecture, num_classes)
    linear = {
        f"{name}.weight" for name, layer in net.named_sublayers() if isinstance(layer, nn.Linear)
    }
    path = Path(path)
    if _is_paddles(path, tensors, state, linear):
        linear = set()
    else:
        tensors = _under_our_names(tensors, architecture)
    # A file of safetensors is sorted by name, so its order says nothing.
    in_order = path.suffix != ".safetensors"
    report, chosen = match(tensors, state, head, linear, in_order)
    trunk = len(state.keys() - head)
    found = trunk - len(report.missing)
    if found < ENOUGH * trunk:
        raise UserError(
            f"weights: {path} does not fit {architecture}: {found} of {trunk} tensors before the "
            f"classifier are in it. Not in the file: {_listed(report.missing)}; of the file not "
            f"used: {_listed(report.left_over)}. Name a file of this architecture, or set "
            "weights: null."
        )
    targets = net.state_dict()
    for name, value in chosen.items():
        targets[name].set_value(value.astype(targets[name].numpy().dtype))
    return report


def read_weights(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a file of weights: name -> array, in the order of the file.

    Raises:
        UserError: there is no such file, or it cannot be read safely.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"weights: {path}: there is no such file. Correct the path.")
    if path.suffix == ".pdparams":
        return read_pdparams(path)
    if path.suffix != ".safetensors":
        return read_state_dict(path)
    try:
        return load_file(path)
    # Types that numpy does not have end as other errors than those of the format.
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not a file of safetensors that can be read ({error}). Download it again; its "
            "values must be float16, float32 or float64."
        ) from error


def match(
    tensors: dict[str, np.ndarray],
    state: dict[str, list[int]],
    head: set[str],
    linear: set[str],
    in_order: bool,
) -> tuple[WeightsReport, dict[str, np.ndarray]]:
    """Find the tensor of a file for each of the network: by name, or else by order.

    Args:
        tensors: of the file, under our names where they are known.
        state: shape of each tensor of the network, in order.
        head: names of the classifier's tensors in the network.
        linear: names of the tensors that the file holds transposed, as (outputs, inputs).
        in_order: the tensors of the file are in the order of its layers.

    Returns:
        The report, and the values by the name in the network, in its shapes.
    """
    pairs = [(name, name) for name in state if name in tensors]
    chosen = _fitting(pairs, tensors, state, linear)
    by_order = False
    trunk = [name for name in state if name not in head]
    if in_order and sum(name in chosen for name in trunk) < ENOUGH * len(trunk):
        # The classifier is the last layer in both, and may be for other classes.
        inside = [*trunk, *(name for name in state if name in head)]
        ordered = list(zip(inside, tensors, strict=False))
        fitting = _fitting(ordered, tensors, state, linear)
        kinds_agree = all(_kind(ours) == _kind(theirs) for ours, theirs in ordered)
        if kinds_agree and len(tensors) in (len(trunk), len(inside)) and fitting.keys() >= {*trunk}:
            pairs, chosen, by_order = ordered, fitting, True
    used = {theirs for ours, theirs in pairs if ours in chosen}
    report = WeightsReport(
        loaded=tuple(chosen),
        missing=tuple(name for name in trunk if name not in chosen),
        left_over=tuple(name for name in tensors if name not in used),
        head_replaced=not head <= chosen.keys(),
        by_order=by_order,
    )
    return report, chosen


def _fitting(
    pairs: list[tuple[str, str]],
    tensors: dict[str, np.ndarray],
    state: dict[str, list[int]],
    linear: set[str],
) -> dict[str, np.ndarray]:
    """Return the values of the pairs whose shapes agree, in the shapes of the network."""
    chosen = {}
    for ours, theirs in pairs:
        value = tensors[theirs]
        if ours in linear and value.ndim in (2, 4):
            # Some write a linear layer as a convolution over the whole image.
            value = value.reshape(len(value), -1).T
        if list(value.shape) == state[ours]:
            chosen[ours] = value
    return chosen


def _is_paddles(
    path: Path, tensors: dict[str, np.ndarray], state: dict[str, list[int]], linear: set[str]
) -> bool:
    """Return whether a file has Paddle's names and shapes: linear layers as (inputs, outputs)."""
    return (
        path.suffix == ".pdparams"
        or any(name.endswith("._mean") for name in tensors)
        or any(
            list(tensors[name].shape) == state[name] != state[name][::-1]
            for name in linear & tensors.keys()
        )
    )


def _under_our_names(tensors: dict[str, np.ndarray], architecture: str) -> dict[str, np.ndarray]:
    """Return a PyTorch file's tensors under our names, without its counters of batches."""
    parts = {name: name.rpartition(".") for name in tensors}
    layers = our_layers(architecture, {layer for layer, _, _ in parts.values()})
    return {
        f"{layers.get(layer, layer)}.{STATISTICS.get(kind, kind)}".removeprefix("."): tensors[name]
        for name, (layer, _, kind) in parts.items()
        if kind != "num_batches_tracked"
    }


def _kind(name: str) -> str:
    return name.rpartition(".")[2]


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return ", ".join(names) or "none"
