"""Optimisers: formulas, factors, freezing, clipping, and going on after a checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from paddle import nn

from zest.engine.optimizers import make_optimizer, optimizer_state, restore_optimizer

SETTINGS = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "head_learning_rate_factor": 1,
    "layer_decay": 1.0,
    "weight_decay": 0.0,
    "gradient_clip_norm": None,
}
GROUPS = [["0.weight", "0.bias"], ["1.weight", "1.bias"], ["2.weight", "2.bias"]]
KINDS = ["adam", "adamw", "lion", "sgd"]


def network(seed: int = 0) -> nn.Layer:
    """Three linear layers whose values lie between 0.5 and 1.5."""
    net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))
    rng = np.random.default_rng(seed)
    for parameter in net.parameters():
        parameter.set_value(rng.uniform(0.5, 1.5, parameter.shape).astype(np.float32))
    return net


def optimizer_of(net: nn.Layer, kind: str = "adamw", **settings):
    return make_optimizer(net, {**SETTINGS, "optimizer": kind, **settings}, GROUPS)


def values(net: nn.Layer) -> dict[str, np.ndarray]:
    return {name: parameter.numpy() for name, parameter in net.named_parameters()}


def step(net: nn.Layer, optimizer, gradient: float, rate: float = 0.01) -> None:
    """Do one step in which every gradient of a parameter that learns is `gradient` throughout."""
    optimizer.set_lr(rate)
    sum((one * gradient).sum() for one in net.parameters() if not one.stop_gradient).backward()
    optimizer.step()
    optimizer.clear_grad()


def change(kind: str, gradient: float, **settings) -> dict[str, np.ndarray]:
    """Return by how much one step lowers the parameters."""
    net = network()
    before = values(net)
    step(net, optimizer_of(net, kind, **settings), gradient)
    return {name: before[name] - value for name, value in values(net).items()}


def by_hand(kind: str, w: float, gradients: list[float], rate: float, decay: float) -> float:
    """Return a weight after some steps, by the formulas of the papers."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        if kind in ("adam", "sgd"):
            g += decay * w
        if kind == "sgd":
            m = 0.9 * m + g
            w -= rate * (g + 0.9 * m)
        elif kind == "lion":
            direction = np.sign(0.9 * m + 0.1 * g)
            w -= rate * (direction + decay * w)
            m = 0.99 * m + 0.01 * g
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            shrunk = rate * decay * w if kind == "adamw" else 0
            w -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8) + shrunk
    return w


@pytest.mark.parametrize("kind", KINDS)
def test_each_follows_its_paper_over_several_steps(kind):
    net = network()
    before = values(net)["1.weight"]
    optimizer = optimizer_of(net, kind, weight_decay=0.3)
    gradients = [1.0, -0.5, 0.04, 3.0, -1.0, -0.3]
    for gradient in gradients:
        step(net, optimizer, gradient, rate=0.02)
    expected = [by_hand(kind, w, gradients, 0.02, 0.3) for w in before.ravel().tolist()]
    np.testing.assert_allclose(values(net)["1.weight"].ravel(), expected, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_is_the_one_set_before_the_step_times_the_factor_of_the_group(kind):
    rates = [0.01, 0.03, 0.002]
    net = network()
    before = values(net)
    optimizer = optimizer_of(
        net, kind, learning_rate=9, layer_decay=0.5, head_learning_rate_factor=4
    )
    for rate in rates:
        step(net, optimizer, 1.0, rate)
        assert optimizer.get_lr() == rate
    for name, value in values(net).items():
        factor = {"0": 0.25, "1": 0.5, "2": 4}[name[0]]
        moved = before[name] - value
        if kind == "sgd":
            first, second, third = (rate * factor for rate in rates)
            expected = 1.9 * first + 2.71 * second + 3.439 * third
        else:
            expected = sum(rates) * factor
        np.testing.assert_allclose(moved, expected, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_weight_decay_shrinks_weights_and_spares_biases(kind):
    lowered = change(kind, 0.0, weight_decay=0.5)
    assert (lowered["0.weight"] > 0).all()
    assert (lowered["0.bias"] == 0).all()


@pytest.mark.parametrize("kind", ["adamw", "lion"])
def test_decoupled_decay_is_rate_times_factor_times_decay(kind):
    lowered = change(kind, 0.0, weight_decay=0.5, layer_decay=0.5)
    expected = values(network())["0.weight"] * (0.01 * 0.25 * 0.5)
    np.testing.assert_allclose(lowered["0.weight"], expected, rtol=1e-3)


@pytest.mark.parametrize("gradient", [10.0, 0.001])
def test_gradients_are_clipped_by_the_norm_of_all_groups_together(gradient):
    lowered = change("sgd", gradient, gradient_clip_norm=0.5, layer_decay=0.999)
    rates = {"0": 0.01 * 0.999**2, "1": 0.01 * 0.999, "2": 0.01}
    clipped = [value / (1.9 * rates[name[0]]) for name, value in lowered.items()]
    norm = np.sqrt(sum((one**2).sum() for one in clipped))
    assert norm == pytest.approx(min(0.5, gradient * np.sqrt(18)), rel=2e-3)


def test_a_parameter_without_a_gradient_takes_no_part_in_the_clipping_and_stays():
    net = network()
    before = values(net)
    optimizer = optimizer_of(net, "sgd", gradient_clip_norm=0.5)
    optimizer.set_lr(0.01)
    (net[1].weight * 10).sum().backward()
    optimizer.step()
    after = values(net)
    assert (after["0.weight"] == before["0.weight"]).all()
    moved = (before["1.weight"] - after["1.weight"]) / (1.9 * 0.01)
    assert np.linalg.norm(moved) == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_parameters_stay_and_start_clean_when_they_are_unfrozen(kind):
    net = network()
    before = values(net)
    optimizer = optimizer_of(net, kind, weight_decay=0.1)
    for parameter in net[0].parameters():
        parameter.stop_gradient = True
    for gradient in (1.0, -2.0, 0.5):
        step(net, optimizer, gradient)
    assert (values(net)["0.weight"] == before["0.weight"]).all()
    assert not any(
        name.endswith(("0.weight", "0.bias")) for name in optimizer_state(optimizer, net)
    )

    for parameter in net[0].parameters():
        parameter.stop_gradient = False
    step(net, optimizer, 1.0)
    expected = [by_hand(kind, w, [1.0], 0.01, 0.1) for w in before["0.weight"].ravel().tolist()]
    np.testing.assert_allclose(values(net)["0.weight"].ravel(), expected, rtol=1e-5)


def test_groups_that_leave_out_a_parameter_are_refused():
    with pytest.raises(ValueError, match="exactly one group"):
        make_optimizer(network(), SETTINGS, GROUPS[:2])


# A process that goes on from a checkpoint.
CONTINUE = """
import sys
import numpy as np
from test_engine_optimizers import network, optimizer_of, step, values
from zest.engine.optimizers import restore_optimizer
kind, folder = sys.argv[1:]
network()  # so that Paddle counts its names from elsewhere
net = network()
optimizer = optimizer_of(net, kind, weight_decay=0.1, layer_decay=0.7)
with np.load(f"{folder}/net.npz") as saved:
    for name, parameter in net.named_parameters():
        parameter.set_value(saved[name])
with np.load(f"{folder}/optimizer.npz") as saved:
    restore_optimizer(optimizer, net, dict(saved))
for gradient in (0.3, -0.2):
    step(net, optimizer, gradient)
np.savez(f"{folder}/continued.npz", **values(net))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_another_process_goes_on_from_a_checkpoint_to_the_same_bits(kind, tmp_path):
    net = network()
    optimizer = optimizer_of(net, kind, weight_decay=0.1, layer_decay=0.7)
    net[0].weight.stop_gradient = True  # has no state when the checkpoint is written
    for gradient in (1.0, -0.7, 0.1):
        step(net, optimizer, gradient)
    np.savez(tmp_path / "net.npz", **values(net))
    np.savez(tmp_path / "optimizer.npz", **optimizer_state(optimizer, net))
    net[0].weight.stop_gradient = False
    for gradient in (0.3, -0.2):
        step(net, optimizer, gradient)

    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1] / "scripts")])
    subprocess.run(
        [sys.executable, "-c", CONTINUE, kind, tmp_path],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )
    with np.load(tmp_path / "continued.npz") as continued:
        for name, value in values(net).items():
            assert (continued[name] == value).all(), name


@pytest.mark.parametrize("kind", KINDS)
def test_restoring_replaces_what_an_optimiser_remembers(kind):
    net = network()
    optimizer = optimizer_of(net, kind)
    step(net, optimizer, 1.0)
    saved_net, saved = values(net), optimizer_state(optimizer, net)
    step(net, optimizer, -3.0)
    first = values(net)

    for name, parameter in net.named_parameters():
        parameter.set_value(saved_net[name])
    restore_optimizer(optimizer, net, saved)
    step(net, optimizer, -3.0)
    assert all((first[name] == value).all() for name, value in values(net).items())

    restore_optimizer(optimizer, net, {})
    assert optimizer_state(optimizer, net) == {}


def test_the_state_is_a_copy_by_the_names_of_the_network():
    net = network()
    optimizer = optimizer_of(net, "adam")
    step(net, optimizer, 1.0)
    state = optimizer_state(optimizer, net)
    kinds = ("moment1", "moment2", "beta1_pow_acc", "beta2_pow_acc")
    assert set(state) == {f"{kind}.{name}" for kind in kinds for group in GROUPS for name in group}
    kept = state["moment1.0.weight"].copy()
    step(net, optimizer, 1.0)
    assert (state["moment1.0.weight"] == kept).all()
