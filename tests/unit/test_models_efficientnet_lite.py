"""EfficientNet-Lite has the architecture of the paper and the padding of TensorFlow."""

import numpy as np
import paddle
import pytest

from zest.models.efficientnet_lite import (
    SCALINGS,
    Block,
    ConvNorm,
    EfficientNetLite,
    Stage,
    scale_channels,
    scale_stages,
)


@pytest.mark.parametrize(
    ("channels", "width", "scaled"),
    [(32, 1.0, 32), (16, 1.1, 16), (24, 1.1, 24), (40, 1.1, 48), (80, 1.1, 88), (112, 1.1, 120)],
)
def test_channels_are_scaled_to_multiples_of_eight(channels, width, scaled):
    assert scale_channels(channels, width) == scaled


@pytest.mark.parametrize(
    ("architecture", "repeats"),
    [
        ("efficientnet_lite0", [1, 2, 2, 3, 3, 4, 1]),
        ("efficientnet_lite1", [1, 3, 3, 4, 4, 5, 1]),
        ("efficientnet_lite2", [1, 3, 3, 4, 4, 5, 1]),
    ],
)
def test_depth_is_scaled_but_not_of_the_first_and_last_stage(architecture, repeats):
    assert [stage.repeats for stage in scale_stages(SCALINGS[architecture])] == repeats


def convolve_same(x, weight, stride):
    """Convolve one channel as TensorFlow documents SAME, in float64.

    https://www.tensorflow.org/api_docs/python/tf/nn (notes on padding): the output has
    ceil(size / stride) pixels; of the padding that this needs, the smaller half goes before.
    """
    size, kernel = len(x), len(weight)
    out = -(-size // stride)
    padding = max((out - 1) * stride + kernel - size, 0)
    padded = np.pad(x, ((padding // 2, padding - padding // 2),) * 2)
    steps = range(0, out * stride, stride)
    return np.array(
        [[(padded[i : i + kernel, j : j + kernel] * weight).sum() for j in steps] for i in steps]
    )


@pytest.mark.parametrize("size", [7, 8, 9, 10])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_that_of_tensorflow(size, kernel, stride):
    layer = ConvNorm(1, 1, kernel, stride=stride, activate=False)
    x = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    y = layer.conv(paddle.to_tensor(x[None, None])).numpy()[0, 0]
    expected = convolve_same(x, layer.conv.weight.numpy()[0, 0], stride)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_batch_normalisation_has_the_constants_of_the_paper():
    norm = ConvNorm(3, 8, 3).norm
    assert (norm._epsilon, norm._momentum) == (1e-3, 0.9)


@pytest.mark.parametrize(
    ("architecture", "rate"),
    [("efficientnet_lite0", 0.2), ("efficientnet_lite1", 0.2), ("efficientnet_lite2", 0.3)],
)
def test_dropout_before_the_classifier_grows_with_the_network(architecture, rate):
    assert EfficientNetLite(architecture, 2).dropout.p == rate


def test_any_image_size_and_batch_gives_logits():
    net = EfficientNetLite("efficientnet_lite0", 5)
    net.eval()
    for shape in ((1, 3, 64, 64), (2, 3, 75, 97)):
        x = paddle.zeros(shape)
        assert net.features(x).shape == [shape[0], 1280]
        assert net(x).shape == [shape[0], 5]


def test_a_block_adds_its_input_only_where_shapes_agree():
    blocks = EfficientNetLite("efficientnet_lite0", 2).blocks
    residual = [number for number, block in enumerate(blocks) if block.residual]
    assert residual == [2, 4, 6, 7, 9, 10, 12, 13, 14]
    same_channels = Stage(repeats=1, kernel=3, stride=2, expansion=2, channels=8)
    assert not Block(8, same_channels, stride=2).residual
    assert Block(8, same_channels, stride=1).residual
