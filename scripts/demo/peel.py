"""The skin of a clean lemon as maps over the visible half: colour, relief and gloss."""

from dataclasses import dataclass

import cv2
import numpy as np

from demo.colour import blend, linear, rgb
from demo.noise import fractal_noise, smooth_noise

ROWS, COLUMNS = 416, 512  # texels; fixed, so that a lemon is the same at every photo size
REACH = 1.5  # the maps run from -REACH to REACH in the coordinates u (columns) and v (rows)
TEXELS = COLUMNS / (2 * REACH)  # texels per unit of u


@dataclass
class Peel:
    """Maps over (v, u), float32."""

    colour: np.ndarray  # (3, ROWS, COLUMNS) linear reflectance, 0 to 1
    height: np.ndarray  # (ROWS, COLUMNS) relief in half lengths of the lemon
    gloss: np.ndarray  # (ROWS, COLUMNS) 0 matte to 1 waxed


def draw_peel(rng: np.random.Generator) -> Peel:
    """Draw the skin of a lemon without defects: pores, gentle lumps and drifting colour."""
    shape = (ROWS, COLUMNS)
    pores = _pores(rng, rng.uniform(0.8, 1.25))
    lumps = fractal_noise(rng, shape, (4, 5), 3)
    colour = _drifting_colour(rng)
    mottle = 1 + 0.035 * fractal_noise(rng, shape, (16, 20), 2) - 0.10 * np.maximum(-pores, 0)
    colour *= mottle
    height = np.float32(0.0016 * rng.uniform(0.7, 1.3)) * pores + np.float32(0.009) * lumps
    gloss = np.float32(rng.uniform(0.55, 0.95)) + np.float32(0.06) * lumps
    return Peel(colour, height, gloss)


def _base_colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a ripe lemon's colour, from greenish to orange yellow, independent of its grade."""
    greenish, lemon, golden = linear(205, 196, 52), linear(238, 205, 44), linear(240, 184, 28)
    ripeness = rng.beta(2.2, 2.2) * 2
    if ripeness < 1:
        colour = greenish + (lemon - greenish) * ripeness
    else:
        colour = lemon + (golden - lemon) * (ripeness - 1)
    return (colour * rng.uniform(0.82, 1.08)).astype(np.float32)


def _drifting_colour(rng: np.random.Generator) -> np.ndarray:
    """Return the colour without pores: paler in places, and with a breath of green at the ends.

    Lemons of every grade have both. It changes so slowly that an eighth of the texels are enough.
    """
    rows, columns = ROWS // 8, COLUMNS // 8
    colour = np.empty((3, rows, columns), np.float32)
    colour[:] = _base_colour(rng)
    pale = np.clip(0.15 * smooth_noise(rng, (rows, columns), (5, 6)), 0, 0.4)
    blend(colour, colour * rgb(1.04, 1.08, 1.9), pale)
    u = np.linspace(-REACH, REACH, columns, dtype=np.float32)
    left, right = rng.uniform(0, 0.32, 2).tolist()
    ends = left * np.clip(-u - 0.6, 0, 1) + right * np.clip(u - 0.6, 0, 1)
    blend(colour, colour * rgb(0.62, 0.92, 0.8), ends)
    return np.stack([cv2.resize(plane, (COLUMNS, ROWS)) for plane in colour])


def _pores(rng: np.random.Generator, size: float) -> np.ndarray:
    """Return the oil glands: band-passed noise with narrow dimples, standard deviation about 1."""
    white = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
    fine = cv2.GaussianBlur(white, (0, 0), 1.35 * size) * np.float32(1.35 * size)
    coarse = cv2.GaussianBlur(white, (0, 0), 2.6 * size) * np.float32(1.35 * size)
    band = (fine - coarse) * np.float32(4.4)
    return np.minimum(band, 0.6) + np.float32(0.15) * band
