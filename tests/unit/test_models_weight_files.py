"""Weights from a file reach the layers they belong to, and a report tells of the rest."""

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from torch_file import of_arrays, write, write_zip
from zest.errors import UserError
from zest.models.foreign_names import our_layers
from zest.models.registry import build
from zest.models.weight_files import load_weights

# PyTorch's names for one layer of each kind, where paddle.vision has the same layers.
STATISTICS = {"_mean": "running_mean", "_variance": "running_var"}


def network(architecture, num_classes=5, seed=0):
    return build({"architecture": architecture}, num_classes, seed)


def arrays(net):
    return {name: value.numpy() for name, value in net.state_dict().items()}


def as_pytorch(net, rename=lambda name: name):
    """Return the tensors of a network as PyTorch has them: its names, linear layers transposed."""
    linear = {name for name, layer in net.named_sublayers() if isinstance(layer, paddle.nn.Linear)}
    tensors = {}
    for name, value in arrays(net).items():
        layer, _, kind = name.rpartition(".")
        value = value.T if layer in linear and kind == "weight" else value
        tensors[f"{rename(layer)}.{STATISTICS.get(kind, kind)}"] = np.ascontiguousarray(value)
        if kind == "_variance":
            tensors[f"{rename(layer)}.num_batches_tracked"] = np.array(7)
    return tensors


def save_legacy(tensors, path):
    write(path, *of_arrays(tensors))


def save_zip(tensors, path):
    write_zip(path, *of_arrays(tensors))


def same(net, donor, but=()):
    ours, theirs = arrays(net), arrays(donor)
    return all(np.array_equal(ours[name], theirs[name]) for name in ours if name not in but)


@pytest.mark.parametrize(
    ("save", "name"),
    [(save_legacy, "w.pth"), (save_zip, "w.pt"), (save_file, "w.safetensors")],
)
@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v2", "small_cnn"])
def test_a_file_of_pytorch_with_the_same_names_is_loaded_whole(tmp_path, architecture, save, name):
    donor, net = network(architecture, seed=1), network(architecture)
    save(as_pytorch(donor), tmp_path / name)
    report = load_weights(net, tmp_path / name, architecture, 5)
    assert same(net, donor)
    assert set(report.loaded) == set(arrays(net))
    assert report.missing == report.left_over == ()
    assert not report.by_order
    assert not report.head_replaced


@pytest.mark.parametrize("architecture", ["lenet5", "efficientnet_lite0"])
def test_paddles_own_files_are_loaded_whole(tmp_path, architecture):
    donor, net = network(architecture, seed=1), network(architecture)
    paddle.save(donor.state_dict(), str(tmp_path / "w.pdparams"))
    assert not load_weights(net, tmp_path / "w.pdparams", architecture, 5).missing
    assert same(net, donor)


@pytest.mark.parametrize("architecture", ["lenet5", "resnet18"])
def test_a_safetensors_file_of_paddle_is_not_transposed(tmp_path, architecture):
    donor, net = network(architecture, seed=1), network(architecture)
    save_file(arrays(donor), tmp_path / "w.safetensors")
    load_weights(net, tmp_path / "w.safetensors", architecture, 5)
    assert same(net, donor)


def test_a_square_linear_layer_is_transposed_too(tmp_path):
    net, donor = (paddle.nn.Sequential(*map(paddle.nn.Linear, (4, 4), (4, 3))) for _ in range(2))
    save_file(as_pytorch(donor), tmp_path / "w.safetensors")
    load_weights(net, tmp_path / "w.safetensors", "mine.Net", 3)
    assert same(net, donor)


def test_the_classifier_of_another_number_of_classes_is_left_new(tmp_path):
    donor, net, fresh = network("resnet18", 9, seed=1), network("resnet18"), network("resnet18")
    save_zip(as_pytorch(donor), tmp_path / "w.pth")
    report = load_weights(net, tmp_path / "w.pth", "resnet18", 5)
    head = {"fc.weight", "fc.bias"}
    assert report.head_replaced
    assert report.missing == ()
    assert set(report.left_over) == head
    np.testing.assert_array_equal(net.fc.weight.numpy(), fresh.fc.weight.numpy())
    assert (net.conv1.weight.numpy() == donor.conv1.weight.numpy()).all()
    assert str(report) == (
        "100 tensors loaded by name; not in the file: none; of the file not used: fc.weight, "
        "fc.bias; the classifier is new"
    )


def test_a_file_without_a_classifier_is_enough(tmp_path):
    donor, net = network("resnet18", seed=1), network("resnet18")
    tensors = as_pytorch(donor)
    del tensors["fc.weight"], tensors["fc.bias"]
    save_zip(tensors, tmp_path / "w.pth")
    report = load_weights(net, tmp_path / "w.pth", "resnet18", 5)
    assert report.head_replaced
    assert same(net, donor, but=("fc.weight", "fc.bias"))


# Names of timm and torchvision, each with the layer that it is here.
FOREIGN = {
    "efficientnet_lite0": {
        "conv_stem": "stem.conv",
        "bn1": "stem.norm",
        "blocks.0.0.conv_dw": "blocks.0.depthwise.conv",
        "blocks.0.0.bn1": "blocks.0.depthwise.norm",
        "blocks.0.0.conv_pw": "blocks.0.project.conv",
        "blocks.0.0.bn2": "blocks.0.project.norm",
        "blocks.1.0.conv_pw": "blocks.1.expand.conv",
        "blocks.1.1.bn1": "blocks.2.expand.norm",
        "blocks.2.0.conv_dw": "blocks.3.depthwise.conv",
        "blocks.2.1.bn2": "blocks.4.depthwise.norm",
        "blocks.3.0.conv_pwl": "blocks.5.project.conv",
        "blocks.3.2.bn3": "blocks.7.project.norm",
        "conv_head": "head.conv",
        "bn2": "head.norm",
        "classifier": "classifier",
    },
    "mobilenet_v2": {
        "conv_stem": "features.0.0",
        "bn1": "features.0.1",
        "blocks.0.0.conv_dw": "features.1.conv.0.0",
        "blocks.0.0.bn1": "features.1.conv.0.1",
        "blocks.0.0.conv_pw": "features.1.conv.1",
        "blocks.0.0.bn2": "features.1.conv.2",
        "blocks.1.0.conv_pw": "features.2.conv.0.0",
        "blocks.1.0.bn2": "features.2.conv.1.1",
        "blocks.2.0.conv_pwl": "features.4.conv.2",
        "blocks.2.2.bn3": "features.6.conv.3",
        "conv_head": "features.18.0",
        "bn2": "features.18.1",
        "classifier": "classifier.1",
    },
    "mobilenet_v3_small": {
        "conv_stem": "conv.0",
        "blocks.0.0.conv_dw": "blocks.0.bottleneck_conv.0",
        "blocks.0.0.se.conv_reduce": "blocks.0.mid_se.fc1",
        "blocks.0.0.se.conv_expand": "blocks.0.mid_se.fc2",
        "blocks.0.0.bn2": "blocks.0.linear_conv.1",
        "blocks.1.0.conv_pw": "blocks.1.expand_conv.0",
        "blocks.1.0.conv_pwl": "blocks.1.linear_conv.0",
        "blocks.2.0.conv": "lastconv.0",
        "blocks.2.0.bn1": "lastconv.1",
        "conv_head": "classifier.0",
        "classifier": "classifier.3",
    },
    "mobilenet_v3_large": {
        "features.0.0": "conv.0",
        "features.1.block.0.0": "blocks.0.bottleneck_conv.0",
        "features.1.block.1.1": "blocks.0.linear_conv.1",
        "features.2.block.0.0": "blocks.1.expand_conv.0",
        "features.2.block.1.0": "blocks.1.bottleneck_conv.0",
        "features.2.block.2.0": "blocks.1.linear_conv.0",
        "features.4.block.0.0": "blocks.3.expand_conv.0",
        "features.4.block.1.1": "blocks.3.bottleneck_conv.1",
        "features.4.block.2.fc1": "blocks.3.mid_se.fc1",
        "features.4.block.2.fc2": "blocks.3.mid_se.fc2",
        "features.4.block.3.0": "blocks.3.linear_conv.0",
        "features.16.1": "lastconv.1",
        "classifier.3": "classifier.3",
    },
    "densenet121": {
        "features.conv0": "conv1_func._conv",
        "features.norm0": "conv1_func._batch_norm",
        "features.denseblock1.denselayer2.norm1": "db_conv_2.conv2_2.bn_ac_func1._batch_norm",
        "features.denseblock4.denselayer16.conv2": "db_conv_5.conv5_16.bn_ac_func2._conv",
        "features.transition3.norm": "tr_conv4_blk.conv_ac_func._batch_norm",
        "features.transition1.conv": "tr_conv2_blk.conv_ac_func._conv",
        "features.norm5": "batch_norm",
        "classifier": "out",
    },
    "vgg11": {
        "features.3": "features.3",
        "pre_logits.fc1": "classifier.0",
        "pre_logits.fc2": "classifier.3",
        "head.fc": "classifier.6",
    },
}


# Blocks in each stage of timm's; those of the first stage do not widen.
TIMM_STAGES = {
    "efficientnet_lite0": [1, 2, 2, 3, 3, 4, 1],
    "mobilenet_v2": [1, 2, 3, 4, 3, 3, 1],
}


def timm_layers(architecture):
    """Yield timm's names of the layers of all blocks."""
    for stage, count in enumerate(TIMM_STAGES.get(architecture, [])):
        separable = ("conv_dw", "bn1", "conv_pw", "bn2")
        inverted = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
        for block in range(count):
            for layer in inverted if stage else separable:
                yield f"blocks.{stage}.{block}.{layer}"


@pytest.mark.parametrize("architecture", FOREIGN)
def test_names_of_timm_and_torchvision_are_understood(architecture):
    names = FOREIGN[architecture]
    translated = our_layers(architecture, [*names, *timm_layers(architecture)])
    assert {name: translated.get(name, name) for name in names} == names
    with paddle.LazyGuard():
        layers = {name for name, _ in network(architecture).named_sublayers()}
    assert set(names.values()) <= layers


def test_a_sorted_file_with_timms_names_is_loaded_whole(tmp_path):
    donor, net = network("efficientnet_lite0", seed=1), network("efficientnet_lite0")
    layers = ["conv_stem", "bn1", *timm_layers("efficientnet_lite0"), "conv_head", "bn2"]
    ours = dict.fromkeys(name.rpartition(".")[0] for name in arrays(donor))
    timms = dict(zip(ours, [*layers, "classifier"], strict=True))
    save_file(as_pytorch(donor, timms.get), tmp_path / "w.safetensors")
    report = load_weights(net, tmp_path / "w.safetensors", "efficientnet_lite0", 5)
    assert same(net, donor)
    assert report.left_over == ()


def test_a_linear_layer_that_is_written_as_a_convolution_is_flattened(tmp_path):
    net, donor = (paddle.nn.Sequential(*map(paddle.nn.Linear, (12, 5), (5, 3))) for _ in range(2))
    tensors = as_pytorch(donor)
    tensors["0.weight"] = tensors["0.weight"].reshape(5, 3, 2, 2)
    save_zip(tensors, tmp_path / "w.pth")
    load_weights(net, tmp_path / "w.pth", "mine.Net", 3)
    assert same(net, donor)


def test_other_names_are_matched_by_order_and_the_report_says_so(tmp_path):
    donor, net = network("resnet18", 9, seed=1), network("resnet18")
    renamed = as_pytorch(donor, lambda layer: f"encoder.{layer}x")
    save_zip(renamed, tmp_path / "w.pth")
    report = load_weights(net, tmp_path / "w.pth", "resnet18", 5)
    assert report.by_order
    assert report.head_replaced
    assert same(net, donor, but=("fc.weight", "fc.bias"))
    assert "100 tensors loaded by order and shape, because the names are other ones" in str(report)


@pytest.mark.parametrize("change", ["one fewer", "another shape", "another kind", "another order"])
def test_they_are_not_matched_where_the_sequence_differs_anywhere(tmp_path, change):
    net = network("resnet18")
    tensors = as_pytorch(network("resnet18", seed=1), lambda layer: f"encoder.{layer}x")
    names = list(tensors)
    if change == "one fewer":
        del tensors[names[20]]
    elif change == "another shape":
        tensors[names[20]] = np.zeros((1, 2), "f4")
    elif change == "another kind":
        name = next(name for name in names if name.endswith("running_mean"))
        tensors = {f"{one}.gamma" if one == name else one: value for one, value in tensors.items()}
    else:
        tensors = dict(reversed(tensors.items()))
    save_zip(tensors, tmp_path / "w.pth")
    with pytest.raises(UserError, match="0 of 100 tensors before the classifier"):
        load_weights(net, tmp_path / "w.pth", "resnet18", 5)


def test_a_sorted_file_is_not_matched_by_order(tmp_path):
    sizes = [(4, 4), (4, 4), (4, 3)]
    net = paddle.nn.Sequential(*(paddle.nn.Linear(*size, bias_attr=False) for size in sizes))
    tensors = as_pytorch(net, {"0": "second", "1": "first", "2": "third"}.get)
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(UserError, match="0 of 2 tensors"):
        load_weights(net, tmp_path / "w.safetensors", "mine.Net", 3)
    save_zip(tensors, tmp_path / "w.pth")
    assert load_weights(net, tmp_path / "w.pth", "mine.Net", 3).by_order


def test_a_few_tensors_may_be_missing_and_are_named(tmp_path):
    donor, net = network("resnet18", seed=1), network("resnet18")
    tensors = as_pytorch(donor)
    for name in list(tensors):
        if name.startswith("layer4.1.bn2"):
            del tensors[name]
    tensors["extra.weight"] = np.zeros(3, "f4")
    save_zip(tensors, tmp_path / "w.pth")
    report = load_weights(net, tmp_path / "w.pth", "resnet18", 5)
    lost = {f"layer4.1.bn2.{name}" for name in ("weight", "bias", "_mean", "_variance")}
    assert set(report.missing) == lost
    assert report.left_over == ("extra.weight",)


def test_a_file_of_another_architecture_is_a_users_error(tmp_path):
    save_zip(as_pytorch(network("resnet18")), tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"w\.pth does not fit small_cnn: 0 of 20 tensors"):
        load_weights(network("small_cnn"), tmp_path / "w.pth", "small_cnn", 5)


def test_values_of_another_precision_are_converted(tmp_path):
    donor, net = network("lenet5", seed=1), network("lenet5")
    halves = {name: value.astype("f2") for name, value in as_pytorch(donor).items()}
    save_file(halves, tmp_path / "w.safetensors")
    load_weights(net, tmp_path / "w.safetensors", "lenet5", 5)
    weight = net.state_dict()["c1.weight"]
    assert weight.dtype == paddle.float32
    np.testing.assert_allclose(weight.numpy(), donor.state_dict()["c1.weight"].numpy(), rtol=1e-3)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pdparams", "w.pth"])
def test_a_file_that_is_missing_or_broken_is_a_users_error(tmp_path, name):
    with pytest.raises(UserError, match="there is no such file"):
        load_weights(network("lenet5"), tmp_path / name, "lenet5", 5)
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(2000))
    with pytest.raises(UserError, match=f"{name}: not"):
        load_weights(network("lenet5"), tmp_path / name, "lenet5", 5)


def test_they_take_the_place_of_imagenet_weights(tmp_path, capsys):
    donor = network("efficientnet_lite0", seed=1)
    path = tmp_path / "w.pdparams"
    paddle.save(donor.state_dict(), str(path))
    settings = {"architecture": "efficientnet_lite0", "pretrained": True, "weights": str(path)}
    assert same(build(settings, 5, seed=0), donor)
    told = capsys.readouterr().out
    assert f"efficientnet_lite0: {path}: 247 tensors loaded by name" in told
    assert "ImageNet" not in told
