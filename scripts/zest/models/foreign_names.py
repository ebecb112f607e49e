"""What timm and torchvision call the layers of the networks that have other names here.

Of ResNet, VGG and MobileNetV2 paddle.vision has torchvision's names, and of ResNet timm's too; they
need no table. Numerals in the names are positions: blocks are counted in stages by timm and through
the whole network by the others.
"""

import re
from collections.abc import Callable, Iterable

# timm's layers of a block by what they do; its blocks are told apart by the layers they have.
_INVERTED = {  # widens, filters, narrows
    "conv_pw": ("expand", 0),
    "bn1": ("expand", 1),
    "conv_dw": ("depthwise", 0),
    "bn2": ("depthwise", 1),
    "conv_pwl": ("project", 0),
    "bn3": ("project", 1),
}
_SEPARABLE = {  # filters, narrows
    "conv_dw": ("depthwise", 0),
    "bn1": ("depthwise", 1),
    "conv_pw": ("project", 0),
    "bn2": ("project", 1),
}
_SQUEEZE = {"se.conv_reduce": ("squeeze", 0), "se.conv_expand": ("squeeze", 1)}
_PLAIN = {"conv": ("last", 0), "bn1": ("last", 1)}

# What the layers outside the blocks are called: timm's name, and ours.
_LITE = {
    "conv_stem": "stem.conv",
    "bn1": "stem.norm",
    "conv_head": "head.conv",
    "bn2": "head.norm",
}
_MOBILENET_V2 = {
    "conv_stem": "features.0.0",
    "bn1": "features.0.1",
    "conv_head": "features.18.0",
    "bn2": "features.18.1",
    "classifier": "classifier.1",
}
_MOBILENET_V3 = {
    "conv_stem": "conv.0",
    "bn1": "conv.1",
    "conv_head": "classifier.0",
    "classifier": "classifier.3",
}
_VGG = {
    "pre_logits.fc1": "classifier.0",
    "pre_logits.fc2": "classifier.3",
    "head.fc": "classifier.6",
}
_DENSENET = {
    "features.conv0": "conv1_func._conv",
    "features.norm0": "conv1_func._batch_norm",
    "features.norm5": "batch_norm",
    "classifier": "out",
}
_MOBILENET_V3_PARTS = {
    "expand": "expand_conv.{}",
    "depthwise": "bottleneck_conv.{}",
    "project": "linear_conv.{}",
}


def our_layers(architecture: str, layers: Iterable[str]) -> dict[str, str]:
    """Return our name for each layer of a file that has another one here.

    Args:
        architecture: a name of the table.
        layers: names of all layers of the file.
    """
    known = set(layers)
    if architecture.startswith("densenet"):
        return _DENSENET | {layer: _densenet(layer) for layer in known - _DENSENET.keys()}
    if architecture.startswith("vgg"):
        return _VGG
    if architecture.startswith("efficientnet_lite"):
        return _LITE | _timm_blocks(known, _lite_part)
    if architecture == "mobilenet_v2":
        return _MOBILENET_V2 | _timm_blocks(known, _mobilenet_v2_part)
    if architecture.startswith("mobilenet_v3"):
        timm = _MOBILENET_V3 | _timm_blocks(known, _mobilenet_v3_part)
        return timm if "conv_stem" in known else _torchvision_mobilenet_v3(known)
    return {}


def _densenet(layer: str) -> str:
    dense = re.fullmatch(r"features\.denseblock(\d)\.denselayer(\d+)\.(norm|conv)(\d)", layer)
    if dense:
        block, number, kind, half = dense.groups()
        stage = int(block) + 1
        part = {"norm": "_batch_norm", "conv": "_conv"}[kind]
        return f"db_conv_{stage}.conv{stage}_{number}.bn_ac_func{half}.{part}"
    transition = re.fullmatch(r"features\.transition(\d)\.(norm|conv)", layer)
    if transition:
        part = {"norm": "_batch_norm", "conv": "_conv"}[transition[2]]
        return f"tr_conv{int(transition[1]) + 1}_blk.conv_ac_func.{part}"
    return layer


def _timm_blocks(layers: set[str], part: Callable[[int, bool, str, int], str]) -> dict[str, str]:
    """Name the layers of timm's blocks, `blocks.STAGE.BLOCK.LAYER`.

    Args:
        layers: names of all layers of the file.
        part: gives our name from the number of the block, whether it widens, what the layer does
            and its number in that (0 convolution, 1 normalisation).
    """
    blocks: dict[tuple[int, int], dict[str, str]] = {}
    for layer in layers:
        found = re.fullmatch(r"blocks\.(\d+)\.(\d+)\.(.+)", layer)
        if found:
            blocks.setdefault((int(found[1]), int(found[2])), {})[found[3]] = layer
    names = {}
    for number, (_, inside) in enumerate(sorted(blocks.items())):
        widens = "conv_pwl" in inside
        roles = _INVERTED if widens else _SEPARABLE if "conv_dw" in inside else _PLAIN
        for name, layer in inside.items():
            if name in roles or name in _SQUEEZE:
                names[layer] = part(number, widens, *(roles | _SQUEEZE)[name])
    return names


def _lite_part(number: int, _: bool, role: str, index: int) -> str:
    return f"blocks.{number}.{role}.{('conv', 'norm')[index]}"


def _mobilenet_v2_part(number: int, widens: bool, role: str, index: int) -> str:
    order = (
        {"expand": 0, "depthwise": 1, "project": 2} if widens else {"depthwise": 0, "project": 1}
    )
    place = order[role]
    inside = f"{place + index}" if role == "project" else f"{place}.{index}"
    return f"features.{number + 1}.conv.{inside}"


def _mobilenet_v3_part(number: int, _: bool, role: str, index: int) -> str:
    if role == "last":
        return f"lastconv.{index}"
    if role == "squeeze":
        return f"blocks.{number}.mid_se.fc{index + 1}"
    return f"blocks.{number}.{_MOBILENET_V3_PARTS[role].format(index)}"


def _torchvision_mobilenet_v3(layers: set[str]) -> dict[str, str]:
    """Name torchvision's layers, `features.NUMBER.block.PART.LAYER`, by the parts there are."""
    blocks: dict[int, set[tuple[int, str]]] = {}
    names = {}
    for layer in layers:
        inside = re.fullmatch(r"features\.(\d+)\.block\.(\d+)\.(.+)", layer)
        outside = re.fullmatch(r"features\.(\d+)\.([01])", layer)
        if inside:
            blocks.setdefault(int(inside[1]), set()).add((int(inside[2]), inside[3]))
        elif outside:
            names[layer] = f"conv.{outside[2]}" if outside[1] == "0" else f"lastconv.{outside[2]}"
    for number, parts in blocks.items():
        squeeze = next((part for part, layer in parts if layer == "fc1"), None)
        convolutions = sorted({part for part, _ in parts} - {squeeze})
        roles = list(_MOBILENET_V3_PARTS.values())[-len(convolutions) :]
        for part, layer in parts:
            ours = f"mid_se.{layer}" if part == squeeze else None
            ours = ours or roles[convolutions.index(part)].format(layer)
            names[f"features.{number}.block.{part}.{layer}"] = f"blocks.{number - 1}.{ours}"
    return names
