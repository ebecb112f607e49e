"""Averages of the weights: their formulas, and that the network gets its own weights back."""

import numpy as np
import paddle
import pytest
from paddle import nn

from zest.engine.averaging import EpochAverage, WeightAverage
from zest.engine.fast_conv import accelerate


class Net(nn.Layer):
    """A convolution, batch statistics, and an entry of the state that is a whole number."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 4, 3)
        self.norm = nn.BatchNorm2D(4)
        self.register_buffer("seen", paddle.to_tensor([7], dtype="int64"))

    def forward(self, x):
        return self.norm(self.conv(x)).mean(axis=[2, 3])


def values(net: nn.Layer) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in net.state_dict().items()}


def floats(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value for name, value in state.items() if name != "seen"}


def move(net: nn.Layer, seed: int) -> None:
    """Give the network other weights and statistics."""
    rng = np.random.default_rng(seed)
    for name, value in net.state_dict().items():
        if name != "seen":
            value.set_value(rng.normal(size=value.shape).astype(np.float32))


def equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all((first[k] == second[k]).all() for k in first)


def test_the_moving_average_follows_its_formula_statistics_included():
    net = Net()
    expected = {name: value.astype(np.float64) for name, value in floats(values(net)).items()}
    average = WeightAverage(net, decay=0.3)
    for step in range(6):
        move(net, step)
        average.update(step)
        decay = min(0.3, (1 + step) / (10 + step))  # 0.1, 0.18, 0.25, 0.3, 0.3, 0.3
        for name, value in floats(values(net)).items():
            expected[name] = decay * expected[name] + (1 - decay) * value
    found = average.state()
    assert found.keys() == expected.keys() >= {"conv.weight", "norm._mean", "norm._variance"}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


def test_what_does_not_change_is_averaged_to_the_same_bits():
    net = Net()
    move(net, 0)
    average = WeightAverage(net, decay=0.999)
    for step in range(2000, 2050):
        average.update(step)
    assert equal(average.state(), floats(values(net)))


def test_swapped_evaluates_the_averages_and_gives_the_weights_back_to_the_bit():
    net = Net()
    average = WeightAverage(net, decay=0.9)
    move(net, 1)
    average.update(0)
    own, averages = values(net), average.state()
    with average.swapped():
        assert equal(floats(values(net)), averages)
        assert values(net)["seen"].tolist() == [7]
    assert equal(values(net), own)
    assert equal(average.state(), averages)

    def stop_within():
        with average.swapped():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_within()
    assert equal(values(net), own)


def test_a_traced_network_sees_the_swapped_weights_and_its_own_again():
    net = Net()
    forward = accelerate(net)
    average = WeightAverage(net, decay=0.9)
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32))
    optimizer = paddle.optimizer.SGD(0.5, parameters=net.parameters())
    for step in range(3):
        forward(x).square().sum().backward()
        optimizer.step()
        optimizer.clear_grad()
        average.update(step)
    assert (average.state()["norm._mean"] != 0).all()  # the traced network's statistics are seen
    net.eval()
    with paddle.no_grad():
        own = forward(x).numpy()
        with average.swapped():
            np.testing.assert_allclose(forward(x).numpy(), net(x).numpy(), atol=1e-5)
            assert np.abs(forward(x).numpy() - own).max() > 1e-3
        assert (forward(x).numpy() == own).all()


def test_writing_leaves_the_averages_in_the_network():
    net = Net()
    average = WeightAverage(net, decay=0.9)
    move(net, 1)
    average.update(0)
    average.write()
    assert equal(floats(values(net)), average.state())


def test_the_moving_average_goes_on_from_its_state_to_the_same_bits():
    net, other = Net(), Net()
    average = WeightAverage(net, decay=0.9)
    for step in range(3):
        move(net, step)
        average.update(step)
    again = WeightAverage(other, decay=0.9)
    again.restore(average.state())
    for step in range(3, 6):
        for one, its in ((net, average), (other, again)):
            move(one, step)
            its.update(step)
    assert equal(average.state(), again.state())


def epoch_average(order, epochs: int) -> tuple[Net, EpochAverage]:
    net = Net()
    average = EpochAverage(epochs)
    for seed in order:
        move(net, seed)
        average.add(net)
    return net, average


def test_the_mean_of_epochs_is_theirs_in_any_order():
    expected = []
    for seed in range(5):
        net = Net()
        move(net, seed)
        expected.append(floats(values(net)))
    means = []
    for order in ([0, 1, 2, 3, 4], [3, 1, 4, 0, 2]):
        net, average = epoch_average(order, 5)
        average.write(net)
        means.append(values(net))
    assert equal(*means)
    assert means[0].pop("seen").tolist() == [7]
    for name, value in means[0].items():
        mean = np.mean([one[name].astype(np.float64) for one in expected], axis=0)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, mean, rtol=1e-6)


def test_the_mean_of_epochs_goes_on_from_its_state_to_the_same_bits():
    net, whole = epoch_average([0, 1, 2], 3)
    whole.write(net)
    for cut in range(3):
        _, before = epoch_average(range(cut), 3)
        after = EpochAverage(3)
        after.restore(before.state())
        other = Net()
        for seed in range(cut, 3):
            move(other, seed)
            after.add(other)
        after.write(other)
        assert equal(values(other), values(net))


def test_the_mean_of_another_number_of_epochs_is_refused():
    net, average = epoch_average([0, 1], 3)
    with pytest.raises(RuntimeError, match="2 epochs were added, not 3"):
        average.write(net)
