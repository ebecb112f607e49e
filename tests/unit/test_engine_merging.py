"""Models of folds are merged into one: the mean of their weights, and batch statistics anew."""

import dataclasses
import json

import numpy as np
import paddle
import pytest
from paddle import nn

from tiny_training import NORMALISATION, PlainNet, TinyNet, dark_and_bright, settings_of
from zest.classes import ClassInfo
from zest.engine.batches import normalise
from zest.engine.merging import estimate_statistics, merge_models
from zest.engine.model_folder import TrainedModel, read_description, save_model, write_model
from zest.engine.prediction import softmax
from zest.errors import UserError
from zest.models.groups import find_head
from zest.models.paddle_pickle import read_pdparams
from zest.models.registry import build
from zest.models.state import state_of

CLASSES = [ClassInfo(0, "0", "good", 3), ClassInfo(1, "1", "fair", 3), ClassInfo(2, "2", "bad", 3)]
SMALL = {"architecture": "small_cnn", "pretrained": False, "image_size": 24, "fit": "crop"}


def settings(**changes) -> dict:
    cfg = settings_of(architecture="small_cnn", pretrained=False)
    return {**cfg, **SMALL, "seed": 0, **changes}


def moved(net: nn.Layer, seed: int, names: str = "") -> nn.Layer:
    """Give the entries of the state whose names hold `names` other values."""
    rng = np.random.default_rng(seed)
    for name, value in net.state_dict().items():
        if names in name:
            step = rng.uniform(-0.2, 0.2, value.shape).astype(np.float32)
            value.set_value(value.numpy() + step)
    return net


def folder_of(path, net: nn.Layer, classes=CLASSES, **changes):
    save_model(net, settings(**changes), classes, path / "weights.pdparams", path / "model.json")
    return path


def inputs(n: int = 10, batch: int = 10) -> list[np.ndarray]:
    """Return the photos as a network takes them, in batches."""
    whole = normalise(photos(n), *NORMALISATION)
    return [whole[start : start + batch] for start in range(0, n, batch)]


def photos(n: int = 10) -> np.ndarray:
    return dark_and_bright(n, 0)[0]


def test_the_weights_are_the_mean_of_the_folds(tmp_path):
    folders = [
        folder_of(tmp_path / f"fold{seed}", moved(build(settings(), 3, seed=1), seed))
        for seed in range(3)
    ]
    states = [read_pdparams(folder / "weights.pdparams") for folder in folders]
    merged, learned = merge_models(folders)
    found = state_of(merged.net)
    assert found.keys() == states[0].keys()
    for name, value in found.items():
        expected = np.mean([state[name].astype(np.float64) for state in states], axis=0)
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    norms = [one for one in merged.net.sublayers() if isinstance(one, nn.BatchNorm2D)]
    assert learned == norms != []


def test_a_merge_of_identical_models_is_that_model(tmp_path):
    net = moved(build(settings(), 3, seed=1), 0)
    folders = [folder_of(tmp_path / f"fold{fold}", net) for fold in range(5)]
    merged, learned = merge_models(folders)
    assert learned == []
    expected = TrainedModel(folders[0]).predict_fitted(photos())
    np.testing.assert_allclose(merged.predict_fitted(photos()), expected, atol=1e-6)


def test_only_layers_whose_statistics_learned_are_estimated_anew(tmp_path):
    last = "stages.3.1"
    nets = [moved(build(settings(), 3, seed=1), seed, f"{last}._") for seed in (0, 1)]
    folders = [folder_of(tmp_path / f"fold{fold}", net) for fold, net in enumerate(nets)]
    merged, learned = merge_models(folders)
    assert learned == [dict(merged.net.named_sublayers())[last]]
    before = state_of(merged.net)
    estimate_statistics(merged.net, learned, inputs())
    for name, value in state_of(merged.net).items():
        if name in (f"{last}._mean", f"{last}._variance"):
            assert not np.array_equal(value, before[name])
        else:
            np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("batch", [25, 10])  # all in one batch, and in batches of two sizes
def test_estimated_statistics_are_those_of_the_photos(batch):
    paddle.seed(0)
    net = TinyNet()
    first, norm = net.first[0], net.first[1]
    estimate_statistics(net, [norm], inputs(25, batch))
    with paddle.no_grad():
        seen = first(paddle.to_tensor(inputs(25, 25)[0])).numpy()
    np.testing.assert_allclose(norm._mean.numpy(), seen.mean(axis=(0, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(norm._variance.numpy(), seen.var(axis=(0, 2, 3)), rtol=1e-4)
    assert norm._momentum == 0.9
    assert not any(layer.training for layer in net.sublayers(include_self=True))


def test_a_layer_sees_what_the_layers_before_it_make_of_the_photos_by_their_new_statistics():
    paddle.seed(0)
    net = moved(TinyNet(), 0)
    net.first[2] = nn.Sequential(nn.ReLU(), nn.Dropout(0.5))  # drops nothing meanwhile
    norms = [net.first[1], net.second[1]]
    estimate_statistics(net, norms, inputs())
    with paddle.no_grad():
        x = net.first(paddle.to_tensor(inputs()[0]))
        seen = net.second[0](x).numpy()
    np.testing.assert_allclose(norms[1]._mean.numpy(), seen.mean(axis=(0, 2, 3)), atol=1e-4)
    np.testing.assert_allclose(norms[1]._variance.numpy(), seen.var(axis=(0, 2, 3)), rtol=1e-3)


def test_estimating_again_gives_the_same_bits():
    paddle.seed(0)
    net = TinyNet()
    norms = [net.first[1], net.second[1]]
    estimate_statistics(net, norms, inputs(40))
    once = state_of(net)
    estimate_statistics(net, norms, inputs(40))
    assert all(np.array_equal(value, once[name]) for name, value in state_of(net).items())


def test_a_network_without_batch_normalisation_has_nothing_to_estimate(tmp_path):
    net = PlainNet()
    before = state_of(net)
    estimate_statistics(net, [], inputs())
    assert all(np.array_equal(value, before[name]) for name, value in state_of(net).items())


def test_merged_linear_probes_give_the_mean_of_their_logits(tmp_path):
    net = build(settings(), 3, seed=1)
    head = find_head(net, "small_cnn", 3)
    folders = [folder_of(tmp_path / f"fold{seed}", moved(net, seed, head)) for seed in (0, 1, 2)]
    x = paddle.to_tensor(inputs()[0])
    with paddle.no_grad():
        logits = [TrainedModel(folder).net(x).numpy() for folder in folders]
        merged, learned = merge_models(folders)
        found = softmax(merged.net(x).numpy())
    assert learned == []
    np.testing.assert_allclose(found, softmax(np.mean(logits, axis=0)), atol=1e-6)
    assert np.abs(logits[0] - logits[2]).max() > 0.01


def test_the_merged_folder_is_one_of_a_trained_model(tmp_path):
    folders = [
        folder_of(tmp_path / f"fold{seed}", moved(build(settings(), 3, seed=1), seed))
        for seed in (0, 1)
    ]
    merged, _ = merge_models(folders)
    out = tmp_path / "foldmerged"
    write_model(
        merged.net, read_description(folders[0]), out / "weights.pdparams", out / "model.json"
    )
    again = TrainedModel(out)
    assert again.classes == ["good", "fair", "bad"]
    np.testing.assert_array_equal(again.predict_fitted(photos()), merged.predict_fitted(photos()))
    assert (out / "model.json").read_bytes() == (folders[0] / "model.json").read_bytes()


OTHERS = {
    "classes": {"classes": [*CLASSES[:2], dataclasses.replace(CLASSES[2], name="rotten")]},
    "image_size": {"image_size": 32},
    "dropout": {"dropout": 0.5},
}


@pytest.mark.parametrize("key", OTHERS)
def test_models_of_other_settings_are_refused(tmp_path, key):
    net = build(settings(), 3, seed=1)
    one = folder_of(tmp_path / "fold0", net)
    other = folder_of(tmp_path / "fold1", net, **OTHERS[key])
    with pytest.raises(UserError, match=rf"fold1/model.json: .*{key}.* is not that of .*fold0"):
        merge_models([one, other])


def test_another_architecture_is_refused(tmp_path):
    one = folder_of(tmp_path / "fold0", build(settings(), 3, seed=1))
    told = json.loads((one / "model.json").read_text())
    other = tmp_path / "fold1"
    lenet = build({"architecture": "lenet5"}, 3, seed=1)
    told["architecture"] = told["trained_with"]["architecture"] = "lenet5"
    write_model(lenet, told, other / "weights.pdparams", other / "model.json")
    with pytest.raises(UserError, match=r"fold1/model.json: architecture is not that of"):
        merge_models([one, other])
