"""The teaching baselines are what their papers say, take any image and learn."""

import numpy as np
import paddle
import pytest

from zest.models.registry import build
from zest.models.table import parameter_count
from zest.models.teaching import SmallCNN, lenet5


def test_lenet5_has_the_layers_of_the_paper():
    net = lenet5(10)
    x, maps = paddle.zeros([1, 3, 32, 32]), {}
    for name, layer in net.named_children():
        x = layer(x)
        maps[name] = x.shape[1:]
    assert maps["c1"] == [6, 28, 28]
    assert maps["s2"] == [6, 14, 14]
    assert maps["c3"] == [16, 10, 10]
    assert maps["s4"] == [16, 5, 5]
    assert maps["c5"] == [120, 1, 1]
    assert maps["f6"] == [84]
    assert maps["output"] == [10]


def test_lenet5_pools_to_the_papers_size_only_where_the_image_is_larger():
    net = lenet5(10)
    x = paddle.rand([1, 3, 32, 32])
    pooled = dict(net.named_children())["s4"](paddle.rand([1, 16, 10, 10]))
    assert pooled.shape == [1, 16, 5, 5]
    before = x
    for name, layer in net.named_children():
        if name == "s4":
            halved = paddle.nn.functional.avg_pool2d(before, 2)
            np.testing.assert_allclose(layer(before).numpy(), halved.numpy(), rtol=1e-6)
        before = layer(before)


@pytest.mark.parametrize("architecture", ["lenet5", "small_cnn"])
@pytest.mark.parametrize("size", [16, 33, 128])
def test_images_of_any_size_give_logits(architecture, size):
    net = build({"architecture": architecture}, 4, seed=0)
    assert net(paddle.rand([2, 3, size, size + 5])).shape == [2, 4]


def test_they_are_small():
    assert parameter_count("lenet5", 10) == 62006
    assert parameter_count("small_cnn", 10) < 400_000


def test_the_small_cnn_halves_the_image_and_doubles_the_channels():
    x, shapes = paddle.zeros([1, 3, 128, 128]), []
    for stage in SmallCNN(4).stages:
        x = stage(x)
        shapes.append(x.shape[1:])
    assert shapes == [[32, 64, 64], [64, 32, 32], [128, 16, 16], [256, 8, 8]]


@pytest.mark.parametrize("architecture", ["lenet5", "small_cnn"])
def test_they_learn_to_tell_bright_from_dark(architecture):
    net = build({"architecture": architecture}, 2, seed=0)
    labels = paddle.to_tensor(np.arange(16) % 2)
    images = paddle.rand([16, 3, 32, 32]) * 0.2 + labels.reshape([16, 1, 1, 1]).astype("float32")
    optimizer = paddle.optimizer.Adam(0.01, parameters=net.parameters())
    for _ in range(15):
        paddle.nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()
        optimizer.clear_grad()
    assert (net(images).argmax(axis=1) == labels).all()
