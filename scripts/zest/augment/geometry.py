"""What moves pixels: all such operations of a copy together are one resampling.

So a flip, a turn and a crop blur no more than one of them. Each is a matrix that tells for a point
of the result where in the operation's input it comes from; coordinates run from -1 to 1 over the
image. What comes from outside of the photo is filled in as the steps record it under `fill`:

    reflect         the photo mirrored at its border; a step without the key means this
    edge            the outermost pixels, drawn out
    mean            the mean colour of the border
    [r, g, b]       a colour
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from zest.augment.operation import Movement, draw_degrees, log_uniform, nothing, uniform

REFLECT = "reflect"

# What moves whole pixels gives the same without resampling, and faster.
_WHOLE: dict[str, Callable[[np.ndarray, dict], np.ndarray]] = {
    "horizontal_flip": lambda image, step: cv2.flip(image, 1),
    "vertical_flip": lambda image, step: cv2.flip(image, 0),
    "quarter_turn": lambda image, step: cv2.rotate(image, 3 - step["quarters"]),
}
_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)


def moves(drawn: list[dict]) -> bool:
    """Say whether any of the drawn operations moves pixels."""
    return any(step["name"] in MOVEMENTS for step in drawn)


def magnification(drawn: list[dict]) -> float:
    """Return how many times larger than its copy an image must be, so that the copy is sharp.

    Args:
        drawn: operations of which some may move pixels; a crop of a quarter of the area gives 2.
            Where a perspective magnifies unevenly, it is the largest at a corner that counts.
    """
    source = _source_of(drawn)
    nearness = max(abs(source[2] @ [x, y, 1]) for x, y in _CORNERS)  # 1 without perspective
    return 1 / math.sqrt(abs(np.linalg.det(source) / nearness**3))


def move(image: np.ndarray, drawn: list[dict], size: int) -> np.ndarray:
    """Apply all operations that move pixels in one resampling.

    Args:
        image: uint8 RGB, (height, width, 3).
        drawn: operations; those that move no pixels are passed over.
        size: width and height of the result, in pixels.

    Returns:
        uint8 RGB, (size, size, 3).
    """
    steps = [step for step in drawn if step["name"] in MOVEMENTS]
    if image.shape[:2] == (size, size) and all(step["name"] in _WHOLE for step in steps):
        for step in steps:
            image = _WHOLE[step["name"]](image, step)
        return image
    return _resample(image, _source_of(steps), size, _fill_of(steps))


def _source_of(drawn: list[dict]) -> np.ndarray:
    """Return the matrix of all geometric operations together, float (3, 3)."""
    source = np.eye(3)
    for step in drawn:
        if step["name"] in MOVEMENTS:
            source = source @ MOVEMENTS[step["name"]].source(step)
    return source


def _fill_of(steps: list[dict]) -> str | list[int]:
    """Return the fill that the steps record; all of a copy have the same."""
    return next((step["fill"] for step in steps if "fill" in step), REFLECT)


def _resample(
    image: np.ndarray, source: np.ndarray, size: int, fill: str | list[int]
) -> np.ndarray:
    part = _resize_part(image, source, size)
    if part is not None:
        return part
    height, width = image.shape[:2]
    from_pixels = np.array([[2 / size, 0, 1 / size - 1], [0, 2 / size, 1 / size - 1], [0, 0, 1]])
    to_pixels = np.array(
        [[width / 2, 0, (width - 1) / 2], [0, height / 2, (height - 1) / 2], [0, 0, 1]]
    )
    matrix = to_pixels @ source @ from_pixels
    border, colour = _border(image, fill)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # The same pixels come out of three channels as out of four, more than twice as slowly.
    four = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
    if (source[2] == [0, 0, 1]).all():
        four = cv2.warpAffine(four, matrix[:2], (size, size), None, flags, border, colour)
    else:
        four = cv2.warpPerspective(four, matrix, (size, size), None, flags, border, colour)
    return cv2.cvtColor(four, cv2.COLOR_RGBA2RGB)


def _resize_part(image: np.ndarray, source: np.ndarray, size: int) -> np.ndarray | None:
    """Return the result where it is an upright or flipped part of the image, else None.

    The part is one of whole pixels. This takes half of the time of resampling.
    """
    (x_scale, skew, x), (tilt, y_scale, y), last = source.tolist()
    height, width = image.shape[:2]
    left, right = (round((1 + x + side * abs(x_scale)) * width / 2) for side in (-1, 1))
    top, bottom = (round((1 + y + side * abs(y_scale)) * height / 2) for side in (-1, 1))
    inside = 0 <= left < right <= width and 0 <= top < bottom <= height
    if skew or tilt or last != [0, 0, 1] or not inside:
        return None
    part = cv2.resize(image[top:bottom, left:right], (size, size), interpolation=cv2.INTER_LINEAR)
    for scale, axis in ((x_scale, 1), (y_scale, 0)):
        part = cv2.flip(part, axis) if scale < 0 else part
    return part


def _border(image: np.ndarray, fill: str | list[int]) -> tuple[int, tuple[float, ...]]:
    """Return the border mode of OpenCV for a fill, and the colour that goes with it."""
    if fill == REFLECT:
        return cv2.BORDER_REFLECT_101, (0, 0, 0)
    if fill == "edge":
        return cv2.BORDER_REPLICATE, (0, 0, 0)
    if isinstance(fill, str):  # mean
        border = np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])
        return cv2.BORDER_CONSTANT, tuple(border.mean(axis=0).round().tolist())
    return cv2.BORDER_CONSTANT, tuple(fill)


def turn(degrees: float) -> np.ndarray:
    """Return the matrix of a turn, float (3, 3)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _draw_crop(rng: np.random.Generator, settings: dict) -> dict:
    """Area and place uniform, aspect log-uniform (Szegedy et al. 2015, arXiv:1409.4842)."""
    area = rng.uniform(settings["min_area"], 1)
    limit = math.log(settings["max_aspect"])
    aspect = math.exp(rng.uniform(-limit, limit))
    width = min(1.0, math.sqrt(area * aspect))
    height = min(1.0, math.sqrt(area / aspect))
    return {
        "left": uniform(rng, 0, 1 - width),
        "top": uniform(rng, 0, 1 - height),
        "width": round(width, 6),
        "height": round(height, 6),
    }


def _crop_source(step: dict) -> np.ndarray:
    left, top, width, height = (step[key] for key in ("left", "top", "width", "height"))
    return np.array(
        [[width, 0, 2 * left + width - 1], [0, height, 2 * top + height - 1], [0, 0, 1]]
    )


def _draw_shift(rng: np.random.Generator, settings: dict) -> dict:
    far = settings["fraction"]
    return {"right": uniform(rng, -far, far), "down": uniform(rng, -far, far)}


def _shift_source(step: dict) -> np.ndarray:
    return np.array([[1, 0, -2 * step["right"]], [0, 1, -2 * step["down"]], [0, 0, 1]])


def _draw_scale(rng: np.random.Generator, settings: dict) -> dict:
    return {"factor": log_uniform(rng, settings["min_factor"], settings["max_factor"])}


def _draw_shear(rng: np.random.Generator, settings: dict) -> dict:
    slope = settings["slope"]
    return {"horizontal": uniform(rng, -slope, slope), "vertical": uniform(rng, -slope, slope)}


def _shear_source(step: dict) -> np.ndarray:
    return np.array([[1, step["horizontal"], 0], [step["vertical"], 1, 0], [0, 0, 1]])


def _draw_perspective(rng: np.random.Generator, settings: dict) -> dict:
    far = 2 * settings["distortion"]
    return {
        "corners": [
            [round(x + uniform(rng, -far, far), 6), round(y + uniform(rng, -far, far), 6)]
            for x, y in _CORNERS.tolist()
        ]
    }


def _perspective_source(step: dict) -> np.ndarray:
    """The corners of the result, clockwise from the upper left, come from `corners`."""
    return cv2.getPerspectiveTransform(_CORNERS, np.array(step["corners"], np.float32))


MOVEMENTS = {
    "horizontal_flip": Movement(nothing, lambda step: np.diag([-1.0, 1.0, 1.0])),
    "vertical_flip": Movement(nothing, lambda step: np.diag([1.0, -1.0, 1.0])),
    "quarter_turn": Movement(
        lambda rng, settings: {"quarters": int(rng.integers(1, 4))},
        lambda step: turn(90 * step["quarters"]),
    ),
    "rotate": Movement(draw_degrees, lambda step: turn(step["degrees"])),
    "crop": Movement(_draw_crop, _crop_source),
    "shift": Movement(_draw_shift, _shift_source),
    "scale": Movement(
        _draw_scale, lambda step: np.diag([1 / step["factor"], 1 / step["factor"], 1.0])
    ),
    "shear": Movement(_draw_shear, _shear_source),
    "perspective": Movement(_draw_perspective, _perspective_source),
}
