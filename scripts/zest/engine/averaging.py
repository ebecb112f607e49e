"""Averages of the weights over the steps or the last epochs of a training.

Both average every floating-point entry of the network's state: weights, and batch statistics too.
Izmailov et al. compute the statistics of the averaged weights anew, with one more pass over the
photos; here the mean of the statistics takes their place.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import paddle
from paddle import nn


class WeightAverage:
    """An exponential moving average of the weights (Polyak & Juditsky 1992 average all alike).

    average += (1 - d) * (weights - average) after each step, with d = min(decay, (1 + step) / (10 +
    step)), so that it does not remember the first weights for long; as TensorFlow's
    `ExponentialMovingAverage(num_updates)` does. What does not change, such as a frozen layer, is
    averaged to the same bits.

    Args:
        net: the network; its present weights are the first average.
        decay: in [0, 1).
    """

    def __init__(self, net: nn.Layer, decay: float):
        self.decay = decay
        self._weights = _floating(net)
        self._averages = {name: value.clone().detach() for name, value in self._weights.items()}

    @paddle.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 0 over the whole training."""
        share = paddle.to_tensor(1 - min(self.decay, (1 + step) / (10 + step)))
        for name, average in self._averages.items():
            average.lerp_(self._weights[name], share)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Let the network have the averages for a while; then it gets back its own, to the bit."""
        own = {name: value.clone().detach() for name, value in self._weights.items()}
        self.write()
        try:
            yield
        finally:
            for name, value in self._weights.items():
                value.set_value(own[name])

    def write(self) -> None:
        """Put the averages in the place of the network's weights, for good."""
        for name, value in self._weights.items():
            value.set_value(self._averages[name])

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of the averages by the names of the network's state."""
        return {name: average.numpy() for name, average in self._averages.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on where `state()` was taken."""
        for name, average in self._averages.items():
            average.set_value(state[name])


class EpochAverage:
    """The mean of the weights at the end of the last epochs.

    Izmailov et al. 2018, arXiv:1803.05407, algorithm 1, with the learning rate of the schedule.
    The sums are in float64, where those of float32 weights hardly ever round, so the order of the
    epochs does not matter.

    Args:
        epochs: how many are averaged; `add` is called for these alone.
    """

    def __init__(self, epochs: int):
        self.epochs = epochs
        self._added = 0
        self._sums: dict[str, np.ndarray] = {}

    def add(self, net: nn.Layer) -> None:
        """Take in the weights at the end of one of the epochs."""
        for name, value in _floating(net).items():
            self._sums[name] = self._sums.get(name, 0) + value.numpy().astype(np.float64)
        self._added += 1

    def write(self, net: nn.Layer) -> None:
        """Put the mean in the place of the network's weights.

        Raises:
            RuntimeError: another number of epochs was added.
        """
        if self._added != self.epochs:
            raise RuntimeError(f"{self._added} epochs were added, not {self.epochs}")
        for name, value in _floating(net).items():
            mean = self._sums[name] / self.epochs
            value.set_value(mean.astype(value.numpy().dtype))

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of the sums by name, and how many epochs they are of."""
        sums = {f"sum.{name}": value.copy() for name, value in self._sums.items()}
        return {"added": np.array(self._added), **sums}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on where `state()` was taken."""
        self._added = int(state["added"])
        self._sums = {
            name.removeprefix("sum."): value for name, value in state.items() if name != "added"
        }


def _floating(net: nn.Layer) -> dict[str, paddle.Tensor]:
    """Return the floating-point entries of a network's state: the tensors themselves."""
    state = net.state_dict()
    return {name: value for name, value in state.items() if value.is_floating_point()}
