"""Dropout and stochastic depth leave out what they should, as often as they should."""

import numpy as np
import paddle
import pytest
from paddle import nn

from zest.engine.fast_conv import accelerate
from zest.errors import UserError
from zest.models.registry import build


def network(architecture, **settings):
    return build({"architecture": architecture, **settings}, 4, seed=0)


@pytest.mark.parametrize(
    ("architecture", "layer"),
    [
        ("efficientnet_lite0", lambda net: net.dropout),
        ("mobilenet_v2", lambda net: net.classifier[0]),
        ("mobilenet_v3_small", lambda net: net.classifier[2]),
        ("squeezenet1_1", lambda net: net._drop),
        ("small_cnn", lambda net: net.dropout),
    ],
)
def test_dropout_is_that_before_the_classifier(architecture, layer):
    assert layer(network(architecture, dropout=0.45)).p == 0.45
    assert layer(network(architecture, dropout=0.0)).p == 0.0
    own = layer(network(architecture)).p
    assert layer(network(architecture, dropout=None)).p == own
    assert own not in (0.0, 0.45)


def test_of_several_dropouts_the_last_is_set():
    with paddle.LazyGuard():
        net = network("vgg11", dropout=0.1)
    assert [layer.p for layer in net.sublayers() if isinstance(layer, nn.Dropout)] == [0.5, 0.1]


def test_a_network_without_dropout_is_a_users_error():
    with pytest.raises(UserError, match=r"dropout: resnet18 has no dropout.*dropout: null"):
        network("resnet18", dropout=0.2)


def test_dropout_and_stochastic_depth_do_not_touch_each_other():
    net = network("efficientnet_lite0", dropout=0.3, drop_path=0.2)
    assert net.dropout.p == 0.3
    assert net.blocks[14].drop_path.probability == 0.2


def test_stochastic_depth_rises_linearly_over_the_residual_blocks():
    net = network("efficientnet_lite0", drop_path=0.18)
    chances = [block.drop_path.probability for block in net.blocks if block.residual]
    np.testing.assert_allclose(chances, 0.02 * np.arange(1, 10))
    assert all(isinstance(one.drop_path, nn.Identity) for one in net.blocks if not one.residual)


def test_stochastic_depth_is_for_efficientnet_lite_only():
    with pytest.raises(UserError, match="drop_path: resnet18 has no blocks that can be skipped"):
        network("resnet18", drop_path=0.2)


def test_a_block_is_skipped_photo_by_photo_and_scaled_where_it_is_kept():
    paddle.seed(3)
    net = network("efficientnet_lite0", drop_path=0.36)
    block = [block for block in net.blocks if block.residual][4]
    assert block.drop_path.probability == pytest.approx(0.2)
    block.eval()
    photos = paddle.rand([2000, 112, 1, 1])
    with paddle.no_grad():
        branch = block(photos) - photos
    np.testing.assert_array_equal(block(photos).numpy(), (photos + branch).numpy())
    block.drop_path.train()
    with paddle.no_grad():
        y = (block(photos) - photos).numpy()
    skipped = (np.abs(y) < 1e-6).all(axis=(1, 2, 3))
    assert skipped.mean() == pytest.approx(0.2, abs=0.03)
    np.testing.assert_allclose(y[~skipped], branch.numpy()[~skipped] / 0.8, rtol=1e-3, atol=1e-5)


def test_stochastic_depth_works_in_the_traced_network():
    net = network("efficientnet_lite0", drop_path=0.9, dropout=0.0)
    forward = accelerate(net)
    images = paddle.rand([2, 3, 32, 32])
    paddle.seed(1)
    first = forward(images)
    first.sum().backward()
    gradients = [p.grad for p in net.blocks[2].parameters() if not p.stop_gradient]
    assert all(gradient is not None for gradient in gradients)
    paddle.seed(1)
    again = forward(images).numpy()
    other = forward(images).numpy()
    np.testing.assert_array_equal(first.numpy(), again)
    assert not np.allclose(again, other)
    net.eval()
    with paddle.no_grad():
        np.testing.assert_allclose(
            forward(images).numpy(), net(images).numpy(), rtol=1e-3, atol=1e-3
        )
