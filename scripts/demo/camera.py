"""From linear light to the pixels of a small camera: exposure, white balance, vignette, noise."""

from dataclasses import dataclass

import numpy as np

from demo.colour import rgb, srgb

_STEPS = 4096  # of the tone curve's table
_BRIGHTEST = 4.0  # light above this is white anyway


@dataclass(frozen=True)
class Exposure:
    """The settings that two photos taken one after the other share, up to a small drift."""

    gain: float
    balance: np.ndarray  # (3, 1, 1) gain of each channel


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """Draw exposure (about +-1/3 stop) and white balance for one sitting."""
    warmth, tint = rng.normal(0, 0.06), rng.normal(0, 0.025)
    balance = np.exp(rgb(warmth, tint, -warmth))
    return Exposure(float(2 ** rng.uniform(-0.45, 0.40)), balance)


def develop(light: np.ndarray, exposure: Exposure, rng: np.random.Generator) -> np.ndarray:
    """Return the photo of a scene.

    Args:
        light: float32, (3, size, size), linear light; changed in place.
        exposure: of the sitting; this photo drifts from it by a few per cent.
        rng: the photo's own stream, for the drift and the noise.

    Returns:
        uint8, (size, size, 3), sRGB.
    """
    size = light.shape[1]
    gain = exposure.gain * rng.uniform(0.96, 1.04)
    across = np.linspace(-0.5, 0.5, size, dtype=np.float32) ** 2
    corner = np.float32(rng.uniform(0.15, 0.45))
    vignette = 1 - corner * (across[:, None] + across[None, :])
    light *= vignette * (exposure.balance * np.float32(gain))
    steps = np.clip(light * np.float32(_STEPS / _BRIGHTEST), 0, _STEPS - 1)
    levels = _TONE[steps.astype(np.int32)]
    levels += _noise(rng, size)
    return np.clip(levels, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _tone_curve() -> np.ndarray:
    """Return the table from light in steps of _BRIGHTEST / _STEPS to 0..255, with a soft shoulder.

    Up to 0.6 it is sRGB; above, it bends towards white instead of clipping.
    """
    light = (np.arange(_STEPS) + 0.5) * _BRIGHTEST / _STEPS
    knee = 0.6
    bent = knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee)))
    return (255 * srgb(np.where(light < knee, light, bent))).astype(np.float32) + np.float32(0.5)


_TONE = _tone_curve()


def _noise(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return sensor noise in levels: grey grain on each pixel and coarser colour grain.

    It is added after the tone curve, whose square-root-like shape makes photon noise about even.
    """
    grain = np.float32(rng.uniform(1.2, 3.2))
    grey = rng.standard_normal((size, size), dtype=np.float32) * grain
    half = (size + 1) // 2
    colour = rng.standard_normal((3, half, half), dtype=np.float32) * (grain * np.float32(0.5))
    return grey + colour.repeat(2, axis=1).repeat(2, axis=2)[:, :size, :size]
