"""Building a network by the name of its architecture."""

import paddle
import paddle.vision
from paddle import nn

from zest.errors import UserError
from zest.models.efficientnet_lite import EfficientNetLite
from zest.models.pretrained import load_pretrained
from zest.models.table import find_architecture


def build(architecture: str, num_classes: int, pretrained: bool, seed: int) -> nn.Layer:
    """Build a classifier, in training mode.

    Args:
        architecture: a name of `zest.models.table.ARCHITECTURES`.
        num_classes: number of logits.
        pretrained: start from ImageNet weights; the classifier starts anew for other classes.
        seed: of the random initial weights. Paddle's global generator is set to it, and dropout
            continues from there.

    Returns:
        A layer: float32 (batch, 3, height, width), RGB, normalised with the architecture's mean and
        std -> logits, float32 (batch, num_classes).

    Raises:
        UserError: no such architecture, or no pretrained weights on this machine.
    """
    row = find_architecture(architecture)
    paddle.seed(seed)
    if row.family == "efficientnet_lite":
        net: nn.Layer = EfficientNetLite(architecture, num_classes)
    else:
        net = getattr(paddle.vision.models, architecture)(num_classes=num_classes)
    if pretrained:
        report = load_pretrained(net, architecture)
        print(f"{architecture}: ImageNet weights: {report}", flush=True)
        if report.left_over or report.missing:
            raise UserError(
                f"the pretrained weights are not those of {architecture}: "
                f"left over {report.left_over}, missing {report.missing}. "
                "Install the package of the weights again, or set pretrained: false."
            )
    return net
