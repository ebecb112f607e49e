"""Light on the lemon: lamps, ambient light, gloss and the dark underside."""

from dataclasses import dataclass

import cv2
import numpy as np

from demo.colour import linear, rgb
from demo.noise import smoothstep
from demo.peel import COLUMNS, REACH, ROWS, TEXELS, Peel
from demo.shape import Shape, Surface


@dataclass(frozen=True)
class Lamp:
    """A distant soft box."""

    direction: np.ndarray  # (3,) unit vector towards the lamp; x right, y down, z to the camera
    colour: np.ndarray  # (3, 1, 1) linear light
    sharpness: float  # exponent of its highlight: small for a large lamp


@dataclass(frozen=True)
class Light:
    """All the light of a photo."""

    lamps: tuple[Lamp, ...]  # the first is the key light
    ambient: np.ndarray  # (3, 1, 1) linear light from above
    bounce: np.ndarray  # (3, 1, 1) linear light that the surroundings throw back from the side


def draw_light(rng: np.random.Generator) -> Light:
    """Draw one or two lamps and the ambient light; white on average, key light about 1."""
    side = rng.uniform(0, 2 * np.pi)
    lamps = [_lamp(rng, side, rng.uniform(0.75, 1.1))]
    if rng.random() < 0.6:
        lamps.append(_lamp(rng, side + rng.uniform(1.6, 4.6), rng.uniform(0.25, 0.55)))
    ambient = rgb(0.95, 1.0, 1.06) * rng.uniform(0.16, 0.34)
    bounce = rgb(1.1, 1.0, 0.85) * rng.uniform(0.03, 0.09)
    return Light(tuple(lamps), ambient, bounce)


def _lamp(rng: np.random.Generator, side: float, power: float) -> Lamp:
    height = np.radians(rng.uniform(38, 68))
    flat = np.cos(height)
    direction = np.array([flat * np.cos(side), flat * np.sin(side), np.sin(height)])
    warmth = rng.uniform(-0.08, 0.08)
    colour = rgb(1 + warmth, 1, 1 - warmth) * np.float32(power)
    return Lamp(direction.astype(np.float32), colour, rng.uniform(18, 70))


def shade(
    shape: Shape, surface: Surface, peel: Peel, light: Light, angle: float, half_length: float
) -> np.ndarray:
    """Light a lemon's surface.

    Args:
        shape: the body.
        surface: what the camera sees of it.
        peel: its skin.
        light: the lamps, in the frame of the photo.
        angle: radians by which the lemon's frame is turned in the photo.
        half_length: of the lemon, in pixels.

    Returns:
        float32, (3, height, width), linear light.
    """
    albedo, height, gloss = _on_surface(peel, surface, half_length)
    _draw_ends(shape, surface, albedo, height, gloss)
    bumpy = _bumped(surface.normal, height, half_length, angle)
    facing = surface.normal[2]
    # the black turntable gives nothing back: faces that look sideways see half a dark world
    openness = np.float32(0.30) + np.float32(0.70) * smoothstep(-0.15, 0.75, facing)
    lit = np.empty_like(albedo)
    lit[:] = light.bounce
    lit += light.ambient * (openness * (np.float32(0.55) + np.float32(0.45) * bumpy[2]))
    shine = np.zeros_like(albedo)
    for lamp in light.lamps:
        lit += lamp.colour * (_diffuse(bumpy, lamp) * openness)
        shine += lamp.colour * _highlight(bumpy, lamp)
    # light that travels inside the skin comes out warmer: less blue and green where it is dim
    warm = 1 - smoothstep(0.0, 0.8, lit[1])
    albedo *= 1 - warm * rgb(0.0, 0.13, 0.3)
    sky = light.ambient * (np.float32(0.05) * (1 - facing) ** 3 * gloss)
    return albedo * lit + shine * gloss + sky


def _on_surface(peel: Peel, surface: Surface, half_length: float) -> tuple:
    """Carry the peel's maps to the pixels, first shrunk to about the photo's resolution."""
    scale = min(1.0, 1.15 * half_length / TEXELS)
    size = (max(round(COLUMNS * scale), 8), max(round(ROWS * scale), 8))
    column = (surface.u + np.float32(REACH)) * np.float32(size[0] / (2 * REACH)) - np.float32(0.5)
    row = (surface.v + np.float32(REACH)) * np.float32(size[1] / (2 * REACH)) - np.float32(0.5)

    def carried(plane: np.ndarray) -> np.ndarray:
        if scale < 1:
            plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        return cv2.remap(plane, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    albedo = np.stack([carried(plane) for plane in peel.colour])
    return albedo, carried(peel.height), carried(peel.gloss)


def _draw_ends(
    shape: Shape, surface: Surface, albedo: np.ndarray, height: np.ndarray, gloss: np.ndarray
) -> None:
    """Draw the button where the stem sat and the small scar on the nipple, in place."""
    stem = surface.along < 0.5 * shape.ends[0]
    hollow = smoothstep(0.20, 0.09, surface.off_axis) * stem
    button = smoothstep(0.085, 0.065, surface.off_axis) * stem
    core = smoothstep(0.045, 0.030, surface.off_axis) * stem
    scar = smoothstep(0.042, 0.022, surface.off_axis) * (surface.along > 0.5 * shape.ends[1])
    for mask, colour in (
        (0.30 * hollow, linear(150, 150, 48)),
        (0.92 * button, linear(126, 116, 58)),
        (0.90 * core, linear(176, 146, 96)),
        (0.85 * scar, linear(104, 76, 36)),
    ):
        albedo += (colour - albedo) * mask
    height += np.float32(0.02) * (button - hollow) - np.float32(0.012) * core
    gloss *= 1 - np.float32(0.85) * np.maximum(button, scar)


def _bumped(normal: tuple, height: np.ndarray, half_length: float, angle: float) -> tuple:
    """Tilt the normals by the relief's slope (Blinn 1978), and turn them into the photo's frame."""
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=half_length / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=half_length / 8)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    fade = normal[2]  # relief seen edge-on is squeezed into few pixels and would glitter
    x = normal[0] * cos - normal[1] * sin - slope_x * fade
    y = normal[0] * sin + normal[1] * cos - slope_y * fade
    scale = 1 / np.sqrt(x * x + y * y + normal[2] * normal[2])
    return x * scale, y * scale, normal[2] * scale


def _dot(normal: tuple, direction: np.ndarray) -> np.ndarray:
    return normal[0] * direction[0] + normal[1] * direction[1] + normal[2] * direction[2]


def _diffuse(normal: tuple, lamp: Lamp) -> np.ndarray:
    """Lambert's law, wrapped a little around the edge, as a large lamp and a waxy skin do."""
    wrap = np.float32(0.18)
    return np.maximum(_dot(normal, lamp.direction) + wrap, 0) / (1 + wrap)


def _highlight(normal: tuple, lamp: Lamp) -> np.ndarray:
    """Blinn-Phong (Blinn 1977): a broad sheen and, on it, the lamp's own reflection."""
    half = lamp.direction + np.array([0, 0, 1], np.float32)
    cosine = np.maximum(_dot(normal, half / np.linalg.norm(half)), 0)
    broad = cosine ** np.float32(9)
    return np.float32(0.05) * broad + np.float32(0.52) * cosine ** np.float32(lamp.sharpness)
