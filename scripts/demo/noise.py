"""Random streams by name, and smooth random fields."""

import cv2
import numpy as np

from zest.randomness import seed_from


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream that belongs to `seed` and `names`, whatever was drawn before."""
    return np.random.default_rng(seed_from(seed, *names))


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]
) -> np.ndarray:
    """Return value noise: normal values on a grid of `cells` (rows, columns), cubic in between.

    Returns:
        float32, `shape`; mean about 0, standard deviation a little under 1.
    """
    grid = rng.standard_normal((cells[0] + 1, cells[1] + 1), dtype=np.float32)
    return cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def fractal_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], octaves: int
) -> np.ndarray:
    """Sum `octaves` of value noise, each about twice as fine and half as strong.

    Returns:
        float32, `shape`; standard deviation about 0.9.
    """
    field = smooth_noise(rng, shape, cells)
    for octave in range(1, octaves):
        # not quite twice: grids whose lines coincide would show as squares
        finer = (round(cells[0] * 2.17**octave), round(cells[1] * 2.17**octave))
        field += smooth_noise(rng, shape, finer) * np.float32(0.5**octave)
    return field


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Rise from 0 at `low` to 1 at `high` without a kink; falls where `low` > `high`."""
    t = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)
