"""How drawn operations are told to people, and what they are advised to do about one."""

import re

import numpy as np
import pytest

from augmentation.operations import TOLD, advice, describe, describe_all, strength
from augmenting import applied, settings_of
from zest.augment import OPERATIONS, draw_operations
from zest.config import load_schema, resolve


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def top_lit():
    photo = np.zeros((200, 200, 3), np.uint8)
    photo[:40] = 255
    return photo


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_of_a_recipe_can_be_told_and_compared(name):
    for seed in range(20):
        for step in draw_operations([settings_of(name)], seed):
            assert describe(step).startswith(step["name"].replace("_", " "))
            assert strength(step) is None or strength(step) >= 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_makes_an_operation_milder_are_keys_that_it_has(name):
    if TOLD[name].milder is None:
        return
    schema = load_schema()
    known = resolve(schema["$defs"]["operation"]["properties"][name], schema)["properties"]
    assert set(re.findall(r"\w+", TOLD[name].milder)) & known.keys()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"name": "horizontal_flip"}, "horizontal flip"),
        ({"name": "rotate", "degrees": -12.3}, "rotate 12° right"),
        ({"name": "rotate", "degrees": 1.26}, "rotate 1.3° left"),
        (
            {"name": "crop", "left": 0, "top": 0.1, "width": 0.9, "height": 0.9},
            "crop to 81 %",
        ),
        ({"name": "shift", "right": 0.04, "down": -0.1}, "shift 4 % right, 10 % up"),
        ({"name": "shift", "right": -0.04, "down": 0.0}, "shift 4 % left"),
        ({"name": "brightness", "factor": 1.12}, "brightness ×1.12"),
        (
            {"name": "colour", "brightness": 1.1, "contrast": 0.9, "saturation": 1, "hue": -3},
            "colour (brightness ×1.10, contrast ×0.90, saturation ×1.00, hue −3.0°)",
        ),
        ({"name": "solarize", "threshold": 0}, "solarize all values (inverted)"),
        (
            {"name": "perspective", "corners": [[-0.9, -1], [1, -1.2], [1, 1], [-1, 1]]},
            "perspective of 10 %",
        ),
        (
            {"name": "cutout", "size": 0.25, "centres": [[0, 0], [1, 1]], "fill": "mean"},
            "cutout 2 × 25 % of the side",
        ),
        (
            {
                "name": "aug_mix",
                "photo": 0.5,
                "chains": [{"weight": 1, "steps": [{"name": "equalize"}, {"name": "identity"}]}],
            },
            "aug mix of 50 % unchanged + 50 % (equalize)",
        ),
    ],
)
def test_a_step_is_told_with_what_was_drawn(step, words):
    assert plain(describe(step)) == words


@pytest.mark.parametrize(
    "step", [{"name": "rotate", "degrees": 90.0}, {"name": "quarter_turn", "quarters": 1}]
)
def test_left_is_left(step):
    assert describe(step).endswith("left")
    turned = applied(top_lit(), step)
    assert turned[:, :10].mean() > 200
    assert turned[:, 40:].mean() < 5


def test_what_changes_nothing_is_told_only_where_nothing_else_is():
    nothing = {"name": "identity"}
    assert describe_all([nothing, {"name": "grey"}, nothing]) == ["grey"]
    assert describe_all([nothing]) == describe_all([]) == ["unchanged"]


def test_a_stronger_step_is_stronger():
    def crop(side):
        return {"name": "crop", "left": 0, "top": 0, "width": side, "height": side}

    assert strength(crop(0.3)) > strength(crop(0.9)) > strength(crop(1)) == 0
    turns = [strength({"name": "rotate", "degrees": degrees}) for degrees in (-20, 10)]
    assert turns == [20, 10]
    assert strength({"name": "grey"}) is None


def test_the_advice_names_the_key_or_the_policy_that_draws_the_operation():
    listed = [settings_of("crop"), settings_of("grey"), settings_of("rand_augment")]
    assert advice("crop", listed) == "Raise min_area of crop, or drop it."
    assert advice("grey", listed) == "Drop grey."
    drawn = advice("solarize", listed)
    assert drawn == "A policy draws it: lower magnitude of rand_augment, or drop it."
