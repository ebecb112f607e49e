"""Policies: entries of a recipe that draw operations of the other rooms, recorded as those.

A policy names primitive operations and how strong they are, from 0 (weakest) to 1 (strongest), over
the ranges of its paper. Those that go both ways (turns, shears, shifts, factors) draw their sign.
As everywhere in a recipe, what moves pixels is applied before what changes their values.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

IDENTITY = "identity"  # the operation of RandAugment and TrivialAugment that changes nothing


class Ranges(NamedTuple):
    """How far the primitive operations of a policy go.

    Attributes:
        shear: largest slope.
        shift: largest shift, as a share of the side.
        rotate: largest angle, in degrees.
        factor: largest distance of a factor from 1.
        bits: that posterize keeps, at the weakest and at the strongest.
    """

    shear: float
    shift: float
    rotate: float
    factor: float
    bits: tuple[int, int]


# Cubuk et al. 2019, arXiv:1805.09501, table 6 of the appendix; 150 of 331 pixels are shifted. That
# a higher magnitude is a stronger operation, in either direction, is how the field reads it.
AUTO_AUGMENT = Ranges(shear=0.3, shift=150 / 331, rotate=30, factor=0.9, bits=(8, 4))
# Müller & Hutter 2021, arXiv:2103.10158, the wide search space; 32 of 224 pixels are shifted.
WIDE = Ranges(shear=0.99, shift=32 / 224, rotate=135, factor=0.99, bits=(8, 2))


def _signed(rng: np.random.Generator, value: float) -> float:
    return round(value * (1 - 2 * int(rng.integers(2))), 6)


def _factor(name: str) -> Callable[[np.random.Generator, Ranges, float], dict]:
    return lambda rng, ranges, strength: {
        "name": name,
        "factor": round(1 + _signed(rng, ranges.factor * strength), 6),
    }


def _posterize(rng: np.random.Generator, ranges: Ranges, strength: float) -> dict:
    weakest, strongest = ranges.bits
    return {"name": "posterize", "bits": round(weakest - (weakest - strongest) * strength)}


_PRIMITIVES: dict[str, Callable[[np.random.Generator, Ranges, float], dict]] = {
    IDENTITY: lambda rng, ranges, strength: {"name": IDENTITY},
    "autocontrast": lambda rng, ranges, strength: {"name": "autocontrast", "cutoff": 0},
    "equalize": lambda rng, ranges, strength: {"name": "equalize"},
    "invert": lambda rng, ranges, strength: {"name": "solarize", "threshold": 0},
    "rotate": lambda rng, ranges, strength: {
        "name": "rotate",
        "degrees": _signed(rng, ranges.rotate * strength),
    },
    "solarize": lambda rng, ranges, strength: {
        "name": "solarize",
        "threshold": round(256 * (1 - strength)),
    },
    "posterize": _posterize,
    "saturation": _factor("saturation"),
    "contrast": _factor("contrast"),
    "brightness": _factor("brightness"),
    "sharpness": _factor("sharpness"),
    "shear_x": lambda rng, ranges, strength: {
        "name": "shear",
        "horizontal": _signed(rng, ranges.shear * strength),
        "vertical": 0.0,
    },
    "shear_y": lambda rng, ranges, strength: {
        "name": "shear",
        "horizontal": 0.0,
        "vertical": _signed(rng, ranges.shear * strength),
    },
    "shift_x": lambda rng, ranges, strength: {
        "name": "shift",
        "right": _signed(rng, ranges.shift * strength),
        "down": 0.0,
    },
    "shift_y": lambda rng, ranges, strength: {
        "name": "shift",
        "right": 0.0,
        "down": _signed(rng, ranges.shift * strength),
    },
}

# A copy to which nothing else is done is drawn again.
_WITHOUT_EFFECT = {
    *{"degrees": 0, "horizontal": 0, "vertical": 0, "right": 0, "down": 0}.items(),
    *{"factor": 1, "bits": 8, "threshold": 256}.items(),
}

# The list of RandAugment, and of TrivialAugment after it.
FOURTEEN = tuple(name for name in _PRIMITIVES if name != "invert")


def primitive(rng: np.random.Generator, ranges: Ranges, name: str, strength: float) -> dict:
    """Draw an operation of a policy at a strength of 0 to 1; `identity` where it has no effect."""
    step = _PRIMITIVES[name](rng, ranges, strength)
    parameters = step.items() - {("name", step["name"])}
    return {"name": IDENTITY} if parameters and parameters <= _WITHOUT_EFFECT else step


# Each sub-policy is two operations with their probability and magnitude, 0 to 9.
IMAGENET = (
    (("posterize", 0.4, 8), ("rotate", 0.6, 9)),
    (("solarize", 0.6, 5), ("autocontrast", 0.6, 5)),
    (("equalize", 0.8, 8), ("equalize", 0.6, 3)),
    (("posterize", 0.6, 7), ("posterize", 0.6, 6)),
    (("equalize", 0.4, 7), ("solarize", 0.2, 4)),
    (("equalize", 0.4, 4), ("rotate", 0.8, 8)),
    (("solarize", 0.6, 3), ("equalize", 0.6, 7)),
    (("posterize", 0.8, 5), ("equalize", 1.0, 2)),
    (("rotate", 0.2, 3), ("solarize", 0.6, 8)),
    (("equalize", 0.6, 8), ("posterize", 0.4, 6)),
    (("rotate", 0.8, 8), ("saturation", 0.4, 0)),
    (("rotate", 0.4, 9), ("equalize", 0.6, 2)),
    (("equalize", 0.0, 7), ("equalize", 0.8, 8)),
    (("invert", 0.6, 4), ("equalize", 1.0, 8)),
    (("saturation", 0.6, 4), ("contrast", 1.0, 8)),
    (("rotate", 0.8, 8), ("saturation", 1.0, 2)),
    (("saturation", 0.8, 8), ("solarize", 0.8, 7)),
    (("sharpness", 0.4, 7), ("invert", 0.6, 8)),
    (("shear_x", 0.6, 5), ("equalize", 1.0, 9)),
    (("saturation", 0.4, 0), ("equalize", 0.6, 3)),
    (("equalize", 0.4, 7), ("solarize", 0.2, 4)),
    (("solarize", 0.6, 5), ("autocontrast", 0.6, 5)),
    (("invert", 0.6, 4), ("equalize", 1.0, 8)),
    (("saturation", 0.6, 4), ("contrast", 1.0, 8)),
    (("equalize", 0.8, 8), ("equalize", 0.6, 3)),
)


def _auto_augment(rng: np.random.Generator, settings: dict) -> list[dict]:
    """One of the 25 sub-policies that were found on ImageNet (Cubuk et al. 2019, table 9)."""
    chosen = IMAGENET[rng.integers(len(IMAGENET))]
    return [
        primitive(rng, AUTO_AUGMENT, name, magnitude / 9)
        for name, probability, magnitude in chosen
        if rng.random() < probability
    ]


def _rand_augment(rng: np.random.Generator, settings: dict) -> list[dict]:
    """`num_ops` of fourteen operations, all of one magnitude of 10 (Cubuk et al. 2020).

    arXiv:1909.13719; the ranges are those of AutoAugment.
    """
    chosen = rng.integers(len(FOURTEEN), size=settings["num_ops"])
    strength = settings["magnitude"] / 10
    return [primitive(rng, AUTO_AUGMENT, FOURTEEN[number], strength) for number in chosen]


def _trivial_augment(rng: np.random.Generator, settings: dict) -> list[dict]:
    """One of fourteen operations, of one of 31 strengths (Müller & Hutter 2021)."""
    name = FOURTEEN[rng.integers(len(FOURTEEN))]
    return [primitive(rng, WIDE, name, int(rng.integers(31)) / 30)]


POLICIES = {
    "auto_augment": _auto_augment,
    "rand_augment": _rand_augment,
    "trivial_augment": _trivial_augment,
}
