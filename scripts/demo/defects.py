"""What makes a lemon worse than excellent, drawn on its skin by severity.

Severity runs from 0 to 4; a grade is its whole part, give or take a little. Each kind of defect
sets in at some severity and grows from there, so that the worst of a grade and the best of the next
look much alike. Specks and faint scab make a good lemon; scab, wind scars, russeting and green
patches one for processing; bruises, mould, rot and heavy scab a reject.
"""

from collections.abc import Callable

import cv2
import numpy as np

from demo.colour import linear, rgb
from demo.noise import fractal_noise, smoothstep
from demo.patch import Patch, disc, patch
from demo.peel import COLUMNS, REACH, ROWS, TEXELS, Peel

_VISIBLE = 0.80  # defects lie this near to the point that faces the camera, in u and v


def draw_severity(rng: np.random.Generator, grade: int) -> float:
    """Draw a severity for a grade: uniform in it, blurred at the borders, which costs accuracy."""
    return float(np.clip(grade + rng.uniform(0.04, 0.96) + rng.normal(0, 0.06), 0, 4))


def add_defects(peel: Peel, rng: np.random.Generator, severity: float) -> None:
    """Draw the defects of a lemon of `severity` on its skin, in place."""
    _specks(peel, rng, severity)
    if severity > 1.15 and rng.random() < 0.8:
        strength = _grown(severity, 1.1, 2.4)
        _scab(_spot(peel, rng, 0.05 + 0.07 * strength, 1.4), 0.25 + 0.45 * strength)
    if severity > 1.9:
        _some_of(peel, rng, (_russeting, _wind_scars, _green_patch, _scabs), severity, 1.75, 3.1)
    if severity > 2.97:
        _some_of(peel, rng, (_bruise, _mould, _rot, _crust), severity, 2.75, 4.0)


def _some_of(
    peel: Peel,
    rng: np.random.Generator,
    kinds: tuple[Callable, ...],
    severity: float,
    onset: float,
    full: float,
) -> None:
    """Draw one kind, or two, of which the second is a little weaker."""
    strength = _grown(severity, onset, full)
    first, second = rng.permutation(len(kinds))[:2]
    kinds[first](peel, rng, strength)
    if rng.random() < 0.4:
        kinds[second](peel, rng, 0.6 * strength)


def _grown(severity: float, onset: float, full: float) -> float:
    return float(np.clip((severity - onset) / (full - onset), 0, 1))


def _spot(peel: Peel, rng: np.random.Generator, radius: float, stretch: float = 1.0) -> Patch:
    """Open a window at a place that the camera sees, for a defect of `radius` half lengths."""
    distance = (_VISIBLE - 0.4 * radius) * np.sqrt(rng.uniform(0, 1))
    angle = rng.uniform(0, 2 * np.pi)
    centre = (distance * np.cos(angle), distance * np.sin(angle))
    return patch(
        peel, rng, centre, radius, rng.uniform(1, max(stretch, 1.001)), rng.uniform(0, np.pi)
    )


def _specks(peel: Peel, rng: np.random.Generator, severity: float) -> None:
    """Small brown dots: one or two on a few excellent lemons, a handful and more on the others."""
    if severity < 1:
        count = rng.integers(1, 3) if severity > 0.7 and rng.random() < 0.5 else 0
        largest = 0.016
    else:
        count = 4 + rng.poisson(9 * _grown(severity, 1, 2.2))
        largest = 0.030 + 0.012 * _grown(severity, 1, 2)
    home = rng.uniform(-0.5, 0.5, 2)
    for _ in range(count):
        if rng.random() < 0.5:
            centre = home + rng.normal(0, 0.25, 2)
        else:
            centre = rng.uniform(-0.75, 0.75, 2)
        spot = patch(peel, rng, tuple(centre), rng.uniform(0.012, largest), rng.uniform(1, 1.8))
        mask = disc(spot.distance(0.14, grain=0.7), 0.45) * np.float32(rng.uniform(0.65, 0.96))
        brown = linear(126, 82, 34) * np.float32(rng.uniform(0.5, 1.3))
        spot.paint(brown, mask)
        spot.dull(0.2, mask)
        spot.height[...] -= np.float32(0.004) * mask


def _scab(spot: Patch, opacity: float) -> None:
    """A corky crust, raised and cracked: islands of tan and grey brown."""
    noise = spot.noise(0.5, 4)
    envelope = disc(spot.distance(0.12), 0.6)
    mask = smoothstep(0.35, 0.75, envelope + np.float32(0.28) * noise - 0.15) * envelope
    cork = linear(166, 128, 74) + (linear(112, 82, 48) - linear(166, 128, 74)) * smoothstep(
        -0.6, 1.2, spot.noise(0.18, 2)
    )
    spot.paint(cork, mask * np.float32(opacity))
    spot.dull(0.08, mask)
    relief = 0.6 + 0.4 * spot.noise(0.12, 2)
    spot.height[...] += np.float32(0.012 * opacity) * mask * relief


def _scabs(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """One larger scab and its daughters."""
    _scab(_spot(peel, rng, 0.08 + 0.20 * strength, 2.0), 0.65 + 0.25 * strength)
    for _ in range(rng.integers(1, 4)):
        _scab(_spot(peel, rng, 0.04 + 0.05 * strength, 1.6), 0.6 + 0.2 * strength)


def _crust(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """Scab over a good part of the lemon, dark and cracked."""
    for radius in (0.30 + 0.24 * strength, 0.12 + 0.16 * strength, 0.10):
        spot = _spot(peel, rng, radius, 1.7)
        _scab(spot, 0.95)
        cracks = smoothstep(0.16, 0.0, np.abs(spot.noise(0.3, 3))) * disc(spot.distance(0.2), 0.4)
        spot.stain(rgb(0.35, 0.3, 0.3), cracks * np.float32(0.85))
        spot.height[...] -= np.float32(0.008) * cracks


def _russeting(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """Rough tan streaks that run from end to end, where a leaf rubbed the young fruit."""
    radius = 0.18 + 0.38 * strength
    centre = (rng.uniform(-0.35, 0.35), rng.uniform(-0.45, 0.45))
    spot = patch(peel, rng, centre, radius, rng.uniform(1.8, 3.0), rng.normal(0, 0.15))
    rows, columns = spot.shape
    streaks = fractal_noise(rng, spot.shape, (max(rows // 9, 2), max(columns // 70, 2)), 3)
    envelope = disc(spot.distance(0.18), 0.6)
    mask = smoothstep(0.0, 1.5, streaks + 1.4 * envelope - 0.95) * envelope
    mask *= np.float32(0.50 + 0.32 * strength)
    spot.paint(linear(168, 120, 62), mask)
    spot.dull(0.2, mask)
    spot.height[...] += np.float32(0.003) * mask * (1 + spot.noise(0.03, 1))


def _wind_scars(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """Silvery scratches, where twigs beat against the fruit: thin bent lines with brown edges."""
    canvas = np.zeros((ROWS, COLUMNS), np.uint8)
    for _ in range(2 + round(5 * strength)):
        length = rng.uniform(0.3, 0.5 + 0.6 * strength)
        steps = 9
        heading = rng.uniform(0, np.pi) + np.cumsum(rng.normal(0, 0.16, steps))
        walk = np.stack([np.cos(heading), np.sin(heading)], axis=-1).cumsum(axis=0) / steps
        points = rng.uniform(-0.5, 0.5, 2) + (walk - walk[steps // 2]) * length
        texels = np.stack(
            [(points[:, 0] + REACH) * TEXELS, (points[:, 1] + REACH) * ROWS / (2 * REACH)], axis=-1
        )
        line = [(texels * 16).round().astype(np.int32)]  # 4 fractional bits
        thick = int(rng.integers(2, 4 + round(2 * strength)))
        cv2.polylines(canvas, line, False, int(rng.integers(140, 255)), thick, cv2.LINE_AA, 4)
    wide = cv2.GaussianBlur(canvas, (0, 0), 1.8).astype(np.float32) / 255
    core = cv2.GaussianBlur(canvas, (0, 0), 0.7).astype(np.float32) / 255
    broken = smoothstep(-1.0, 0.3, fractal_noise(rng, (ROWS, COLUMNS), (24, 30), 2))
    opacity = np.float32(0.55 + 0.4 * strength)
    whole = Patch(peel.colour, peel.height, peel.gloss, wide, wide, 1.0, rng)
    whole.stain(rgb(0.62, 0.5, 0.6), wide * broken * opacity)
    whole.paint(linear(196, 170, 118), core * broken * opacity * np.float32(0.85))
    whole.dull(0.15, core)
    whole.height[...] += np.float32(0.004) * core * broken


def _green_patch(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """A side that ripened in the shade: green, with a soft and mottled edge."""
    spot = _spot(peel, rng, 0.16 + 0.42 * strength, 1.8)
    mask = disc(spot.distance(0.22), 0.55) * np.float32(0.4 + 0.55 * strength)
    spot.stain(rgb(0.40, 0.66, 0.9), np.clip(mask * (1 + 0.15 * spot.noise(0.08, 2)), 0, 1))


def _bruise(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """A blow: a sunken brown stain, darkest in the middle, with a water-soaked edge."""
    spot = _spot(peel, rng, 0.16 + 0.28 * strength, 1.6)
    distance = spot.distance(0.11)
    soaked, stain = disc(distance * 0.82, 0.22), disc(distance, 0.5)
    spot.stain(rgb(0.80, 0.58, 0.55), soaked * np.float32(0.9))
    spot.paint(linear(124, 78, 30), stain * np.float32(0.55 + 0.3 * strength))
    spot.stain(rgb(0.5, 0.42, 0.4), disc(distance * 1.7, 0.6) * np.float32(0.8))
    spot.dull(0.35, stain)
    spot.height[...] -= np.float32(0.06 * spot.radius / 0.3) * stain


def _rot(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """Black rot: nearly black and wrinkled, in an amber halo of soaked skin."""
    spot = _spot(peel, rng, 0.12 + 0.30 * strength, 1.5)
    distance = spot.distance(0.11)
    spot.stain(rgb(0.72, 0.42, 0.35), disc(distance * 0.72, 0.28))
    core = disc(distance, 0.22)
    dark = linear(58, 36, 18) * (1 + 0.5 * spot.noise(0.2, 3))
    spot.paint(np.maximum(dark, 0.004), core * np.float32(0.94))
    spot.dull(0.3, core)
    wrinkles = np.abs(spot.noise(0.25, 3)) - 0.5
    spot.height[...] += core * (np.float32(0.018) * wrinkles - np.float32(0.03))


def _mould(peel: Peel, rng: np.random.Generator, strength: float) -> None:
    """Green mould: powdery grey green spores, a white fuzzy rim and a soaked halo."""
    spot = _spot(peel, rng, 0.12 + 0.30 * strength, 1.25)
    distance = spot.distance(0.10)
    fuzz = spot.noise(0.05, 2)
    spot.stain(rgb(0.78, 0.60, 0.6), disc(distance * 0.66, 0.25) * np.float32(0.9))
    white = disc(distance + np.float32(0.06) * fuzz, 0.22)
    spores = disc(distance * 1.45 + np.float32(0.10) * fuzz, 0.3)
    spot.paint(linear(224, 222, 208), white * np.float32(0.92))
    green = linear(106, 126, 92) * (1 + 0.22 * fuzz)
    spot.paint(np.maximum(green, 0.02), spores * np.float32(0.9))
    spot.dull(0.0, np.minimum(white * 1.5, 1))
    spot.height[...] += white * (np.float32(0.018) + np.float32(0.0045) * fuzz)
