"""A round window on the skin, in which one defect is drawn."""

from dataclasses import dataclass

import numpy as np

from demo.colour import blend
from demo.noise import fractal_noise, smoothstep
from demo.peel import COLUMNS, REACH, ROWS, TEXELS, Peel

_MARGIN = 1.7  # the window reaches this many radii from the centre


@dataclass(frozen=True)
class Patch:
    """Views of a peel's maps around a spot, with coordinates in radii of the spot."""

    colour: np.ndarray  # (3, height, width)
    height: np.ndarray  # (height, width)
    gloss: np.ndarray
    x: np.ndarray  # along the spot's own long axis
    y: np.ndarray
    radius: float  # in half lengths of the lemon
    rng: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window."""
        return self.height.shape

    def distance(self, roughness: float, grain: float = 0.45) -> np.ndarray:
        """Return the distance from the centre in radii, roughened by noise of `grain` radii."""
        return np.hypot(self.x, self.y) + np.float32(roughness) * self.noise(grain, 3)

    def noise(self, grain: float, octaves: int) -> np.ndarray:
        """Return fractal noise whose coarsest cells measure `grain` radii."""
        texels = max(grain * self.radius * TEXELS, 1.0)
        rows, columns = (max(1, round(side / texels)) for side in self.shape)
        return fractal_noise(self.rng, self.shape, (rows, columns), octaves)

    def paint(self, colour: np.ndarray, mask: np.ndarray) -> None:
        """Lay a colour over the skin, as opaque as `mask` says."""
        blend(self.colour, colour, mask)

    def stain(self, tint: np.ndarray, mask: np.ndarray) -> None:
        """Multiply the skin's colour by `tint`, as strongly as `mask` says."""
        blend(self.colour, self.colour * tint, mask)

    def dull(self, gloss: float, mask: np.ndarray) -> None:
        """Bring the gloss to `gloss`, as far as `mask` says."""
        self.gloss[...] += (gloss - self.gloss) * mask


def patch(
    peel: Peel,
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    stretch: float = 1.0,
    turn: float = 0.0,
) -> Patch:
    """Open a window on `peel`.

    Args:
        peel: the skin to be changed.
        rng: the stream of the defect.
        centre: u and v of the spot.
        radius: of the spot, in half lengths of the lemon.
        stretch: how much longer than wide the spot is; its area stays.
        turn: radians from the u axis to the spot's long axis.
    """
    column = (centre[0] + REACH) * TEXELS
    row = (centre[1] + REACH) * ROWS / (2 * REACH)
    reach = _MARGIN * radius * TEXELS * np.sqrt(stretch) + 2
    top, left = max(int(row - reach), 0), max(int(column - reach), 0)
    bottom, right = min(int(row + reach) + 1, ROWS), min(int(column + reach) + 1, COLUMNS)
    window = np.s_[top:bottom, left:right]
    rows, columns = np.ogrid[window]
    scale = 1 / (radius * TEXELS)
    dx = ((columns - column) * scale).astype(np.float32)
    dy = ((rows - row) * scale).astype(np.float32)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x = (dx * cos + dy * sin) / np.float32(np.sqrt(stretch))
    y = (dy * cos - dx * sin) * np.float32(np.sqrt(stretch))
    colour = peel.colour[:, top:bottom, left:right]
    return Patch(colour, peel.height[window], peel.gloss[window], x, y, radius, rng)


def disc(distance: np.ndarray, softness: float) -> np.ndarray:
    """Return 1 well inside distance 1 and 0 well outside, over `softness` radii."""
    return smoothstep(1 + softness, 1 - softness, distance)
