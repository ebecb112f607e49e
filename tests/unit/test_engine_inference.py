"""Compiled prediction gives what the network gives, in one process and in several."""

import time

import numpy as np
import paddle
import pytest
from paddle import nn

from zest.engine import inference
from zest.engine.batches import normalise
from zest.engine.fast_conv import accelerate
from zest.engine.inference import compile_inference, predict_images
from zest.models.registry import construct

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


class Untraceable(nn.Layer):
    """What it computes depends on values, which a traced program does not have."""

    def forward(self, x):
        return x.mean([2, 3]) * float(x.numpy().shape[1])


def with_statistics(net: nn.Layer) -> nn.Layer:
    """Give batch normalisation something to do, as after a training."""
    rng = np.random.default_rng(0)
    for name, buffer in net.named_buffers():
        low, high = (0.8, 1.2) if name.endswith("_variance") else (-0.1, 0.1)
        buffer.set_value(rng.uniform(low, high, buffer.shape).astype(np.float32))
    net.eval()
    return net


def small_net() -> nn.Layer:
    paddle.seed(0)
    layers = nn.Conv2D(3, 8, 3), nn.BatchNorm2D(8), nn.ReLU(), nn.AdaptiveAvgPool2D(2), nn.Flatten()
    return with_statistics(nn.Sequential(*layers))


def photos(count: int, size: int = 16) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, 3), np.uint8)


def plainly(net: nn.Layer, images: np.ndarray) -> np.ndarray:
    with paddle.no_grad():
        return net(paddle.to_tensor(normalise(images, MEAN, STD))).numpy()


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    "architecture", ["efficientnet_lite0", "resnet18", "mobilenet_v3_small", "lenet5"]
)
def test_a_compiled_classifier_gives_the_logits_of_the_network(architecture, capfd):
    paddle.seed(0)
    net, images = with_statistics(construct(architecture, 7)), photos(4, 64)
    found = compile_inference(net, 64, 4)(normalise(images, MEAN, STD))
    assert_close(found, plainly(net, images))
    assert capfd.readouterr().err == ""


def test_activations_keep_their_four_dimensions():
    net, images = with_statistics(nn.Sequential(construct("efficientnet_lite0", 2).stem)), photos(5)
    found = predict_images(net, images, MEAN, STD, workers=1, batch_size=2)
    assert found.shape == (5, 32, 8, 8)
    assert_close(found, plainly(net, images))


def test_the_network_itself_can_still_be_trained(capfd):
    net, images = small_net(), photos(2)
    compile_inference(net, 16, 2)
    net.train()
    accelerate(net)(paddle.to_tensor(normalise(images, MEAN, STD))).sum().backward()
    assert np.abs(net[0].weight.grad.numpy()).max() > 0
    assert capfd.readouterr().err == ""


def test_a_photo_gives_the_same_bytes_in_any_batch_full_or_not():
    net, images = small_net(), photos(7)
    found = predict_images(net, images, MEAN, STD, workers=1, batch_size=4)
    assert_close(found, plainly(net, images))
    alone = [predict_images(net, images[i : i + 1], MEAN, STD, 1, batch_size=4) for i in (0, 5)]
    np.testing.assert_array_equal(np.concatenate(alone), found[[0, 5]])


def test_no_photos_give_no_rows_of_the_right_shape():
    assert predict_images(small_net(), photos(0), MEAN, STD, workers=2).shape == (0, 32)


def test_other_processes_give_the_same_bytes_and_leave_no_files(tmp_path, monkeypatch):
    np.save(tmp_path / "photos.npy", photos(23))
    images = np.load(tmp_path / "photos.npy", mmap_mode="r")
    net, here = small_net(), []
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    one = predict_images(net, images, MEAN, STD, workers=1, batch_size=4)

    def slow_predictor(*settings):
        predict = predictor(*settings)

        def predict_slowly(batch):
            here.append(len(batch))
            time.sleep(0.2)
            return predict(batch)

        return predict_slowly

    predictor = inference._predictor
    monkeypatch.setattr(inference, "_predictor", slow_predictor)
    monkeypatch.setattr(inference, "SECONDS_WORTH_A_PROCESS", 0.1)
    two = predict_images(net, images, MEAN, STD, workers=2, batch_size=4)
    np.testing.assert_array_equal(two, one)
    assert 1 <= len(here) < 6  # the other process took some of the six batches
    assert list(temporary.iterdir()) == []


def test_little_work_starts_no_process(monkeypatch):
    monkeypatch.setattr(inference, "_share", pytest.fail)
    predict_images(small_net(), photos(40), MEAN, STD, workers=8, batch_size=4)


def test_batches_of_a_process_that_ended_early_are_done_here():
    batches = [photos(2), photos(1)]
    nothing = (b"", b"")  # so that it cannot start
    found = inference._share(np.copy, batches, 1, (nothing, MEAN, STD, 2))
    for one, batch in zip(found, batches, strict=True):
        np.testing.assert_array_equal(one, batch)


def test_before_version_3_nothing_is_compiled(monkeypatch, capfd):
    monkeypatch.setattr(paddle, "__version__", "2.6.2")
    net, images = small_net(), photos(3)
    found = predict_images(net, images, MEAN, STD, workers=1, batch_size=3)
    np.testing.assert_array_equal(found, plainly(net, images))
    assert "predicts slowly, uncompiled" in capfd.readouterr().err


def test_a_layer_that_cannot_be_compiled_is_called_itself_with_one_warning(capfd):
    net, images = Untraceable(), photos(3)
    found = predict_images(net, images, MEAN, STD, workers=2, batch_size=2)
    np.testing.assert_array_equal(found[:2], plainly(net, images[:2]))
    assert found.shape == (3, 3)
    told = capfd.readouterr().err
    assert told.startswith("warning: Untraceable predicts slowly")
    assert told.count("\n") == 1


def test_compiled_results_that_differ_are_not_used(monkeypatch, capfd):
    net, batch = small_net(), normalise(photos(2), MEAN, STD)
    load = inference.load_program
    monkeypatch.setattr(inference, "load_program", lambda model: lambda x: load(model)(x) * 1.001)
    found = compile_inference(net, 16, 2)(batch)
    np.testing.assert_array_equal(found, plainly(net, photos(2)))
    told = capfd.readouterr().err
    assert "its compiled results differ" in told
    assert told.count("\n") == 1


def test_on_a_gpu_the_network_itself_is_called(monkeypatch, capfd):
    monkeypatch.setattr(paddle.device, "get_device", lambda: "gpu:0")
    monkeypatch.setattr(inference, "_export", pytest.fail)
    net = small_net()
    found = predict_images(net, photos(2), MEAN, STD, workers=2, batch_size=2)
    np.testing.assert_array_equal(found, plainly(net, photos(2)))
    assert capfd.readouterr().err == ""
