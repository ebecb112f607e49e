"""The drawn operations of a copy in words, how strong each is, and how a recipe makes it milder."""

import math
from collections.abc import Callable
from typing import NamedTuple

from zest.augment.policies import IDENTITY, POLICIES


class Told(NamedTuple):
    """How an operation is told to people.

    Attributes:
        words: what was drawn, from the step; the name of the operation stands before it.
        strength: how far the step goes, 0 for no change; None where it knows no more and no less.
        milder: what to change in the recipe so that it does less; None where there is nothing.
    """

    words: Callable[[dict], str] = lambda step: ""
    strength: Callable[[dict], float] | None = None
    milder: str | None = None


def describe(step: dict) -> str:
    """Return a drawn operation in words, such as `rotate 12° left` or `crop to 81 %`."""
    name = step["name"].replace("_", " ")
    return f"{name} {TOLD[step['name']].words(step)}".rstrip()


def describe_all(steps: list[dict]) -> list[str]:
    """Return drawn operations in words, those that change nothing left out where others do."""
    return [describe(step) for step in steps if step["name"] != IDENTITY] or ["unchanged"]


def strength(step: dict) -> float | None:
    """Return how far a step goes, comparable with others of its operation; None without degrees."""
    measure = TOLD[step["name"]].strength
    return measure(step) if measure else None


def advice(name: str, operations: list[dict]) -> str:
    """Say in a sentence what to change in a recipe so that an operation does less harm.

    Args:
        name: of the operation; one that the recipe does not list was drawn by a policy.
        operations: of the recipe, each `{name: settings}`.
    """
    listed = [key for operation in operations for key in operation]
    if name in listed:
        milder = _milder(name)
        return f"{milder[0].upper()}{milder[1:]}."
    policies = dict.fromkeys(key for key in listed if key in POLICIES)
    return f"A policy draws it: {'; '.join(_milder(policy) for policy in policies)}."


def _milder(name: str) -> str:
    milder = TOLD[name].milder
    return f"{milder} of {name}, or drop it" if milder else f"drop {name}"


def percent(share: float, digits: int = 0) -> str:
    """Write a share as `81 %`."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def _round(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _factor(step: dict) -> str:
    return f"×{step['factor']:.2f}"


def _degrees(value: float) -> str:
    return f"{'−' if value < 0 else ''}{_round(abs(value))}°"


def _rotate(step: dict) -> str:
    return f"{_round(abs(step['degrees']))}° {'left' if step['degrees'] > 0 else 'right'}"


def _shift(step: dict) -> str:
    sideways = (step["right"], "right" if step["right"] > 0 else "left")
    upright = (step["down"], "down" if step["down"] > 0 else "up")
    return _both_ways(sideways, upright)


def _shear(step: dict) -> str:
    return _both_ways((step["horizontal"], "sideways"), (step["vertical"], "up and down"))


def _both_ways(*ways: tuple[float, str]) -> str:
    """Write shares with their direction, without those that come to 0 %."""
    return ", ".join(f"{percent(abs(by))} {way}" for by, way in ways if abs(by) >= 0.005)


def _distortion(step: dict) -> float:
    """Return how far a corner moved at most, as a share of the side; they began at -1 and 1."""
    ends = [value for corner in step["corners"] for value in corner]
    return max(abs(value - math.copysign(1, value)) for value in ends) / 2


def _colour(step: dict) -> str:
    parts = [f"{key} ×{step[key]:.2f}" for key in ("brightness", "contrast", "saturation")]
    if step["hue"]:
        parts.append(f"hue {_degrees(step['hue'])}")
    return f"({', '.join(parts)})"


def _colour_strength(step: dict) -> float:
    factors = sum(abs(step[key] - 1) for key in ("brightness", "contrast", "saturation"))
    return factors + abs(step["hue"]) / 180


def _solarize(step: dict) -> str:
    return f"from {step['threshold']}" if step["threshold"] else "all values (inverted)"


def _cutout(step: dict) -> str:
    side, holes = f"{percent(step['size'])} of the side", len(step["centres"])
    return f"{holes} × {side}" if holes > 1 else side


def _hide_and_seek(step: dict) -> str:
    return f"{len(step['hidden'])} of {step['grid'] ** 2} patches"


def _aug_mix(step: dict) -> str:
    parts = [f"{percent(step['photo'])} unchanged"]
    for chain in step["chains"]:
        steps = ", ".join(describe_all(chain["steps"]))
        parts.append(f"{percent((1 - step['photo']) * chain['weight'])} ({steps})")
    return "of " + " + ".join(parts)


def _beside_one(step: dict) -> float:
    return abs(step["factor"] - 1)


TOLD = {
    "horizontal_flip": Told(),
    "vertical_flip": Told(),
    "quarter_turn": Told(lambda step: f"{90 * step['quarters']}° left"),
    "rotate": Told(_rotate, lambda step: abs(step["degrees"]), "lower degrees"),
    "crop": Told(
        lambda step: f"to {percent(step['width'] * step['height'])}",
        lambda step: 1 - step["width"] * step["height"],
        "raise min_area",
    ),
    "shift": Told(_shift, lambda step: math.hypot(step["right"], step["down"]), "lower fraction"),
    "scale": Told(
        _factor,
        lambda step: abs(math.log(step["factor"])),
        "bring min_factor and max_factor nearer to 1",
    ),
    "shear": Told(
        _shear, lambda step: math.hypot(step["horizontal"], step["vertical"]), "lower slope"
    ),
    "perspective": Told(
        lambda step: f"of {percent(_distortion(step))}", _distortion, "lower distortion"
    ),
    "brightness": Told(_factor, _beside_one, "lower strength"),
    "contrast": Told(_factor, _beside_one, "lower strength"),
    "saturation": Told(_factor, _beside_one, "lower strength"),
    "sharpness": Told(_factor, _beside_one, "lower strength"),
    "hue": Told(
        lambda step: _degrees(step["degrees"]), lambda step: abs(step["degrees"]), "lower degrees"
    ),
    "colour": Told(_colour, _colour_strength, "lower brightness, contrast, saturation and hue"),
    "gamma": Told(
        lambda step: f"{step['exponent']:.2f}",
        lambda step: abs(math.log(step["exponent"])),
        "lower max_exponent",
    ),
    "autocontrast": Told(
        lambda step: f"cutoff {step['cutoff']:g} %" if step["cutoff"] else "",
        milder="lower cutoff",
    ),
    "equalize": Told(),
    "grey": Told(),
    "posterize": Told(
        lambda step: f"to {step['bits']} bits", lambda step: 8 - step["bits"], "raise min_bits"
    ),
    "solarize": Told(_solarize, lambda step: 256 - step["threshold"], "raise min_threshold"),
    "blur": Told(
        lambda step: f"{step['sigma']:.1f} pixels", lambda step: step["sigma"], "lower max_sigma"
    ),
    "noise": Told(
        lambda step: f"{step['sigma']:.1f} of 255", lambda step: step["sigma"], "lower sigma"
    ),
    "jpeg": Told(
        lambda step: f"quality {step['quality']}",
        lambda step: 100 - step["quality"],
        "raise min_quality",
    ),
    "aug_mix": Told(_aug_mix, lambda step: 1 - step["photo"], "lower severity"),
    "cutout": Told(_cutout, milder="lower size and holes"),
    "random_erasing": Told(
        lambda step: percent(step["width"] * step["height"]),
        lambda step: step["width"] * step["height"],
        "lower max_area",
    ),
    "hide_and_seek": Told(
        _hide_and_seek, lambda step: len(step["hidden"]) / step["grid"] ** 2, "lower hidden"
    ),
    "grid_mask": Told(lambda step: percent((1 - step["ratio"]) ** 2), milder="raise ratio"),
    # Policies are recorded as the operations that they drew; these are for the advice alone.
    "auto_augment": Told(),
    "rand_augment": Told(milder="lower magnitude"),
    "trivial_augment": Told(),
    IDENTITY: Told(),
}
