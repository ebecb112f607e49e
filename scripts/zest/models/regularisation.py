"""Dropout before the classifier and stochastic depth: what is left out at random in training."""

import paddle
from paddle import nn
from paddle.nn import functional

from zest.errors import UserError
from zest.models.efficientnet_lite import EfficientNetLite


class DropPath(nn.Layer):
    """Sets photos to zero at random, in training, and divides the others by their share.

    In evaluation it changes nothing; the mean is the same. (Dropout along one axis would do, but
    Paddle 3.3 cannot trace that into its older program format.)
    """

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, x):
        """(batch, channels, h, w) -> the same."""
        if not self.training:
            return x
        photos = paddle.ones([x.shape[0], 1, 1, 1])
        return x * functional.dropout(photos, self.probability)


def set_dropout(net: nn.Layer, architecture: str, probability: float) -> None:
    """Set the probability of the dropout before the classifier (Srivastava et al. 2014, JMLR 15).

    Raises:
        UserError: the network has none.
    """
    dropouts = [layer for layer in net.sublayers() if isinstance(layer, nn.Dropout)]
    if not dropouts:
        raise UserError(
            f"dropout: {architecture} has no dropout before its classifier. "
            "Set dropout: null for this model."
        )
    dropouts[-1].p = probability


def set_drop_path(net: nn.Layer, architecture: str, largest: float) -> None:
    """Let training skip residual blocks at random, each photo by itself (stochastic depth).

    Huang et al. 2016, arXiv:1603.09382, equation 4: of L residual blocks the l-th is skipped with
    probability largest * l / L. What a block adds to its input is 0 then, and is divided by the
    probability of being kept otherwise, so that evaluation needs no factor (the paper multiplies in
    evaluation instead, with the same mean).

    Raises:
        UserError: the network is no EfficientNet-Lite.
    """
    if not isinstance(net, EfficientNetLite):
        raise UserError(
            f"drop_path: {architecture} has no blocks that can be skipped; only EfficientNet-Lite "
            "has. Set drop_path: 0 for this model."
        )
    blocks = [block for block in net.blocks if block.residual]
    for number, block in enumerate(blocks, start=1):
        block.drop_path = DropPath(largest * number / len(blocks))
