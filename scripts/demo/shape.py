"""The body of a lemon: a solid of revolution with a nipple and a stem end, seen from above.

Lengths are in half lengths of the body. The axis of the lemon lies along x, tilted by `tilt`
towards the camera, which looks down along -z without perspective.
"""

from dataclasses import dataclass

import cv2
import numpy as np

_REACH = 1.6  # the profile is tabulated from -_REACH to _REACH along the axis
_ROWS = 2048


@dataclass(frozen=True)
class Shape:
    """A lemon's form; `profile` holds the squared radius along the axis and two derivatives."""

    profile: np.ndarray  # float32, (1, _ROWS, 3)
    girth: float  # largest radius
    tilt: float  # radians; positive lifts the nipple towards the camera
    bend: tuple[float, float, float]  # of y, by x^2, x*y and x^3
    ends: tuple[float, float]  # where the axis leaves the body: stem end (negative), nipple


@dataclass(frozen=True)
class Surface:
    """What the camera sees of a body, per pixel: float32, (height, width)."""

    alpha: np.ndarray  # share of the pixel that the body covers, 0 to 1
    normal: tuple[np.ndarray, np.ndarray, np.ndarray]  # unit vector, in the lemon's frame
    u: np.ndarray  # equal-area coordinates (u, v) on the skin: 0 where it faces the camera,
    v: np.ndarray  # about sqrt(2) from there at the outline
    along: np.ndarray  # position along the axis
    off_axis: np.ndarray  # distance from the axis


def draw_shape(rng: np.random.Generator) -> Shape:
    """Draw a lemon's form."""
    girth = rng.uniform(0.70, 0.84)
    along = np.linspace(-_REACH, _REACH, _ROWS)
    egg = rng.uniform(-0.12, 0.12)
    body = girth**2 * (1 - along**2) * (1 + egg * along)
    # outside the body the egg term may turn the parabola up again
    body = np.where(np.abs(along) > 1, girth**2 * (1 - along**2), body)
    nipple = _knob(along, 0.86, rng.uniform(0.26, 0.40), rng.uniform(0.19, 0.29))
    stem = _knob(along, -0.86, rng.uniform(0.17, 0.23), rng.uniform(0.25, 0.34))
    squared = _smooth_max(_smooth_max(body, nipple, rng.uniform(0.08, 0.2)), stem, 0.14)
    slope = np.gradient(squared, along)
    profile = np.stack([squared, slope, np.gradient(slope, along)], axis=-1)
    inside = along[squared > 0]
    return Shape(
        profile.astype(np.float32)[None],
        girth,
        float(np.clip(rng.normal(0, 0.26), -0.4, 0.4)),
        (rng.normal(0, 0.035), rng.normal(0, 0.035), rng.normal(0, 0.03)),
        (float(inside[0]), float(inside[-1])),
    )


def _knob(along: np.ndarray, centre: float, length: float, radius: float) -> np.ndarray:
    return radius**2 * (1 - ((along - centre) / length) ** 2)


def _smooth_max(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    """Maximum with a rounded seam (polynomial smooth minimum, Inigo Quilez, iquilezles.org)."""
    near = np.maximum(width - np.abs(a - b), 0) / width
    return np.maximum(a, b) + near**2 * width / 4


def see(shape: Shape, x: np.ndarray, y: np.ndarray, pixel: float) -> Surface:
    """Find the surface under each pixel.

    A point of the surface solves squared_radius(along) - below^2 - y^2 = 0 for its height z, where
    `along` and `below` are the coordinates of (x, z) in the tilted frame of the axis. Newton's
    method first finds the height at which the left side is largest (its sign tells whether the ray
    meets the body), then the upper root.

    Args:
        shape: the body.
        x: float32, (height, width): pixel centres in the lemon's frame, along its axis.
        y: across it.
        pixel: side of a pixel, in half lengths of the body.
    """
    y = y + shape.bend[0] * x * x + shape.bend[1] * x * y + shape.bend[2] * x * x * x
    cos, sin = np.float32(np.cos(shape.tilt)), np.float32(np.sin(shape.tilt))

    def profile_at(z):
        along, below = x * cos + z * sin, z * cos - x * sin
        return along, below, *cv2.split(_look_up(shape.profile, along))

    z = x * (sin / cos)
    for _ in range(2):
        _, below, _, slope, curve = profile_at(z)
        z -= (slope * sin - 2 * below * cos) / np.minimum(curve * sin**2 - 2 * cos**2, -0.5)
    _, below, squared, slope, curve = profile_at(z)
    depth = squared - below * below - y * y
    fall = np.hypot(slope * cos + 2 * below * sin, 2 * y)
    alpha = np.clip(depth / (fall * np.float32(pixel) + 1e-6) + 0.5, 0, 1)

    z += np.sqrt(np.maximum(depth, 0) / np.maximum(cos**2 - curve * sin**2 / 2, 0.25))
    for _ in range(2):
        _, below, squared, slope, _ = profile_at(z)
        z -= (squared - below * below - y * y) / np.minimum(slope * sin - 2 * below * cos, -0.15)
    along, below, _, slope, _ = profile_at(z)
    normal = _unit(-slope * cos - 2 * below * sin, 2 * y, 2 * below * cos - slope * sin)
    u, v = _equal_area(x, y / np.float32(shape.girth), z / np.float32(shape.girth))
    return Surface(alpha, normal, u, v, along, np.hypot(y, below))


def _look_up(profile: np.ndarray, along: np.ndarray) -> np.ndarray:
    column = (along + np.float32(_REACH)) * np.float32((_ROWS - 1) / (2 * _REACH))
    row = np.zeros_like(column)
    return cv2.remap(profile, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _unit(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple:
    z = np.maximum(z, 1e-3)  # the camera sees no face that looks away
    scale = 1 / np.sqrt(x * x + y * y + z * z)
    return x * scale, y * scale, z * scale


def _equal_area(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lambert's azimuthal equal-area projection of directions (Snyder 1987, USGS PP 1395, p. 182).

    It keeps the density of the pores even over the visible half and has no seam there.
    """
    x, y, z = _unit(x, y, z)
    scale = np.sqrt(2 / (1 + z))
    return x * scale, y * scale
