"""The state of a network: parameters and batch statistics, as arrays by name."""

import numpy as np
from paddle import nn


def state_of(net: nn.Layer) -> dict[str, np.ndarray]:
    """Return a copy of the parameters and batch statistics by name."""
    return {name: value.numpy() for name, value in net.state_dict().items()}


def load_state(net: nn.Layer, state: dict[str, np.ndarray]) -> None:
    """Set all parameters and batch statistics, in place.

    Raises:
        KeyError: one is missing.
        ValueError: one has another shape.
    """
    for name, value in net.state_dict().items():
        if list(state[name].shape) != list(value.shape):
            raise ValueError(f"{name}: {list(state[name].shape)} instead of {list(value.shape)}")
        value.set_value(state[name])
