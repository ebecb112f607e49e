"""AugMix: a photo blended with several chains of operations on it.

Hendrycks et al. 2020, arXiv:1912.02781. A chain is one to three operations, their strength is drawn
up to `severity` of 10; the chains are weighed by a Dirichlet distribution, and their blend against
the photo by a Beta distribution, both of `alpha`.
"""

import cv2
import numpy as np

from zest.augment.geometry import move, moves
from zest.augment.operation import Change, uniform
from zest.augment.pixels import PIXELS
from zest.augment.policies import Ranges, primitive

_RANGES = Ranges(shear=0.3, shift=1 / 3, rotate=30, factor=0.9, bits=(4, 0))
# Without those that the benchmarks of robustness use as corruptions.
_PRIMITIVES = (
    *("autocontrast", "equalize", "posterize", "rotate", "solarize"),
    *("shear_x", "shear_y", "shift_x", "shift_y"),
)


def run_chain(image: np.ndarray, steps: list[dict]) -> np.ndarray:
    """Apply operations to an image of the size of the copy, those that move pixels first."""
    if moves(steps):
        image = move(image, steps, image.shape[0])
    for step in steps:
        if step["name"] in PIXELS:
            image = PIXELS[step["name"]].apply(image, step)
    return image


def _draw_chain(rng: np.random.Generator, settings: dict) -> list[dict]:
    depth = settings["depth"] or int(rng.integers(1, 4))
    names = [_PRIMITIVES[rng.integers(len(_PRIMITIVES))] for _ in range(depth)]
    return [
        primitive(rng, _RANGES, name, uniform(rng, 0.1, settings["severity"]) / 10)
        for name in names
    ]


def _draw(rng: np.random.Generator, settings: dict) -> dict:
    weights = rng.dirichlet([settings["alpha"]] * settings["width"])
    return {
        "photo": round(float(rng.beta(settings["alpha"], settings["alpha"])), 6),
        "chains": [
            {"weight": round(float(weight), 6), "steps": _draw_chain(rng, settings)}
            for weight in weights
        ],
    }


def _apply(image: np.ndarray, step: dict) -> np.ndarray:
    """`photo` is the weight of the image itself, the rest of 1 is that of the chains."""
    blend = cv2.multiply(image, step["photo"], dtype=cv2.CV_32F)
    for chain in step["chains"]:
        weight = (1 - step["photo"]) * chain["weight"]
        changed = run_chain(image, chain["steps"])
        blend = cv2.addWeighted(changed, weight, blend, 1, 0, dtype=cv2.CV_32F)
    return cv2.convertScaleAbs(blend)


AUG_MIX = Change(_draw, _apply)
