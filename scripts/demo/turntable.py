"""The black turntable with its lit rim, and the lemon's shadow on it."""

import math
from dataclasses import dataclass, replace

import numpy as np

from demo.colour import linear
from demo.noise import fractal_noise, smoothstep
from demo.shading import Light
from demo.table import CANVAS


@dataclass(frozen=True)
class Pose:
    """Where the lemon lies, in photo sides, and how it is turned."""

    x: float
    y: float
    half_length: float
    angle: float  # radians from the x axis to the lemon's axis


@dataclass(frozen=True)
class Turntable:
    """A disc in the photo, in photo sides; the camera stands a little aslant."""

    x: float
    y: float
    radius: float
    flatness: float  # short axis over long axis


def draw_turntable(rng: np.random.Generator) -> Turntable:
    """Draw where the turntable lies."""
    x, y = (0.5 + rng.normal(0, 0.015, 2)).tolist()
    return Turntable(x, y, rng.uniform(0.445, 0.53), rng.uniform(0.965, 1.0))


def draw_pose(rng: np.random.Generator, turntable: Turntable, turn: float) -> Pose:
    """Draw where the lemon lies, then turn the turntable by `turn` degrees."""
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.035)
    axis, half_length = rng.uniform(0, 2 * np.pi), rng.uniform(0.215, 0.30)
    angle += math.radians(turn)
    x, y = turntable.x + distance * math.cos(angle), turntable.y + distance * math.sin(angle)
    return Pose(x, y, half_length, axis + math.radians(turn))


def add_turntable(
    rng: np.random.Generator, scene: np.ndarray, turntable: Turntable, light: Light
) -> None:
    """Lay the turntable on the table `scene` (float32, (3, CANVAS, CANVAS)), in place."""
    x, y, across = _coordinates(turntable)
    key = light.lamps[0].direction
    away = np.hypot(x + 0.10 * key[0], y + 0.10 * key[1])
    scene *= 1 - np.float32(0.65) * smoothstep(1.16, 0.96, away)

    pixel = 1 / (turntable.radius * CANVAS)
    disc = smoothstep(1 + pixel, 1 - pixel, across)
    scene += (_top(rng, x, y, across, light) - scene) * disc


def _coordinates(turntable: Turntable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y and the distance from the centre of each canvas pixel, in turntable radii."""
    grid = (np.arange(CANVAS, dtype=np.float32) + np.float32(0.5)) / CANVAS
    x = ((grid - turntable.x) / turntable.radius)[None, :]
    y = ((grid - turntable.y) / (turntable.radius * turntable.flatness))[:, None]
    return x, y, np.hypot(x, y)


def _top(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, across: np.ndarray, light: Light
) -> np.ndarray:
    """Return the light of the black top with its sheen, dust and rim: (3, CANVAS, CANVAS)."""
    top = np.empty((3, CANVAS, CANVAS), np.float32)
    top[:] = linear(*(rng.integers(20, 40) + rng.integers(-2, 3, 3)).tolist())
    for lamp in light.lamps:
        bright_spot = (x - 0.7 * lamp.direction[0]) ** 2 + (y - 0.7 * lamp.direction[1]) ** 2
        top += lamp.colour * (np.float32(0.028) * np.exp(-2.5 * bright_spot))
    top *= 1 + np.float32(0.13) * fractal_noise(rng, (CANVAS, CANVAS), (5, 5), 4)
    for _ in range(rng.integers(3, 26)):
        row, column = rng.integers(0, CANVAS, 2)
        top[:, row, column] *= rng.uniform(2, 5)
    return top + _rim(rng, x, y, across, light)


def _rim(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, across: np.ndarray, light: Light
) -> np.ndarray:
    """Return what the rim adds: a bevel that faces the lamps and a lip that faces away."""
    wide, bright = rng.uniform(0.022, 0.045), rng.uniform(0.45, 1.3)
    bevel = np.exp(-(((across - (1 - 0.65 * wide)) / (0.22 * wide)) ** 2))
    lip = np.exp(-(((across - 0.995) / (0.2 * wide)) ** 2))
    rim = np.zeros((3, CANVAS, CANVAS), np.float32)
    for lamp in light.lamps:
        towards = (x * lamp.direction[0] + y * lamp.direction[1]) / np.maximum(across, 0.05)
        facing = np.clip(0.5 + 0.62 * towards, 0, 1)
        shine = bevel * (0.12 + facing**4) + 0.35 * lip * (0.15 + (1 - facing) ** 2)
        rim += lamp.colour * (bright * shine)
    return rim


def add_shadow(scene: np.ndarray, pose: Pose, girth: float, light: Light, peel: np.ndarray) -> None:
    """Add what the lemon does to the turntable, in place: shadows, contact, and a yellow glow.

    Args:
        scene: float32, (3, CANVAS, CANVAS).
        pose: of the lemon.
        girth: its half width over its half length.
        light: the lamps that cast the shadows.
        peel: (3, 1, 1) mean colour of the skin, which the turntable's gloss throws back.
    """
    half_length = pose.half_length * 1.03
    half_width = half_length * girth
    shadow = 0.55 * _soft_ellipse(pose, half_length, half_width, 0.16)
    for lamp in light.lamps:
        across, down = (-0.55 * half_width * lamp.direction[:2] / lamp.direction[2]).tolist()
        moved = replace(pose, x=pose.x + across, y=pose.y + down)
        power = float(lamp.colour.mean())
        strength = 0.75 * power / (power + 0.4)
        shadow += strength * _soft_ellipse(moved, half_length, half_width, 0.34)
    glow = _soft_ellipse(pose, half_length, half_width, 0.40)
    scene *= 1 - np.minimum(shadow, 0.92)
    scene += peel * glow * np.float32(0.022)


def _soft_ellipse(pose: Pose, half_length: float, half_width: float, softness: float) -> np.ndarray:
    """Return an ellipse with the pose's place and angle that fades over 2 x `softness` radii."""
    grid = (np.arange(CANVAS, dtype=np.float32) + np.float32(0.5)) / CANVAS
    x, y = (grid - pose.x)[None, :], (grid - pose.y)[:, None]
    cos, sin = math.cos(pose.angle), math.sin(pose.angle)
    along = x * (cos / half_length) + y * (sin / half_length)
    across = y * (cos / half_width) - x * (sin / half_width)
    return smoothstep(1 + softness, 1 - softness, np.hypot(along, across))
