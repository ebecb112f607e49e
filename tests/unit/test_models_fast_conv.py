"""Convolutions on oneDNN give what Paddle's own give, and give way to them where they cannot."""

import importlib
import os
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle.jit.dy2static import partial_program

from zest.engine import fast_conv
from zest.engine.fast_conv import CONVOLUTIONS, accelerate, fault, release_programs
from zest.models.registry import build


@pytest.fixture
def sent(monkeypatch):
    """Record the operators of each program whose convolutions are sent to oneDNN."""
    programs = []
    original = fast_conv._send_to_onednn

    def record(program):
        program = original(program)
        convolutions = [o for b in program.blocks for o in b.ops if o.type in CONVOLUTIONS]
        assert all(operator.attr("use_mkldnn") for operator in convolutions)
        programs.append({operator.type for operator in convolutions})
        return program

    monkeypatch.setattr(fast_conv, "_send_to_onednn", record)
    return programs


def photos(count):
    values = np.random.default_rng(count).normal(size=(count, 3, 64, 64))
    return paddle.to_tensor(values.astype(np.float32))


def without_dropout(architecture):
    net = build({"architecture": architecture}, 5, seed=0)
    for layer in net.sublayers():
        if isinstance(layer, paddle.nn.Dropout):
            layer.p = 0.0
    return net


def step(net, forward):
    """Do one step; return the logits, the gradients and the batch statistics after it."""
    logits = forward(photos(8))
    labels = paddle.to_tensor(np.arange(8) % 5)
    paddle.nn.functional.cross_entropy(logits, labels).backward()
    gradients = [p.grad.numpy() for p in net.parameters() if not p.stop_gradient]
    statistics = [v.numpy() for v in net.state_dict().values() if v.stop_gradient]
    return logits.numpy(), gradients, statistics


def distance(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "shufflenet_v2_x0_25"])
def test_a_training_step_is_that_of_the_plain_network(sent, architecture):
    plain, fast = without_dropout(architecture), without_dropout(architecture)
    expected_logits, expected_gradients, expected_statistics = step(plain, plain)
    logits, gradients, statistics = step(fast, accelerate(fast))
    assert distance(logits, expected_logits) < 1e-3
    # A bias before batch normalisation has no gradient but rounding errors; leave those out.
    largest = max(np.linalg.norm(gradient) for gradient in expected_gradients)
    for found, expected in zip(gradients, expected_gradients, strict=True):
        assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected) + 1e-6 * largest
    for found, expected in zip(statistics, expected_statistics, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    assert sent[-1] == CONVOLUTIONS


def test_predictions_are_those_of_the_plain_network_for_every_batch_size(sent):
    net = without_dropout("efficientnet_lite0")
    forward = accelerate(net)
    net.eval()
    with paddle.no_grad():
        for count in (8, 3, 8):
            assert distance(forward(photos(count)).numpy(), net(photos(count)).numpy()) < 1e-4
    assert sent[-1] == {"conv2d", "depthwise_conv2d"}


def small_network():
    nn = paddle.nn
    conv, norm = nn.Conv2D(3, 8, 3, stride=2), nn.BatchNorm2D(8)
    return nn.Sequential(conv, norm, nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(8, 5))


def test_the_mode_follows_the_network():
    net = small_network()
    mean = net.state_dict()["1._mean"]
    forward = accelerate(net)
    before = mean.numpy()
    training = forward(photos(4)).numpy()
    after = mean.numpy()
    net.eval()
    evaluated = forward(photos(4)).numpy()
    assert (mean.numpy() == after).all()
    assert (before != after).all()
    assert (training != evaluated).any()
    net.train()
    np.testing.assert_allclose(forward(photos(4)).numpy(), training, rtol=1e-5, atol=1e-6)


def test_a_program_is_made_once_for_each_shape(sent):
    forward = accelerate(small_network())
    del sent[:]
    for count in (4, 2, 4, 2):
        forward(photos(count)).sum().backward()
    assert len(sent) == 2


def megabytes_in_memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_the_memory_of_a_program_that_is_given_up_is_free_for_the_next():
    nn = paddle.nn
    net = nn.Sequential(nn.Conv2D(3, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2D(1))
    x = paddle.ones([16, 3, 128, 128])  # from which 67 MB are computed, twice
    after = []
    for _ in range(4):
        release_programs()
        accelerate(net)(x).sum().backward()
        after.append(megabytes_in_memory())
    assert after[-1] - after[0] < 100


def test_a_program_in_use_goes_on_after_others_are_released():
    net = small_network()
    forward = accelerate(net)
    expected = forward(photos(4)).numpy()
    release_programs()
    np.testing.assert_array_equal(forward(photos(4)).numpy(), expected)


def test_the_network_itself_stays_plain():
    net = small_network()
    accelerate(net)(photos(2))
    assert net.forward.__func__ is paddle.nn.Sequential.forward


def test_the_check_finds_no_fault_here_and_leaves_the_random_generator():
    paddle.seed(5)
    expected = paddle.rand([4]).numpy()
    paddle.seed(5)
    assert fault() is None
    assert (paddle.rand([4]).numpy() == expected).all()


def test_a_wrong_gradient_is_a_fault(monkeypatch):
    monkeypatch.setattr(fast_conv, "_trace", lambda net: lambda x: net(x) + 0.01 * net(x).detach())
    assert "differs from Paddle's own" in fault()


def falls_back(capsys, reason):
    net = paddle.nn.Conv2D(3, 4, 3)
    assert accelerate(net) is net
    line = capsys.readouterr().err
    assert line.startswith("warning: convolutions run without oneDNN")
    assert reason in line
    assert line.count("\n") == 1


def test_without_paddles_private_parts_the_plain_network_is_used(monkeypatch, capsys):
    monkeypatch.delattr(partial_program, "PartialProgramLayerHook")
    falls_back(capsys, "other inner parts")


def test_in_paddles_newer_program_format_the_plain_network_is_used(monkeypatch, capsys):
    flag = "FLAGS_enable_pir_api"
    monkeypatch.setattr(paddle, "get_flags", lambda name: {flag: True})
    falls_back(capsys, "tune_process()")


def test_a_network_that_cannot_be_traced_is_used_plain(sent, capsys):
    nn = paddle.nn
    net = nn.Sequential(nn.Conv2D(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2D(1), nn.Flatten())
    forward = accelerate(net)
    del sent[:]
    for count in (2, 2, 3):
        np.testing.assert_array_equal(forward(photos(count)).numpy(), net(photos(count)).numpy())
    forward(photos(2)).sum().backward()
    assert net[0].weight.grad is not None
    assert sent == []
    line = capsys.readouterr().err
    assert line.startswith("warning: Sequential runs without oneDNN, slower: it cannot be traced")
    assert "tanh" in line
    assert line.count("\n") == 1


def test_on_a_gpu_the_plain_network_is_used_without_a_warning(monkeypatch, capsys):
    monkeypatch.setattr(paddle.device, "get_device", lambda: "gpu:0")
    net = paddle.nn.Conv2D(3, 4, 3)
    assert accelerate(net) is net
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "resnet18"])
def test_evaluation_sees_the_weights_as_they_are_now(architecture):
    net = without_dropout(architecture)
    net.eval()
    forward = accelerate(net)
    with paddle.no_grad():
        for _ in range(2):
            np.testing.assert_allclose(
                forward(photos(4)).numpy(), net(photos(4)).numpy(), rtol=1e-3, atol=1e-3
            )
            for parameter in net.parameters():
                parameter.set_value(parameter * 1.1)


def test_source_that_is_edited_during_a_training_is_not_traced(tmp_path, monkeypatch, sent):
    source = "import paddle\n\nclass Own(paddle.nn.Conv2D):\n    def forward(self, x):\n"
    path = tmp_path / "edited_later.py"
    path.write_text(source + "        return super(Own, self).forward(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    net = importlib.import_module("edited_later").Own(3, 4, 3)
    accelerate(net)(photos(2))
    path.write_text(source + "        return super(Own, self).forward(x) * 1000.0\n")
    os.utime(path, (1, 1))
    found = accelerate(net)(photos(2))  # as at the next image size
    np.testing.assert_allclose(found, net(photos(2)), atol=1e-5)
    assert sent
