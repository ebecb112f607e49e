"""Between sRGB, in which colours are named, and linear light, in which light adds up.

Pictures in linear light are float32 with the colours as planes, (3, height, width): NumPy is
several times faster on three large planes than on many pixels of three.
"""

import numpy as np

# IEC 61966-2-1, for the 256 levels of 8 bits
_LEVELS = np.arange(256) / 255
LINEAR_OF_BYTE = np.where(
    _LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4
).astype(np.float32)


def linear(red: int, green: int, blue: int) -> np.ndarray:
    """Return an 8-bit sRGB colour as linear light: float32, (3, 1, 1), 0 to 1."""
    return LINEAR_OF_BYTE[[red, green, blue]].reshape(3, 1, 1)


def rgb(red: float, green: float, blue: float) -> np.ndarray:
    """Return three factors or amounts of light, to be used on colour planes: float32, (3, 1, 1)."""
    return np.array([red, green, blue], np.float32).reshape(3, 1, 1)


def srgb(light: np.ndarray) -> np.ndarray:
    """Return linear light as sRGB in 0..1 (the inverse of `linear`, without rounding)."""
    light = np.maximum(light, 0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def blend(under: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> None:
    """Lay `colour` over `under` (3, height, width), in place, as opaque as `mask` says (0 to 1)."""
    under += (colour - under) * mask
