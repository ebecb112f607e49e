"""Two networks that are small enough to be read in a minute: what the large ones are compared with.

Both take images of any size: their last pooling makes one size of all. Normalisation is ImageNet's.

Input: float32 (batch, 3, height, width). Output: float32 (batch, num_classes), logits.
"""

import itertools

import paddle
from paddle import nn


def lenet5(num_classes: int) -> nn.Sequential:
    """Build LeNet-5, written as a sequence of layers, under the names that the paper gives them.

    LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 1998,
    section II.B. It differs where the field has moved on: colour instead of grey, plain pooling
    and tanh without trainable or fixed factors, every map of C3 sees all maps of S2, and a linear
    output. S4 pools to 5 x 5 whatever the image; for one of 32 x 32 pixels that is the paper's.

    Shapes in the comments are those for an image of 32 x 32.
    """
    return nn.Sequential(  # (batch, 3, 32, 32)
        ("c1", nn.Conv2D(3, 6, 5)),  # (batch, 6, 28, 28)
        ("c1_tanh", nn.Tanh()),
        ("s2", nn.AvgPool2D(2)),  # (batch, 6, 14, 14)
        ("c3", nn.Conv2D(6, 16, 5)),  # (batch, 16, 10, 10)
        ("c3_tanh", nn.Tanh()),
        ("s4", nn.AdaptiveAvgPool2D(5)),  # (batch, 16, 5, 5)
        ("c5", nn.Conv2D(16, 120, 5)),  # (batch, 120, 1, 1)
        ("c5_tanh", nn.Tanh()),
        ("flatten", nn.Flatten()),  # (batch, 120)
        ("f6", nn.Linear(120, 84)),  # (batch, 84)
        ("f6_tanh", nn.Tanh()),
        ("output", nn.Linear(84, num_classes)),  # (batch, num_classes)
    )


class SmallCNN(nn.Layer):
    """Four convolutions with batch normalisation, written as a subclass of Layer.

    Each stage halves the image and has twice as many channels as the one before. The mean over the
    image (global average pooling; Lin et al. 2014, arXiv:1312.4400) goes to a linear classifier.

    Shapes in the comments are those for an image of 128 x 128.
    """

    def __init__(self, num_classes: int):
        super().__init__()
        channels = (3, 32, 64, 128, 256)
        self.stages = nn.LayerList(
            self._stage(before, after) for before, after in itertools.pairwise(channels)
        )
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(0.2)
        self.classifier = nn.Linear(channels[-1], num_classes)

    @staticmethod
    def _stage(channels_in: int, channels_out: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2D(channels_in, channels_out, 3, padding=1, bias_attr=False),
            nn.BatchNorm2D(channels_out),
            nn.ReLU(),
            nn.MaxPool2D(2),
        )

    def forward(self, x):
        """(batch, 3, h, w) -> logits (batch, num_classes)."""
        for stage in self.stages:
            x = stage(x)  # (batch, 32, 64, 64) ... (batch, 256, 8, 8)
        x = paddle.flatten(self.pool(x), 1)  # (batch, 256)
        return self.classifier(self.dropout(x))


CONSTRUCTORS = {"lenet5": lenet5, "small_cnn": SmallCNN}
