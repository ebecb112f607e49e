"""What an operation is: how its parameters are drawn, and what they do."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Draw = Callable[[np.random.Generator, dict], dict]


class Movement(NamedTuple):
    """An operation that moves pixels.

    Attributes:
        draw: its parameters, from a generator and the settings of the recipe.
        source: from those the matrix, float (3, 3), that tells for a point of the result where in
            the operation's input it comes from; coordinates run from -1 to 1 over the image.
    """

    draw: Draw
    source: Callable[[dict], np.ndarray]


class Change(NamedTuple):
    """An operation that changes the values of pixels.

    Attributes:
        draw: its parameters, from a generator and the settings of the recipe.
        apply: gives from an image, uint8 RGB (size, size, 3), and those the changed one. It leaves
            the image that it was given as it is.
    """

    draw: Draw
    apply: Callable[[np.ndarray, dict], np.ndarray]


def generator(seed: int) -> np.random.Generator:
    """Return what `numpy.random.default_rng` gives, in half of the time that a flip takes."""
    return np.random.Generator(np.random.PCG64(seed))


# Values are rounded so that the record in JSON is exactly what was applied.


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number, recorded with six decimals."""
    return round(float(rng.uniform(low, high)), 6)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number evenly on a logarithmic scale: twice is as likely as half."""
    return round(math.exp(rng.uniform(math.log(low), math.log(high))), 6)


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def draw_seed(rng: np.random.Generator) -> int:
    """Draw the seed of an operation that needs many random numbers when it is applied."""
    return int(rng.integers(2**31))


def nothing(rng: np.random.Generator, settings: dict) -> dict:
    """Draw the parameters of an operation that has none."""
    return {}


def draw_degrees(rng: np.random.Generator, settings: dict) -> dict:
    """Draw an angle from -degrees to degrees."""
    return {"degrees": uniform(rng, -settings["degrees"], settings["degrees"])}
