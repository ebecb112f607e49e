"""The operations of a copy: drawn from a seed, and applied to its photo."""

import numpy as np

from zest.augment.aug_mix import AUG_MIX
from zest.augment.erasing import ERASING
from zest.augment.geometry import MOVEMENTS, REFLECT, magnification, move, moves
from zest.augment.operation import generator
from zest.augment.pixels import PIXELS
from zest.augment.policies import IDENTITY, POLICIES
from zest.images import fit

# Resampling blurs a little; a copy is cut from an image that is this much finer.
OVERSIZE = 1.25

_CHANGES = {**PIXELS, "aug_mix": AUG_MIX}
_DRAW = {name: movement.draw for name, movement in MOVEMENTS.items()}
_DRAW |= {name: change.draw for name, change in (_CHANGES | ERASING).items()}

OPERATIONS = (*_DRAW, *POLICIES)


def draw_operations(
    operations: list[dict], seed: int, fill: str | list[int] = REFLECT
) -> list[dict]:
    """Draw which operations a copy gets, and with which parameters.

    A copy without any operation would only repeat the photo, so all are drawn again until at least
    one applies.

    Args:
        operations: of the recipe, each `{name: {"probability": ..., ...}}`.
        seed: of this copy.
        fill: what comes from outside of the photo, as in `zest.augment.geometry`.

    Returns:
        The operations that apply, in order: `{"name": ..., parameter: drawn value, ...}`. Empty
        only where nothing can be drawn: no operations, or all of probability 0.
    """
    rng = generator(seed)
    named = [pair for operation in operations for pair in operation.items()]
    possible = any(settings["probability"] > 0 for _, settings in named)
    drawn: list[dict] = []
    while possible and all(step["name"] == IDENTITY for step in drawn):
        drawn = []
        for name, settings in named:
            if rng.random() < settings["probability"]:
                drawn += _draw(rng, name, settings)
    if fill != REFLECT:
        _record_fill(drawn, fill)
    return drawn


def _draw(rng: np.random.Generator, name: str, settings: dict) -> list[dict]:
    if name in POLICIES:
        return POLICIES[name](rng, settings)
    return [{"name": name, **_DRAW[name](rng, settings)}]


def _record_fill(drawn: list[dict], fill: str | list[int]) -> None:
    """Write the fill into all steps that move pixels, those of chains too."""
    for step in drawn:
        if step["name"] in MOVEMENTS:
            step["fill"] = fill
        for chain in step.get("chains", []):
            _record_fill(chain["steps"], fill)


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
    wanted = min(side_needed(drawn, size), *photo.shape[:2])
    return augment_image(fit(photo, max(size, wanted), how), drawn, size)


def side_needed(drawn: list[dict], size: int) -> int:
    """Return how many pixels the short side of a photo needs for a sharp copy of this size."""
    return max(size, round(OVERSIZE * size * magnification(drawn))) if moves(drawn) else size


def augment_image(image: np.ndarray, drawn: list[dict], size: int) -> np.ndarray:
    """Apply operations to a square image: what moves pixels, what changes them, what hides them.

    Args:
        image: uint8 RGB, (pixels, pixels, 3); with fewer pixels than `size` times the
            `magnification` the result is blurred, with over twice as many it is jagged.
        drawn: the result of `draw_operations`.
        size: width and height of the result, in pixels.

    Returns:
        uint8 RGB, (size, size, 3); the image itself where nothing changes it.
    """
    if moves(drawn):
        image = move(image, drawn, size)
    elif image.shape[0] != size:
        image = fit(image, size)
    for room in (_CHANGES, ERASING):
        for step in drawn:
            if step["name"] in room:
                image = room[step["name"]].apply(image, step)
    return image
