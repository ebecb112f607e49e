"""Networks are built by name, and the same seed gives the same network."""

import numpy as np
import paddle
import pytest

from zest.errors import UserError
from zest.models.registry import build
from zest.models.table import classifier_parameters


@pytest.mark.parametrize(
    "architecture",
    [
        "efficientnet_lite0",
        "mobilenet_v3_small",
        "shufflenet_v2_x0_25",
        "squeezenet1_1",
        "resnet18",
    ],
)
def test_a_network_gives_one_logit_a_class(architecture):
    net = build({"architecture": architecture}, 6, seed=0)
    assert net.training
    net.eval()
    with paddle.no_grad():
        logits = net(paddle.ones([2, 3, 64, 64]))
    assert logits.shape == [2, 6]
    assert logits.dtype == paddle.float32


def values(net):
    return {name: value.numpy() for name, value in net.state_dict().items()}


def test_the_seed_alone_decides_the_initial_weights():
    first = values(build({"architecture": "efficientnet_lite0"}, 4, seed=1))
    paddle.rand([3])
    again = values(build({"architecture": "efficientnet_lite0"}, 4, seed=1))
    other = values(build({"architecture": "efficientnet_lite0"}, 4, seed=2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["stem.conv.weight"], other["stem.conv.weight"])


def test_the_seed_decides_the_new_classifier_of_a_pretrained_network():
    settings = {"architecture": "efficientnet_lite0", "pretrained": True}
    first, again, other = (build(settings, 4, seed).classifier.weight.numpy() for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_unknown_architecture_is_a_users_error():
    with pytest.raises(UserError, match="did you mean 'resnet50'"):
        build({"architecture": "resnet_50"}, 4, seed=0)


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "mobilenet_v2", "squeezenet1_1"])
def test_the_classifiers_parameters_are_learnable_parameters_of_the_network(architecture):
    net = build({"architecture": architecture}, 4, seed=0)
    learnable = {name for name, value in net.named_parameters() if not value.stop_gradient}
    assert learnable > set(classifier_parameters(architecture))
