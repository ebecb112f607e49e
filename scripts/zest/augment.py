"""Offline augmentation: operations drawn from a seed, recorded, and applied to uint8 images.

An operation is drawn first and applied second. What was drawn is plain data (`{"name": ...,
parameter: value}`), is stored with the copy, and is all that it takes to make the same copy again.
The geometric operations of a copy are combined into one resampling, so that a flip, a turn and a
crop blur no more than one of them; the operations on pixel values follow, in the order of the
recipe.

To add an operation: give it an entry in `_DRAW` (how its parameters are drawn) and one in `_SOURCE`
(if it moves pixels) or in `_APPLY` (if it changes their values), and describe its parameters in
config/schema.yaml.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from zest.images import fit

# Resampling blurs a little; a copy is cut from an image that is this much finer.
OVERSIZE = 1.25

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_RGB_TO_YIQ = np.array([_LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def draw_operations(operations: list[dict], seed: int) -> list[dict]:
    """Draw which operations a copy gets, and with which parameters.

    A copy without any operation would only repeat the photo, so all are drawn again until at least
    one applies.

    Args:
        operations: of the recipe, each `{name: {"probability": ..., ...}}`.
        seed: of this copy.

    Returns:
        The operations that apply, in order: `{"name": ..., parameter: drawn value, ...}`. Empty
        only where nothing can be drawn: no operations, or all of probability 0.
    """
    rng = np.random.default_rng(seed)
    named = [pair for operation in operations for pair in operation.items()]
    possible = any(settings["probability"] > 0 for _, settings in named)
    drawn: list[dict] = []
    while possible and not drawn:
        for name, settings in named:
            if rng.random() < settings["probability"]:
                drawn.append({"name": name, **_DRAW[name](rng, settings)})
    return drawn


def apply_operations(photo: np.ndarray, drawn: list[dict], size: int, how: str) -> np.ndarray:
    """Make one copy of a photo.

    Args:
        photo: uint8 RGB, (height, width, 3).
        drawn: the result of `draw_operations`; an empty list gives the photo as evaluation sees it.
        size: width and height of the copy, in pixels.
        how: `crop`, `stretch` or `pad`, as in `zest.images.fit`.

    Returns:
        uint8 RGB, (size, size, 3).
    """
    wanted = size
    if any(step["name"] in _SOURCE for step in drawn):
        wanted = min(round(OVERSIZE * size * magnification(drawn)), *photo.shape[:2])
    return augment_image(fit(photo, max(size, wanted), how), drawn, size)


def magnification(drawn: list[dict]) -> float:
    """Return how many times larger than its copy an image must be, so that the copy is sharp.

    Args:
        drawn: the result of `draw_operations`; a crop of a quarter of the area gives 2.
    """
    return 1 / math.sqrt(abs(np.linalg.det(_source_of(drawn))))


def augment_image(image: np.ndarray, drawn: list[dict], size: int) -> np.ndarray:
    """Apply operations to a square image.

    Args:
        image: uint8 RGB, (pixels, pixels, 3); with fewer pixels than `size` times the
            `magnification` the result is blurred, with over twice as many it is jagged.
        drawn: the result of `draw_operations`.
        size: width and height of the result, in pixels.

    Returns:
        uint8 RGB, (size, size, 3).
    """
    if any(step["name"] in _SOURCE for step in drawn):
        image = _resample(image, _source_of(drawn), size)
    elif image.shape[0] != size:
        image = fit(image, size)
    for step in drawn:
        if step["name"] in _APPLY:
            image = _APPLY[step["name"]](image, step)
    return image


# Geometry. Coordinates run from -1 to 1 over the image. Each function gives the 3x3 matrix that
# tells for a point of the result where in the operation's input it comes from.


def _source_of(drawn: list[dict]) -> np.ndarray:
    """Return the matrix of all geometric operations together, float (3, 3)."""
    source = np.eye(3)
    for step in drawn:
        if step["name"] in _SOURCE:
            source = source @ _SOURCE[step["name"]](step)
    return source


def _resample(image: np.ndarray, source: np.ndarray, size: int) -> np.ndarray:
    height, width = image.shape[:2]
    from_pixels = np.array([[2 / size, 0, 1 / size - 1], [0, 2 / size, 1 / size - 1], [0, 0, 1]])
    to_pixels = np.array(
        [[width / 2, 0, (width - 1) / 2], [0, height / 2, (height - 1) / 2], [0, 0, 1]]
    )
    return cv2.warpAffine(
        image,
        (to_pixels @ source @ from_pixels)[:2],
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _turn(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _crop_source(step: dict) -> np.ndarray:
    left, top, width, height = (step[key] for key in ("left", "top", "width", "height"))
    return np.array(
        [[width, 0, 2 * left + width - 1], [0, height, 2 * top + height - 1], [0, 0, 1]]
    )


def _shift_source(step: dict) -> np.ndarray:
    return np.array([[1, 0, -2 * step["right"]], [0, 1, -2 * step["down"]], [0, 0, 1]])


_SOURCE: dict[str, Callable[[dict], np.ndarray]] = {
    "horizontal_flip": lambda step: np.diag([-1.0, 1.0, 1.0]),
    "vertical_flip": lambda step: np.diag([1.0, -1.0, 1.0]),
    "quarter_turn": lambda step: _turn(90 * step["quarters"]),
    "rotate": lambda step: _turn(step["degrees"]),
    "crop": _crop_source,
    "shift": _shift_source,
}


# Pixel values.


def _apply_colour(image: np.ndarray, step: dict) -> np.ndarray:
    """Brightness, then contrast about the mean luma, then saturation, then hue: one colour matrix.

    The hue is turned in the IQ plane of YIQ, which keeps the luma.
    """
    mean = float(_LUMA @ cv2.mean(image)[:3]) * step["brightness"]
    grey = np.tile(_LUMA, (3, 1))
    matrix = step["brightness"] * step["contrast"] * np.eye(3)
    offset = np.full(3, mean * (1 - step["contrast"]))
    saturation = step["saturation"] * np.eye(3) + (1 - step["saturation"]) * grey
    turned = np.eye(3)
    turned[1:, 1:] = _turn(step["hue"])[:2, :2]
    hue = np.linalg.inv(_RGB_TO_YIQ) @ turned @ _RGB_TO_YIQ
    after = hue @ saturation
    return cv2.transform(image, np.column_stack([after @ matrix, after @ offset]))


def _apply_noise(image: np.ndarray, step: dict) -> np.ndarray:
    noise = np.random.default_rng(step["seed"]).standard_normal(image.shape, np.float32)
    return np.rint(image + step["sigma"] * noise).clip(0, 255).astype(np.uint8)


_APPLY: dict[str, Callable[[np.ndarray, dict], np.ndarray]] = {
    "colour": _apply_colour,
    "noise": _apply_noise,
}


# Drawing. Values are rounded so that the record in JSON is exactly what was applied.


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 6)


def _draw_crop(rng: np.random.Generator, settings: dict) -> dict:
    """Area and place uniform, aspect log-uniform (Szegedy et al. 2015, arXiv:1409.4842)."""
    area = rng.uniform(settings["min_area"], 1)
    limit = math.log(settings["max_aspect"])
    aspect = math.exp(rng.uniform(-limit, limit))
    width = min(1.0, math.sqrt(area * aspect))
    height = min(1.0, math.sqrt(area / aspect))
    return {
        "left": _uniform(rng, 0, 1 - width),
        "top": _uniform(rng, 0, 1 - height),
        "width": round(width, 6),
        "height": round(height, 6),
    }


def _draw_shift(rng: np.random.Generator, settings: dict) -> dict:
    far = settings["fraction"]
    return {"right": _uniform(rng, -far, far), "down": _uniform(rng, -far, far)}


def _draw_colour(rng: np.random.Generator, settings: dict) -> dict:
    drawn = {
        key: _uniform(rng, 1 - settings[key], 1 + settings[key])
        for key in ("brightness", "contrast", "saturation")
    }
    return {**drawn, "hue": _uniform(rng, -settings["hue"], settings["hue"])}


def _draw_noise(rng: np.random.Generator, settings: dict) -> dict:
    return {"sigma": _uniform(rng, 0, settings["sigma"]), "seed": int(rng.integers(2**31))}


_DRAW: dict[str, Callable[[np.random.Generator, dict], dict]] = {
    "horizontal_flip": lambda rng, settings: {},
    "vertical_flip": lambda rng, settings: {},
    "quarter_turn": lambda rng, settings: {"quarters": int(rng.integers(1, 4))},
    "rotate": lambda rng, settings: {
        "degrees": _uniform(rng, -settings["degrees"], settings["degrees"])
    },
    "crop": _draw_crop,
    "shift": _draw_shift,
    "colour": _draw_colour,
    "noise": _draw_noise,
}

OPERATIONS = tuple(_DRAW)
