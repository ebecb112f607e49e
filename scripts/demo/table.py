"""The table behind the turntable and what lies about on it, out of focus.

It is painted on a canvas of fixed size, which is enough for what the lens blurs anyway, and so it
is the same picture at every photo size.
"""

from collections.abc import Callable

import cv2
import numpy as np

from demo.colour import LINEAR_OF_BYTE, linear
from demo.noise import fractal_noise, smooth_noise

CANVAS = 320  # pixels per side
_SHAPE = (CANVAS, CANVAS)
_CLUTTER_DISTANCE = (0.56, 0.68)  # of an object's middle from the photo's, in photo sides

# sRGB, bytes
_WOODS = ((176, 128, 80), (146, 98, 58), (196, 156, 108), (120, 82, 54), (168, 110, 62))
_CABLES = ((28, 28, 30), (40, 40, 44), (212, 212, 208), (150, 36, 30), (34, 60, 120))
_BOXES = (
    (188, 146, 98),
    (172, 130, 84),
    (226, 226, 222),
    (52, 88, 148),
    (60, 64, 68),
    (158, 52, 44),
)


def paint_table(rng: np.random.Generator, white: bool) -> np.ndarray:
    """Paint a table top with clutter towards its corners.

    Returns:
        float32, (3, CANVAS, CANVAS), linear light.
    """
    table = _white_top(rng) if white else _wooden_top(rng)
    objects: tuple[Callable, ...] = (_cable, _box, _paper, _tape, _cable, _ruler)
    corners = np.pi / 4 + np.pi / 2 * rng.permutation(4)
    count = int(rng.integers(1, 5))
    for corner, chosen in zip(corners, rng.permutation(len(objects))[:count], strict=False):
        angle = corner + rng.normal(0, 0.2)
        distance = rng.uniform(*_CLUTTER_DISTANCE) * CANVAS
        middle = CANVAS / 2 + distance * np.array([np.cos(angle), np.sin(angle)])
        table = objects[chosen](rng, table, middle, angle)
    light = LINEAR_OF_BYTE[table.transpose(2, 0, 1)]
    if rng.random() < 0.5:
        light += _lamp_reflection(rng)
    light *= _uneven_light(rng)
    return _defocus(light, int(rng.integers(2, 5)))


def _wooden_top(rng: np.random.Generator) -> np.ndarray:
    """Wood: grain along one direction, in planks with dark seams."""
    wide = CANVAS * 3 // 2  # covers the photo however the planks are turned
    grain = fractal_noise(rng, (wide, wide), (34, 3), 3)
    rings = np.sin(9 * smooth_noise(rng, (wide, wide), (7, 2)))
    tone = 1 + 0.09 * grain + 0.07 * rings
    edge = int(rng.integers(20, 90))
    while edge < wide:
        tone[edge:] *= rng.uniform(0.88, 1.12)
        tone[edge : edge + 2] *= 0.45
        edge += int(rng.integers(70, 150))
    wood = np.array(_WOODS[rng.integers(len(_WOODS))], np.float32)
    wood *= rng.uniform(0.85, 1.12)
    turn = cv2.getRotationMatrix2D((wide / 2, wide / 2), rng.uniform(0, 180), 1.0)
    turn[:, 2] -= (wide - CANVAS) // 2
    tone = cv2.warpAffine(tone, turn, _SHAPE, borderMode=cv2.BORDER_REFLECT)
    depth = np.array([0.9, 1.0, 1.1], np.float32)  # the blue of wood varies most
    return np.clip(wood * tone[..., None] ** depth, 0, 255).astype(np.uint8)


def _white_top(rng: np.random.Generator) -> np.ndarray:
    """White laminate, a little warm or cool, with the faintest clouds."""
    base = rng.uniform(196, 236) + np.array([rng.uniform(-6, 8), 0, rng.uniform(-12, 6)])
    clouds = 1 + np.float32(0.02) * fractal_noise(rng, _SHAPE, (3, 3), 3)
    return np.clip(base * clouds[..., None], 0, 255).astype(np.uint8)


def _cast_shadow(table: np.ndarray, mask: np.ndarray, lift: float) -> np.ndarray:
    """Darken the table under and beside an object whose silhouette is `mask` (uint8)."""
    shift = np.array([[1, 0, lift], [0, 1, 0.7 * lift]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(mask, shift, _SHAPE), (0, 0), 1 + 0.6 * lift)
    return (table * (1 - shadow[..., None] * np.float32(0.55 / 255))).astype(np.uint8)


def _cable(
    rng: np.random.Generator, table: np.ndarray, middle: np.ndarray, angle: float
) -> np.ndarray:
    """A cable that comes in over the edge, swings past the corner and leaves."""
    steps = np.linspace(-1, 1, 24)
    swing = rng.uniform(10, 26) * np.sin(steps * rng.uniform(2, 5) + rng.uniform(0, 6))
    tangent, normal = _frame(angle + rng.normal(0, 0.3))
    bow = -rng.uniform(0, 40) * steps**2
    path = middle + 190 * steps[:, None] * normal + (swing - bow)[:, None] * tangent
    points, thick = [(path * 16).round().astype(np.int32)], int(rng.integers(4, 9))
    mask = np.zeros(_SHAPE, np.uint8)
    cv2.polylines(mask, points, False, 255, thick, cv2.LINE_AA, 4)
    table = _cast_shadow(table, mask, 3)
    colour = np.array(_CABLES[rng.integers(len(_CABLES))])
    cv2.polylines(table, points, False, colour.tolist(), thick, cv2.LINE_AA, 4)
    glint = np.minimum(colour + 60, 255).tolist()
    points = [points[0] - 16 * thick // 5]
    cv2.polylines(table, points, False, glint, max(thick // 4, 1), cv2.LINE_AA, 4)
    return table


def _box(
    rng: np.random.Generator, table: np.ndarray, middle: np.ndarray, angle: float
) -> np.ndarray:
    """The edge of a box: its top, and the side wall that faces the camera."""
    tangent, normal = _frame(angle + rng.normal(0, 0.35))
    half, deep = rng.uniform(40, 95), rng.uniform(60, 110)
    wall = rng.uniform(7, 20)
    front = middle - 18 * tangent
    top = [front - half * normal, front + half * normal]
    top += [corner + deep * tangent for corner in top[::-1]]
    side = [top[0], top[1], top[1] - wall * tangent, top[0] - wall * tangent]
    mask = np.zeros(_SHAPE, np.uint8)
    _fill(mask, [*side[2:], *top[2:]], 255)
    table = _cast_shadow(table, mask, rng.uniform(5, 12))
    colour = np.array(_BOXES[rng.integers(len(_BOXES))], np.float32)
    _fill(table, side, (colour * 0.55).tolist())
    _fill(table, top, colour.tolist())
    if rng.random() < 0.6:  # a strip of adhesive tape along the lid
        strip = [top[0] + (0.35 * half) * normal, top[0] + (0.6 * half) * normal]
        _fill(table, [*strip, *(p + deep * tangent for p in strip[::-1])], (colour * 0.84).tolist())
    return table


def _paper(
    rng: np.random.Generator, table: np.ndarray, middle: np.ndarray, angle: float
) -> np.ndarray:
    """A printed sheet: lines of grey that nobody can read."""
    tangent, normal = _frame(angle + rng.uniform(-0.7, 0.7))
    half, tall = rng.uniform(45, 70), rng.uniform(80, 120)
    corner = middle - half * normal - 20 * tangent
    sheet = [corner, corner + 2 * half * normal, corner + 2 * half * normal + tall * tangent]
    sheet.append(corner + tall * tangent)
    mask = np.zeros(_SHAPE, np.uint8)
    _fill(mask, sheet, 255)
    table = _cast_shadow(table, mask, 1.5)
    _fill(table, sheet, [float(rng.uniform(225, 246))] * 3)
    for row in range(9, int(tall) - 8, 8):
        start = corner + row * tangent + 8 * normal
        stop = start + rng.uniform(0.7, 1.75) * half * normal
        _line(table, start, stop, (128, 128, 132), 2)
    return table


def _tape(
    rng: np.random.Generator, table: np.ndarray, middle: np.ndarray, angle: float
) -> np.ndarray:
    """A roll of tape lying flat."""
    centre, radius = tuple(int(c) for c in middle), int(rng.integers(26, 46))
    mask = np.zeros(_SHAPE, np.uint8)
    cv2.circle(mask, centre, radius, 255, -1, cv2.LINE_AA)
    table = _cast_shadow(table, mask, 6)
    colour = np.array(_BOXES[rng.integers(len(_BOXES))])
    cv2.circle(table, centre, radius - 6, colour.tolist(), 12, cv2.LINE_AA)
    rim = np.minimum(colour + 45, 255).tolist()
    cv2.circle(table, centre, radius - 1, rim, 2, cv2.LINE_AA)
    cv2.circle(table, centre, radius - 13, (205, 190, 160), 3, cv2.LINE_AA)
    return table


def _ruler(
    rng: np.random.Generator, table: np.ndarray, middle: np.ndarray, angle: float
) -> np.ndarray:
    """A steel or plastic ruler with its marks."""
    tangent, normal = _frame(angle + rng.uniform(-0.4, 0.4))
    wide = rng.uniform(11, 18)
    start = middle - 150 * normal
    bar = [start, start + 300 * normal]
    bar += [corner + wide * tangent for corner in bar[::-1]]
    mask = np.zeros(_SHAPE, np.uint8)
    _fill(mask, bar, 255)
    table = _cast_shadow(table, mask, 1.5)
    _fill(table, bar, (186, 190, 192) if rng.random() < 0.5 else (214, 190, 84))
    for i, mark in enumerate(np.arange(4, 300, 6)):
        foot = start + mark * normal
        _line(table, foot, foot + (7 if i % 5 == 0 else 4) * tangent, (40, 40, 42), 1)
    return table


def _lamp_reflection(rng: np.random.Generator) -> np.ndarray:
    """A lamp mirrored in the table top near an edge, brighter than white."""
    glow = np.zeros(_SHAPE, np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    middle = CANVAS / 2 + 0.62 * CANVAS * np.array([np.cos(angle), np.sin(angle)])
    axes = (int(rng.integers(8, 22)), int(rng.integers(4, 9)))
    cv2.ellipse(glow, tuple(int(c) for c in middle), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    glow = cv2.GaussianBlur(glow, (0, 0), 3) + 0.5 * cv2.GaussianBlur(glow, (0, 0), 16)
    return glow * linear(255, 244, 226) * np.float32(rng.uniform(0.6, 2.0))


def _uneven_light(rng: np.random.Generator) -> np.ndarray:
    """The lamps light one side of the table more than the other."""
    clouds = smooth_noise(rng, _SHAPE, (2, 2))
    return np.clip(np.float32(rng.uniform(0.5, 0.8)) * (1 + np.float32(0.25) * clouds), 0.15, 1.4)


def _defocus(light: np.ndarray, radius: int) -> np.ndarray:
    """Blur with a disc, the shape of an open aperture."""
    across = np.arange(-radius, radius + 1)
    disc = np.hypot(across[:, None], across[None, :]) <= radius + 0.3
    kernel = disc.astype(np.float32) / disc.sum()
    return np.stack([cv2.filter2D(plane, -1, kernel) for plane in light])


def _frame(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vectors along `angle` and across it."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([cos, sin]), np.array([-sin, cos])


def _fill(canvas: np.ndarray, corners: list, colour) -> None:
    points = (np.array(corners) * 16).round().astype(np.int32)
    cv2.fillPoly(canvas, [points], colour, cv2.LINE_AA, 4)


def _line(canvas: np.ndarray, start: np.ndarray, stop: np.ndarray, colour, thick: int) -> None:
    first, last = ((16 * point).round().astype(int).tolist() for point in (start, stop))
    cv2.line(canvas, first, last, colour, thick, cv2.LINE_AA, 4)
