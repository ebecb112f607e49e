"""Networks are grouped, cut off and cut in two without changing what they compute."""

import numpy as np
import paddle
import pytest
from paddle import nn

from zest.errors import UserError
from zest.models.groups import find_head, head_parameters, layer_groups, split, trunk
from zest.models.registry import build
from zest.models.table import ARCHITECTURES, classifier_parameters

# One of each class of networks.
ONE_OF_EACH = [
    "efficientnet_lite0",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_25",
    "squeezenet1_1",
    "resnet18",
    "densenet121",
    "inception_v3",
    "lenet5",
    "small_cnn",
]
SQUEEZENET = "squeezenet1_1"


def network(architecture):
    net = build({"architecture": architecture}, 5, seed=0)
    net.eval()
    return net


def groups_of(net, architecture):
    return layer_groups(net, head_parameters(net, architecture, 5))


def images(size=96):
    values = np.random.default_rng(0).normal(size=(2, 3, size, size))
    return paddle.to_tensor(values.astype(np.float32))


def names(groups):
    return [group.name for group in groups]


def test_efficientnet_lite_is_stem_blocks_head_and_classifier():
    groups = groups_of(network("efficientnet_lite0"), "efficientnet_lite0")
    blocks = [f"blocks.{number}" for number in range(16)]
    assert names(groups) == ["stem", *blocks, "head", "classifier"]


def test_other_networks_are_their_children_with_containers_taken_apart_once():
    assert names(groups_of(network("resnet18"), "resnet18")) == [
        "conv1",
        *(f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)),
        "fc",
    ]
    assert names(groups_of(network("lenet5"), "lenet5")) == ["c1", "c3", "c5", "f6", "output"]
    assert names(groups_of(network("mobilenet_v3_small"), "mobilenet_v3_small"))[-2:] == [
        "classifier.0",
        "classifier.3",
    ]


@pytest.mark.parametrize("architecture", ONE_OF_EACH)
def test_every_parameter_is_in_one_group_and_the_classifier_is_the_last(architecture):
    net = network(architecture)
    groups = groups_of(net, architecture)
    grouped = [name for group in groups for name in group.parameters]
    assert sorted(grouped) == sorted(name for name, _ in net.named_parameters())
    assert all(group.parameters for group in groups)
    assert set(groups[-1].parameters) == set(classifier_parameters(architecture))
    assert head_parameters(net, architecture, 5) == set(classifier_parameters(architecture))


@pytest.mark.parametrize("architecture", ONE_OF_EACH)
def test_the_layers_of_the_groups_set_the_mode_of_the_whole_network(architecture):
    net = network(architecture)
    net.train()
    for group in groups_of(net, architecture):
        for layer in group.layers:
            layer.eval()
    leaves = [layer for layer in net.sublayers() if not layer.sublayers()]
    assert not any(layer.training for layer in leaves)


def test_a_normalisation_is_in_the_group_of_the_layer_before_it():
    first = groups_of(network("resnet18"), "resnet18")[0]
    norm = {f"bn1.{name}" for name in ("weight", "bias", "_mean", "_variance")}
    assert set(first.parameters) == {"conv1.weight"} | norm


def test_what_is_without_parameters_is_in_the_group_after_it():
    net = network("efficientnet_lite0")
    last = groups_of(net, "efficientnet_lite0")[-1]
    assert last.layers == (net.pool, net.dropout, net.classifier)


class Token(nn.Layer):
    """A network with a parameter of its own, whose classifier is deep inside and not at the end."""

    def __init__(self):
        super().__init__()
        self.token = self.create_parameter([1, 3, 1, 1])
        self.body = nn.Layer()
        self.body.first = nn.Conv2D(3, 4, 3)
        self.body.stages = nn.Sequential(nn.Conv2D(4, 4, 3), nn.Conv2D(4, 4, 3))
        self.body.output = nn.Linear(4, 5)
        self.body.pool = nn.AdaptiveAvgPool2D(1)
        self.body.auxiliary = nn.Linear(4, 3)


def test_the_classifier_of_another_network_is_its_last_layer_with_an_output_a_class():
    net = Token()
    assert find_head(net, "mine.Token", 5) == "body.output"
    assert find_head(net, "mine.Token", 4) == "body.stages.1"
    assert find_head(net, "mine.Token") == "body.auxiliary"
    groups = groups_of(net, "mine.Token")
    assert names(groups) == [
        "body.first",
        "body.stages.0",
        "body.stages.1",
        "body.auxiliary",
        "body.output",
    ]
    assert groups[0].parameters == ("token", "body.first.weight", "body.first.bias")
    assert groups[-1].parameters == ("body.output.weight", "body.output.bias")
    assert groups[-1].layers == (net.body.output,)


def test_a_network_without_any_linear_layer_is_a_users_error():
    with pytest.raises(UserError, match=r"mine\.Tanh has no nn\.Linear"):
        groups_of(nn.Tanh(), "mine.Tanh")


@pytest.mark.parametrize("architecture", ONE_OF_EACH)
def test_the_trunk_gives_the_classifiers_input(architecture):
    net = network(architecture)
    features, seen = ARCHITECTURES[architecture].features, []
    head = dict(net.named_sublayers())[find_head(net, architecture)]
    head.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].numpy()))
    with paddle.no_grad():
        net(images())
        found = trunk(net, head_parameters(net, architecture, 5))(images()).numpy()
    assert found.shape == (2, features)
    if architecture == SQUEEZENET:  # it pools after the classifier
        seen[0] = seen[0].mean(axis=(2, 3))
    np.testing.assert_allclose(found, seen[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("architecture", [name for name in ONE_OF_EACH if name != SQUEEZENET])
def test_the_two_parts_of_a_network_are_the_network(architecture):
    net = network(architecture)
    number = len(groups_of(net, architecture))
    with paddle.no_grad():
        expected = net(images()).numpy()
        for frozen in (0, 1, number // 2, number - 1):
            front, back = split(net, architecture, frozen)
            np.testing.assert_array_equal(back(front(images())).numpy(), expected)


def test_the_parts_have_the_groups_that_were_asked_for_and_share_the_parameters():
    net = network("efficientnet_lite0")
    groups = groups_of(net, "efficientnet_lite0")
    parameters = dict(net.named_parameters())
    front, back = split(net, "efficientnet_lite0", 3)
    for part, its_groups in ((front, groups[:3]), (back, groups[3:])):
        expected = {id(parameters[name]) for group in its_groups for name in group.parameters}
        assert {id(value) for value in part.parameters()} == expected


def test_the_back_part_of_the_trunk_is_dropout_and_classifier():
    net = network("efficientnet_lite0")
    front, back = split(net, "efficientnet_lite0", "trunk")
    assert list(back.children()) == [net.dropout, net.classifier]
    with paddle.no_grad():
        assert front(images()).shape == [2, 1280]


def test_layers_behind_the_cut_that_do_not_learn_are_in_the_front():
    front, _ = split(network("resnet18"), "resnet18", 1)
    assert front(images()).shape == [2, 64, 24, 24]  # after the pooling, a quarter of the values


def test_a_network_that_is_no_chain_cannot_be_cut():
    with pytest.raises(UserError, match="squeezenet1_1 cannot be cut in two"):
        split(network(SQUEEZENET), SQUEEZENET, 2)
    net = Token()
    with pytest.raises(UserError, match=r"mine\.Token cannot be cut in two"):
        split(net, "mine.Token", 1)


@pytest.mark.parametrize("frozen", [5, 99])
def test_more_groups_than_there_are_cannot_be_frozen(frozen):
    with pytest.raises(UserError, match=f"network has 5 groups of layers.*{frozen} cannot"):
        split(network("lenet5"), "lenet5", frozen)
