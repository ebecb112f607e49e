"""Heat maps lie where the evidence lies, for any network, and leave the network as it was."""

import numpy as np
import paddle
import pytest
from paddle import nn

from zest.engine.grad_cam import NoHeatMaps, explain_images, find_last_maps, grad_cam
from zest.models.registry import construct

GREY = ((0.5,) * 3, (0.5,) * 3)


class Pooled(nn.Layer):
    """Convolution, mean over the image, linear: the network of class activation maps."""

    def __init__(self, channels: int = 6, classes: int = 4):
        super().__init__()
        self.maps = nn.Conv2D(3, channels, 3, stride=2, padding=1)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(self.maps(x).mean([2, 3]))


class Bypassed(Pooled):
    """The last layer with maps is added to a shortcut, which goes around it."""

    def __init__(self):
        super().__init__()
        self.more = nn.Conv2D(6, 6, 3, padding=1)

    def forward(self, x):
        x = self.maps(x)
        return self.head((x + self.more(x)).mean([2, 3]))


class CalledTwice(Pooled):
    """One activation layer serves two places, and what comes after works in place."""

    def __init__(self):
        super().__init__()
        self.activation = nn.ReLU()
        self.more = nn.Conv2D(6, 6, 3, stride=2, padding=1)

    def forward(self, x):
        x = self.activation(self.more(self.activation(self.maps(x))))
        return self.head(nn.functional.relu_(x).mean([2, 3]))


class Tokens(Pooled):
    """Patches become a row of tokens, as in a vision transformer."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        return self.head(self.norm(self.maps(x).flatten(2).transpose([0, 2, 1])).mean(1))


def seeded(make, *arguments) -> nn.Layer:
    paddle.seed(5)
    net = make(*arguments)
    net.eval()
    return net


def inputs(photos: int = 3, size: int = 16) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((photos, 3, size, size), np.float32)


def heat_of(net: nn.Layer, batch: np.ndarray, classes: list[int]) -> np.ndarray:
    return grad_cam(net, find_last_maps(net, batch.shape[2]), batch, np.array(classes))


def test_of_a_mean_and_a_linear_layer_it_is_the_class_activation_map():
    net, batch, classes = seeded(Pooled), inputs(), [0, 3, 1]
    with paddle.no_grad():
        maps = net.maps(paddle.to_tensor(batch)).numpy()
    weights = net.head.weight.numpy()[:, classes].T
    expected = np.maximum((weights[:, :, None, None] * maps).sum(1), 0)
    expected /= expected.max(axis=(1, 2), keepdims=True)
    found = heat_of(net, batch, classes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "size", "shape"),
    [
        ("efficientnet_lite0", 64, (2, 2)),
        ("efficientnet_lite0", 32, (2, 2)),  # 1 x 1 after the last block
        ("resnet18", 64, (2, 2)),
        ("mobilenet_v2", 64, (2, 2)),
        ("mobilenet_v3_small", 64, (2, 2)),
        ("squeezenet1_1", 64, (3, 3)),
        ("densenet121", 64, (2, 2)),
        ("lenet5", 64, (5, 5)),
        ("small_cnn", 64, (4, 4)),
    ],
)
def test_any_architecture_has_heat_of_the_size_of_its_last_maps(architecture, size, shape):
    net = seeded(construct, architecture, 3)
    heat = heat_of(net, inputs(4, size), [0, 1, 2, 0])
    assert heat.shape == (4, *shape)
    assert set(heat.max(axis=(1, 2)).tolist()) <= {0.0, 1.0}
    assert heat.min() >= 0
    assert heat.max() == 1


def test_a_network_that_learned_to_look_at_a_corner_has_its_heat_there():
    rng = np.random.default_rng(0)
    images = rng.integers(60, 120, (32, 64, 64, 3), np.uint8)
    labels = np.arange(32) % 2
    images[labels == 1, 0:16, 48:64, 0] = 250
    net = seeded(construct, "small_cnn", 2)
    batch = paddle.to_tensor((images / 127.5 - 1).transpose(0, 3, 1, 2).astype("float32"))
    optimizer = paddle.optimizer.Adam(0.01, parameters=net.parameters())
    for _ in range(15):
        nn.functional.cross_entropy(net(batch), paddle.to_tensor(labels)).backward()
        optimizer.step()
        optimizer.clear_grad()
    bright = images[labels == 1]
    heat = explain_images(net, bright, np.ones(len(bright), np.int64), *GREY)
    assert heat.shape[1:] == (4, 4)
    assert (heat[:, 0, 3] == 1).all()
    assert heat[:, :2, 2:].sum() > 0.9 * heat.sum()


def test_where_nothing_speaks_for_a_class_there_is_no_heat():
    net, batch = seeded(Pooled), inputs()
    net.maps.weight.set_value(paddle.zeros_like(net.maps.weight))
    net.maps.bias.set_value(paddle.ones_like(net.maps.bias))
    weight = np.ones((6, 4), np.float32)
    weight[:, 1] = -1
    net.head.weight.set_value(weight)
    found = heat_of(net, batch, [0, 1, 0])
    assert (found[[0, 2]] == 1).all()
    assert (found[1] == 0).all()


def test_a_network_whose_training_diverged_has_no_heat():
    net = seeded(Pooled)
    net.head.weight.set_value(np.full((6, 4), np.nan, np.float32))
    assert (heat_of(net, inputs(), [0, 1, 2]) == 0).all()


def test_a_layer_that_others_bypass_is_passed_over():
    assert find_last_maps(seeded(Bypassed), 16).name == "maps"


def test_of_a_layer_that_is_called_twice_the_last_call_counts():
    net, batch = seeded(CalledTwice), inputs()
    call = find_last_maps(net, 16)
    assert (call.name, call.number, call.shape) == ("activation", 1, (2, 6, 4, 4))
    assert heat_of(net, batch, [0, 1, 2]).shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Tokens, "its layer norm gives a row of tokens"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 4)), "no layer .* gives maps"),
        (lambda: nn.Sequential(nn.Conv2D(3, 4, 16), nn.Flatten()), "no layer .* gives maps"),
    ],
    ids=["tokens", "linear", "one pixel"],
)
def test_a_network_without_maps_is_refused_with_the_reason(make, reason):
    with pytest.raises(NoHeatMaps, match=reason):
        find_last_maps(seeded(make), 16)


def test_the_network_is_left_as_it_was():
    net, batch = seeded(construct, "resnet18", 3), inputs(2, 32)
    net.conv1.weight.stop_gradient = True
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    flags = {name: value.stop_gradient for name, value in net.state_dict().items()}
    with paddle.no_grad():
        logits = net(paddle.to_tensor(batch)).numpy()
    heat_of(net, batch, [0, 2])
    assert {name: value.stop_gradient for name, value in net.state_dict().items()} == flags
    assert all((value.numpy() == before[name]).all() for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(layer._forward_post_hooks for layer in net.sublayers(include_self=True))
    assert not net.training
    with paddle.no_grad():
        assert (net(paddle.to_tensor(batch)).numpy() == logits).all()


def test_the_network_is_left_as_it_was_when_a_pass_fails():
    net = seeded(Pooled)
    call = find_last_maps(net, 16)
    with pytest.raises(Exception, match="channel"):
        grad_cam(net, call, np.zeros((1, 2, 16, 16), np.float32), np.zeros(1, int))
    assert not any(parameter.stop_gradient for parameter in net.parameters())
    assert not any(layer._forward_post_hooks for layer in net.sublayers(include_self=True))


def test_only_what_follows_the_maps_is_recorded_for_gradients():
    net = seeded(Pooled)
    recorded = []
    net.maps.register_forward_post_hook(lambda *step: recorded.append(not step[2].stop_gradient))
    heat_of(net, inputs(), [0, 1, 2])
    assert not any(recorded)


def test_the_heat_of_a_photo_does_not_depend_on_the_others():
    net = seeded(construct, "small_cnn", 3)
    images = np.random.default_rng(3).integers(0, 256, (5, 32, 32, 3), np.uint8)
    classes = np.array([0, 1, 2, 0, 1])
    together = explain_images(net, images, classes, *GREY, batch_size=4)
    alone = [
        explain_images(net, images[row : row + 1], classes[row : row + 1], *GREY, batch_size=4)
        for row in range(5)
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))
