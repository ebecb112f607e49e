"""Augmentation: each operation does what it says, and a copy can be made again from its record."""

import json

import numpy as np
import pytest

from zest.augment import OPERATIONS, apply_operations, draw_operations, magnification
from zest.config import load_schema, resolve
from zest.images import fit


def settings_of(name: str, **changes) -> dict:
    schema = load_schema()
    operation = resolve(schema["$defs"]["operation"]["properties"][name], schema)
    defaults = {
        key: resolve(part, schema)["default"] for key, part in operation["properties"].items()
    }
    return {name: {**defaults, "probability": 1, **changes}}


@pytest.fixture
def photo() -> np.ndarray:
    """A smooth photo without symmetry: red grows to the right, green downwards, blue is a spot."""
    y, x = np.mgrid[0:200, 0:200] / 199
    spot = np.exp(-((x - 0.3) ** 2 + (y - 0.2) ** 2) * 40)
    return (np.stack([x, y, spot], axis=2) * 200 + 20).astype(np.uint8)


def applied(photo: np.ndarray, *steps: dict) -> np.ndarray:
    return apply_operations(photo, list(steps), 100, "crop").astype(int)


def close(one: np.ndarray, other: np.ndarray, tolerance: float = 3) -> bool:
    """Compare away from the border, where resampling differs."""
    return bool(np.abs(one[5:-5, 5:-5] - other[5:-5, 5:-5]).max() <= tolerance)


def test_no_operation_gives_the_photo_as_evaluation_sees_it(photo):
    assert (apply_operations(photo, [], 100, "crop") == fit(photo, 100, "crop")).all()


def test_flips_and_quarter_turns_agree_with_numpy(photo):
    plain = applied(photo)
    assert close(applied(photo, {"name": "horizontal_flip"}), plain[:, ::-1])
    assert close(applied(photo, {"name": "vertical_flip"}), plain[::-1])
    for quarters in (1, 2, 3):
        step = {"name": "quarter_turn", "quarters": quarters}
        assert close(applied(photo, step), np.rot90(plain, quarters))


def test_a_rotation_by_90_degrees_is_a_quarter_turn(photo):
    turned = applied(photo, {"name": "rotate", "degrees": 90})
    assert close(turned, applied(photo, {"name": "quarter_turn", "quarters": 1}))


def test_a_crop_shows_its_part_of_the_photo(photo):
    step = {"name": "crop", "left": 0.5, "top": 0.25, "width": 0.5, "height": 0.5}
    assert close(applied(photo, step), fit(photo[50:150, 100:200], 100).astype(int), 4)


def test_a_shift_moves_the_content(photo):
    moved = applied(photo, {"name": "shift", "right": 0.1, "down": -0.2})
    assert close(moved[:80, 10:], applied(photo)[20:, :90])


def test_geometric_operations_follow_each_other_in_order(photo):
    flip, turn = {"name": "horizontal_flip"}, {"name": "quarter_turn", "quarters": 1}
    assert close(applied(photo, flip, turn), np.rot90(applied(photo)[:, ::-1]))
    assert close(applied(photo, turn, flip), np.rot90(applied(photo))[:, ::-1])


def colour(**changes) -> dict:
    neutral = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0}
    return {"name": "colour", **neutral, **changes}


def test_neutral_colour_changes_nothing(photo):
    assert np.abs(applied(photo, colour()) - applied(photo)).max() <= 1


def test_brightness_scales_every_value(photo):
    np.testing.assert_allclose(applied(photo, colour(brightness=0.5)), applied(photo) * 0.5, atol=1)


def test_contrast_keeps_the_mean_luma_and_scales_the_spread(photo):
    luma = np.array([0.299, 0.587, 0.114])
    plain, less = applied(photo) @ luma, applied(photo, colour(contrast=0.5)) @ luma
    assert less.mean() == pytest.approx(plain.mean(), abs=1)
    assert less.std() == pytest.approx(plain.std() / 2, rel=0.03)


def test_saturation_near_zero_gives_grey(photo):
    grey = applied(photo, colour(saturation=0.0))
    assert np.ptp(grey, axis=2).max() <= 1


def test_a_turn_of_the_hue_keeps_the_luma_and_changes_the_colour(photo):
    luma = np.array([0.299, 0.587, 0.114])
    plain, turned = applied(photo), applied(photo, colour(hue=20))
    inside = ((turned > 0) & (turned < 255)).all(axis=2)
    assert np.abs(plain - turned).max() > 20
    assert np.abs((plain - turned)[inside] @ luma).max() <= 1.5


def test_noise_has_the_standard_deviation_that_was_drawn():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = apply_operations(grey, [{"name": "noise", "sigma": 10, "seed": 1}], 200, "crop")
    assert noisy.std() == pytest.approx(10, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.2)


def test_every_drawn_value_lies_in_its_range():
    recipe = [
        settings_of("rotate", degrees=30),
        settings_of("crop", min_area=0.5, max_aspect=1.5),
        settings_of("shift", fraction=0.2),
        settings_of("colour", brightness=0.3, contrast=0.2, saturation=0.1, hue=10),
        settings_of("noise", sigma=8),
    ]
    angles = []
    for seed in range(300):
        turn, crop, shift, colour_step, noise = draw_operations(recipe, seed)
        angles.append(turn["degrees"])
        assert abs(turn["degrees"]) <= 30
        assert 0.45 <= crop["width"] * crop["height"] <= 1.0001
        assert 0 <= crop["left"] <= 1 - crop["width"] + 1e-5
        assert 0 <= crop["top"] <= 1 - crop["height"] + 1e-5
        assert max(abs(shift["right"]), abs(shift["down"])) <= 0.2
        assert abs(colour_step["brightness"] - 1) <= 0.3
        assert abs(colour_step["hue"]) <= 10
        assert 0 <= noise["sigma"] <= 8
    assert min(angles) < -25
    assert max(angles) > 25


def test_probability_is_how_often_an_operation_is_applied():
    recipe = [settings_of("horizontal_flip", probability=0.25), settings_of("vertical_flip")]
    share = np.mean([len(draw_operations(recipe, seed)) - 1 for seed in range(2000)])
    assert share == pytest.approx(0.25, abs=0.03)


def test_a_copy_gets_an_operation_even_where_they_are_rare():
    recipe = [settings_of("horizontal_flip", probability=0.05), settings_of("noise", probability=0)]
    for seed in range(200):
        assert draw_operations(recipe, seed) == [{"name": "horizontal_flip"}]


@pytest.mark.parametrize("recipe", [[], [settings_of("noise", probability=0)]])
def test_a_recipe_that_can_draw_nothing_draws_nothing(recipe):
    assert draw_operations(recipe, 0) == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_copy_is_made_again_from_its_record(photo, name):
    drawn = draw_operations([settings_of(name)], seed=5)
    again = json.loads(json.dumps(drawn))
    first = apply_operations(photo, drawn, 64, "crop")
    assert (apply_operations(photo, again, 64, "crop") == first).all()
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    assert (first != apply_operations(photo, [], 64, "crop")).any()


def test_the_same_seed_draws_the_same_operations():
    recipe = [settings_of(name) for name in OPERATIONS]
    assert draw_operations(recipe, 9) == draw_operations(recipe, 9)
    assert draw_operations(recipe, 9) != draw_operations(recipe, 10)


def test_a_crop_is_as_sharp_as_the_photo():
    """A quarter of the photo, scaled to the size of the copy, is not scaled up from less."""
    stripes = np.tile(np.array([[0, 0, 255, 255]], np.uint8), (400, 100))  # two pixels wide
    photo = np.repeat(stripes[:, :, None], 3, axis=2)
    crop = {"name": "crop", "left": 0.25, "top": 0.25, "width": 0.5, "height": 0.5}
    assert magnification([crop]) == pytest.approx(2)
    copy = apply_operations(photo, [crop], 200, "crop")
    assert copy.std() > 0.9 * photo.std()
