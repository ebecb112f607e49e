"""EfficientNet-Lite: EfficientNet without what small devices are slow at.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
https://arxiv.org/abs/1905.11946 (Table 1 and section 4: the blocks, and how they are scaled), and
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (what Lite changes):
no squeeze-and-excitation, ReLU6 instead of swish, stem and head are not scaled.

Input: float32 (batch, 3, height, width), RGB; pixels as (value - 127) / 128 where value is 0..255.
Output: float32 (batch, num_classes), logits.
"""

import math
from dataclasses import dataclass

import paddle
from paddle import nn


@dataclass(frozen=True)
class Stage:
    """A run of blocks with one kernel size; only its first block has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


# Table 1 of the paper, before scaling. Each stage's first block also changes the channels.
STAGES = (
    Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280


@dataclass(frozen=True)
class Scaling:
    """How a family member differs from Lite0."""

    width: float
    depth: float
    dropout: float


SCALINGS = {
    "efficientnet_lite0": Scaling(width=1.0, depth=1.0, dropout=0.2),
    "efficientnet_lite1": Scaling(width=1.0, depth=1.1, dropout=0.2),
    "efficientnet_lite2": Scaling(width=1.1, depth=1.2, dropout=0.3),
}


def scale_channels(channels: int, width: float) -> int:
    """Scale to the nearest multiple of 8."""
    return int(channels * width + 4) // 8 * 8


def scale_stages(scaling: Scaling) -> list[Stage]:
    """Return the stages of a family member. The first and the last keep their number of blocks."""
    stages = []
    for index, stage in enumerate(STAGES):
        inner = 0 < index < len(STAGES) - 1
        stages.append(
            Stage(
                repeats=math.ceil(stage.repeats * scaling.depth) if inner else stage.repeats,
                kernel=stage.kernel,
                stride=stage.stride,
                expansion=stage.expansion,
                channels=scale_channels(stage.channels, scaling.width),
            )
        )
    return stages


class ConvNorm(nn.Layer):
    """Convolution without bias, batch normalisation and, where asked, ReLU6.

    The padding is TensorFlow's SAME: with stride 2 it depends on the size of the input and may be
    one pixel more at the bottom and the right. Weights trained there need exactly this. The batch
    statistics follow within some twenty steps (momentum 0.9; the original 0.99 is for millions of
    photos), because a fine-tuning on few photos has but a hundred.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activate: bool = True,
    ):
        super().__init__()
        fan_out = kernel * kernel * channels_out // groups
        self.conv = nn.Conv2D(
            channels_in,
            channels_out,
            kernel,
            stride=stride,
            padding="SAME",
            groups=groups,
            bias_attr=False,
            weight_attr=nn.initializer.Normal(0.0, math.sqrt(2.0 / fan_out)),
        )
        self.norm = nn.BatchNorm2D(channels_out, momentum=0.9, epsilon=1e-3)
        self.activation = nn.ReLU6() if activate else nn.Identity()

    def forward(self, x):
        """(batch, channels_in, h, w) -> (batch, channels_out, ceil(h/stride), ceil(w/stride))."""
        return self.activation(self.norm(self.conv(x)))


class Block(nn.Layer):
    """Inverted residual: widen with 1x1, filter each channel, narrow with 1x1 (MobileNetV2).

    Sandler et al., https://arxiv.org/abs/1801.04381, section 3.3.
    """

    def __init__(self, channels_in: int, stage: Stage, stride: int):
        super().__init__()
        wide = channels_in * stage.expansion
        self.expand = ConvNorm(channels_in, wide, 1) if stage.expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, stage.kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, stage.channels, 1, activate=False)
        self.residual = stride == 1 and channels_in == stage.channels
        self.drop_path = nn.Identity()  # for training, see zest.models.regularisation

    def forward(self, x):
        """(batch, channels_in, h, w) -> (batch, channels, ceil(h/stride), ceil(w/stride))."""
        y = self.expand(x)  # (batch, channels_in * expansion, h, w)
        y = self.depthwise(y)  # (batch, channels_in * expansion, h / stride, w / stride)
        y = self.project(y)  # (batch, channels, h / stride, w / stride)
        return x + self.drop_path(y) if self.residual else y


class EfficientNetLite(nn.Layer):
    """EfficientNet-Lite0, 1 or 2, as `architecture` says.

    Shapes in the comments are those of Lite0 for a photo of 224 x 224.
    """

    def __init__(self, architecture: str, num_classes: int):
        super().__init__()
        scaling = SCALINGS[architecture]
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, stride=2)
        blocks = []
        channels = STEM_CHANNELS
        for stage in scale_stages(scaling):
            for repeat in range(stage.repeats):
                blocks.append(Block(channels, stage, stage.stride if repeat == 0 else 1))
                channels = stage.channels
        self.blocks = nn.LayerList(blocks)
        self.head = ConvNorm(channels, HEAD_CHANNELS, 1)
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.dropout = nn.Dropout(scaling.dropout)
        self.classifier = nn.Linear(
            HEAD_CHANNELS,
            num_classes,
            weight_attr=nn.initializer.Normal(0.0, 0.01),
            bias_attr=nn.initializer.Constant(0.0),
        )

    def features(self, x):
        """Return the classifier's input: (batch, 3, h, w) -> (batch, 1280)."""
        x = self.stem(x)  # (batch, 32, 112, 112)
        for block in self.blocks:
            x = block(x)  # (batch, 16, 112, 112) ... (batch, 320, 7, 7)
        x = self.head(x)  # (batch, 1280, 7, 7)
        return paddle.flatten(self.pool(x), 1)  # (batch, 1280)

    def forward(self, x):
        """(batch, 3, h, w) -> logits (batch, num_classes)."""
        return self.classifier(self.dropout(self.features(x)))
