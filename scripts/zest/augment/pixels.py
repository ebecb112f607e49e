"""What changes the values of pixels, one operation after the other in the order of the recipe."""

from typing import Any

import cv2
import numpy as np
from scipy.special import ndtri

from zest.augment.geometry import turn
from zest.augment.operation import (
    Change,
    Draw,
    draw_degrees,
    draw_seed,
    generator,
    log_uniform,
    nothing,
    uniform,
    whole,
)

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_GREY = np.tile(_LUMA, (3, 1))
_RGB_TO_YIQ = np.array([_LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_YIQ_TO_RGB = np.linalg.inv(_RGB_TO_YIQ)
_VALUES = np.arange(256)
# The standard normal distribution in as many equally likely steps; the outermost are at 4.3.
_NORMAL = ndtri((np.arange(65536) + 0.5) / 65536).astype(np.float32)


def _mean_luma(image: np.ndarray) -> float:
    return float(_LUMA @ cv2.mean(image)[:3])


def _look_up(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Replace each value: table (256,) or, for each channel, (3, 256); rounded to 0..255 here."""
    table = np.rint(table).clip(0, 255).astype(np.uint8)
    return cv2.LUT(image, table if table.ndim == 1 else np.ascontiguousarray(table.T)[None])


def _histograms(image: np.ndarray) -> np.ndarray:
    """Count the pixels of each value in each channel: int (3, 256)."""
    counts = np.empty((3, 256), np.int64)
    for channel in range(3):
        counts[channel] = cv2.calcHist([image], [channel], None, [256], [0, 256]).ravel()
    return counts


# Brightness, contrast, saturation and hue: a factor of 1 and 0 degrees change nothing. The first
# three are those of Pillow's ImageEnhance.


def _draw_factor(rng: np.random.Generator, settings: dict) -> dict:
    return {"factor": uniform(rng, 1 - settings["strength"], 1 + settings["strength"])}


def _apply_brightness(image: np.ndarray, step: dict) -> np.ndarray:
    return cv2.convertScaleAbs(image, alpha=step["factor"])


def _apply_contrast(image: np.ndarray, step: dict) -> np.ndarray:
    """Move every value away from the mean luma of the image, or towards it."""
    offset = np.full(3, (1 - step["factor"]) * _mean_luma(image))
    return cv2.transform(image, np.column_stack([step["factor"] * np.eye(3), offset]))


def _saturation(factor: float) -> np.ndarray:
    """Return the colour matrix that moves every pixel away from its luma, or towards it."""
    return factor * np.eye(3) + (1 - factor) * _GREY


def _hue(degrees: float) -> np.ndarray:
    """Return the colour matrix that turns the IQ plane of YIQ, which keeps the luma."""
    turned = np.eye(3)
    turned[1:, 1:] = turn(degrees)[:2, :2]
    return _YIQ_TO_RGB @ turned @ _RGB_TO_YIQ


def _draw_colour(rng: np.random.Generator, settings: dict) -> dict:
    drawn = {
        key: uniform(rng, 1 - settings[key], 1 + settings[key])
        for key in ("brightness", "contrast", "saturation")
    }
    return {**drawn, "hue": uniform(rng, -settings["hue"], settings["hue"])}


def _apply_colour(image: np.ndarray, step: dict) -> np.ndarray:
    """Brightness, then contrast, then saturation, then hue: one colour matrix, rounded once."""
    mean = _mean_luma(image) * step["brightness"]
    matrix = step["brightness"] * step["contrast"] * np.eye(3)
    offset = np.full(3, mean * (1 - step["contrast"]))
    after = _hue(step["hue"]) @ _saturation(step["saturation"])
    return cv2.transform(image, np.column_stack([after @ matrix, after @ offset]))


# Curves, each a table of the 256 values.


def _draw_gamma(rng: np.random.Generator, settings: dict) -> dict:
    return {"exponent": log_uniform(rng, 1 / settings["max_exponent"], settings["max_exponent"])}


def _apply_gamma(image: np.ndarray, step: dict) -> np.ndarray:
    """Raise the values, on [0, 1], to the exponent: below 1 the shadows grow lighter."""
    return _look_up(image, 255 * (_VALUES / 255) ** step["exponent"])


def _apply_posterize(image: np.ndarray, step: dict) -> np.ndarray:
    """Keep the upper bits of each value, as Pillow's ImageOps.posterize."""
    return image & np.uint8(256 - (1 << (8 - step["bits"])))


def _apply_solarize(image: np.ndarray, step: dict) -> np.ndarray:
    """Invert the values from the threshold up, as Pillow's ImageOps.solarize; 0 inverts all."""
    _, high = cv2.threshold(image, step["threshold"] - 1, 255, cv2.THRESH_BINARY)
    return cv2.bitwise_xor(image, high)


def _apply_autocontrast(image: np.ndarray, step: dict) -> np.ndarray:
    """Stretch each channel to 0..255, as Pillow's ImageOps.autocontrast.

    `cutoff` is the share of the pixels, in percent, that may be cut off at either end.
    """
    counts = _histograms(image)
    cut = image.shape[0] * image.shape[1] * step["cutoff"] // 100
    low = (counts.cumsum(axis=1) > cut).argmax(axis=1)[:, None]
    high = 255 - (counts[:, ::-1].cumsum(axis=1) > cut).argmax(axis=1)[:, None]
    scale = 255 / np.maximum(high - low, 1)
    stretched = np.trunc(_VALUES * scale - low * scale)
    return _look_up(image, np.where(high > low, stretched, _VALUES))


def _apply_equalize(image: np.ndarray, step: dict) -> np.ndarray:
    """Spread the values of each channel evenly, as Pillow's ImageOps.equalize."""
    counts = _histograms(image)
    below = counts.cumsum(axis=1) - counts
    highest = 255 - (counts[:, ::-1] > 0).argmax(axis=1)
    share = ((counts.sum(axis=1) - counts[range(3), highest]) // 255)[:, None]
    spread = (below + share // 2) // np.maximum(share, 1)
    return _look_up(image, np.where(share > 0, spread, _VALUES))


# Neighbouring pixels, noise, artefacts.


def _apply_sharpness(image: np.ndarray, step: dict) -> np.ndarray:
    """Move every pixel away from its neighbourhood, or towards it, as Pillow's ImageEnhance.

    The neighbourhood weighs 5 for the pixel and 1 for each of the eight around it; the outermost
    pixels stay. 0 smooths, 1 changes nothing.
    """
    away = (1 - step["factor"]) / 13
    mean_of_nine = cv2.blur(image, (3, 3))
    changed = cv2.addWeighted(image, step["factor"] + 4 * away, mean_of_nine, 9 * away, 0)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        changed[edge] = image[edge]
    return changed


def _draw_blur(rng: np.random.Generator, settings: dict) -> dict:
    return {"sigma": uniform(rng, settings["min_sigma"], settings["max_sigma"])}


def _apply_blur(image: np.ndarray, step: dict) -> np.ndarray:
    """Gaussian blur; sigma in pixels of the copy, cut off at three of them."""
    kernel = cv2.getGaussianKernel(1 + 2 * max(1, round(3 * step["sigma"])), step["sigma"])
    return cv2.sepFilter2D(image, -1, kernel, kernel)


def _draw_noise(rng: np.random.Generator, settings: dict) -> dict:
    return {"sigma": uniform(rng, 0, settings["sigma"]), "seed": draw_seed(rng)}


def _apply_noise(image: np.ndarray, step: dict) -> np.ndarray:
    """Add Gaussian noise, independent in each pixel and channel, looked up from 16 random bits."""
    raw = generator(step["seed"]).bit_generator.random_raw(-(-image.size // 4))
    steps = raw.view(np.uint16)[: image.size].reshape(image.shape)
    return cv2.add(image, np.rint(step["sigma"] * _NORMAL).astype(np.int16).take(steps), dtype=0)


def _apply_jpeg(image: np.ndarray, step: dict) -> np.ndarray:
    """Encode as JPEG and decode: blocks, and colours of half the resolution."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, step["quality"]]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    decoded: Any = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    return decoded


def _apply_grey(image: np.ndarray, step: dict) -> np.ndarray:
    """The luma in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _between(key: str) -> Draw:
    """Make the drawing of a whole number `key` from `min_key` to `max_key`."""
    return lambda rng, settings: {key: whole(rng, settings[f"min_{key}"], settings[f"max_{key}"])}


PIXELS = {
    "brightness": Change(_draw_factor, _apply_brightness),
    "contrast": Change(_draw_factor, _apply_contrast),
    "saturation": Change(
        _draw_factor, lambda image, step: cv2.transform(image, _saturation(step["factor"]))
    ),
    "hue": Change(draw_degrees, lambda image, step: cv2.transform(image, _hue(step["degrees"]))),
    "colour": Change(_draw_colour, _apply_colour),
    "gamma": Change(_draw_gamma, _apply_gamma),
    "posterize": Change(_between("bits"), _apply_posterize),
    "solarize": Change(_between("threshold"), _apply_solarize),
    "autocontrast": Change(
        lambda rng, settings: {"cutoff": settings["cutoff"]}, _apply_autocontrast
    ),
    "equalize": Change(nothing, _apply_equalize),
    "grey": Change(nothing, _apply_grey),
    "sharpness": Change(_draw_factor, _apply_sharpness),
    "blur": Change(_draw_blur, _apply_blur),
    "noise": Change(_draw_noise, _apply_noise),
    "jpeg": Change(_between("quality"), _apply_jpeg),
}
