"""Building a network by the name of its architecture."""

import itertools

import paddle
import paddle.vision
from paddle import nn
from paddle.utils import unique_name

from zest.errors import UserError
from zest.models.custom import load_class
from zest.models.efficientnet_lite import EfficientNetLite
from zest.models.groups import find_head
from zest.models.paddleclas import build_backbone
from zest.models.pretrained import load_pretrained
from zest.models.regularisation import set_drop_path, set_dropout
from zest.models.seeding import seed_everything
from zest.models.table import ARCHITECTURES, find_architecture
from zest.models.teaching import CONSTRUCTORS
from zest.models.weight_files import load_weights

_NUMBERS = itertools.count()  # of the networks from outside that this process has built


def build(settings: dict, num_classes: int, seed: int) -> nn.Layer:
    """Build a classifier, in training mode.

    Args:
        settings: of the model, as config/schema.yaml describes them. `architecture` is needed;
            where `pretrained`, `weights`, `dropout` or `drop_path` are missing, they are off. With
            `image_size` (224 where it is missing) networks outside the table are tried out. Other
            keys do not matter.
        num_classes: number of logits.
        seed: of the random initial weights, 0..2^32-1. The global generators are set to it.

    Returns:
        A layer: float32 (batch, 3, height, width), RGB, normalised with the architecture's mean and
        std -> logits, float32 (batch, num_classes).

    Raises:
        UserError: no such architecture, no pretrained weights on this machine, weights that do not
            fit, or an architecture without what `dropout` or `drop_path` set.
    """
    architecture = settings["architecture"]
    seed_everything(seed)
    net = construct(architecture, num_classes)
    if architecture not in ARCHITECTURES:
        _check_output(net, architecture, num_classes, settings.get("image_size") or 224)
    if settings.get("weights"):
        loaded = load_weights(net, settings["weights"], architecture, num_classes)
        print(f"{architecture}: {settings['weights']}: {loaded}", flush=True)
    elif settings.get("pretrained"):
        report = load_pretrained(net, architecture)
        print(f"{architecture}: ImageNet weights: {report}", flush=True)
        if report.left_over or report.missing:
            raise UserError(
                f"the pretrained weights are not those of {architecture}: "
                f"left over {report.left_over}, missing {report.missing}. "
                "Install the package of the weights again, or set pretrained: false."
            )
    if settings.get("dropout") is not None:
        set_dropout(net, architecture, settings["dropout"])
    if settings.get("drop_path"):
        set_drop_path(net, architecture, settings["drop_path"])
    return net


def construct(architecture: str, num_classes: int) -> nn.Layer:
    """Build a network with random weights from Paddle's global generator, in training mode.

    Raises:
        UserError: there is no such architecture.
    """
    family = find_architecture(architecture).family
    if family == "efficientnet_lite":
        return EfficientNetLite(architecture, num_classes)
    if family == "teaching":
        return CONSTRUCTORS[architecture](num_classes)
    if family == "paddle.vision":
        return getattr(paddle.vision.models, architecture)(num_classes=num_classes)
    # Some give their parameters names, which Paddle wants to be unique in the process.
    with unique_name.guard(f"network{next(_NUMBERS)}_"):
        if family == "paddleclas":
            return build_backbone(architecture.removeprefix("paddleclas/"), num_classes)
        return _build_own(architecture, num_classes)


def _build_own(path: str, num_classes: int) -> nn.Layer:
    """Call the user's own class."""
    own = load_class(path)
    try:
        net = own(num_classes=num_classes)
    except Exception as error:  # the user's own code can fail in any way
        raise UserError(
            f"architecture: {path}(num_classes={num_classes}) fails with "
            f"{type(error).__name__}: {error}. It is called with the number of classes alone."
        ) from error
    if not isinstance(net, nn.Layer):
        raise UserError(
            f"architecture: {path} makes a {type(net).__name__}, not a paddle.nn.Layer. Let the "
            "class inherit from paddle.nn.Layer."
        )
    return net


def _first_line(error: Exception) -> str:
    """Paddle adds hints and traces of its own below the message."""
    return str(error).strip().partition("\n")[0]


def _check_output(net: nn.Layer, architecture: str, num_classes: int, size: int) -> None:
    """Run a network that is not in the table on two grey images, to see that it gives logits.

    Raises:
        UserError: it fails on them, gives something else, or has no classifier that can be found.
    """
    net.eval()
    try:
        with paddle.no_grad():
            logits = net(paddle.zeros([2, 3, size, size]))
    except Exception as error:
        raise UserError(
            f"architecture: {architecture} fails on images of {size} x {size} pixels with "
            f"{type(error).__name__}: {_first_line(error)} Some networks take one size only: set "
            "image_size."
        ) from error
    net.train()
    shape = list(logits.shape) if isinstance(logits, paddle.Tensor) else type(logits).__name__
    if shape != [2, num_classes]:
        raise UserError(
            f"architecture: {architecture} gives {shape} for a batch of 2 images; it must give "
            f"logits of the shape [2, {num_classes}]."
        )
    find_head(net, architecture, num_classes)
