"""Augmentation: what is drawn, and that a copy can be made again from its record."""

import json

import numpy as np
import pytest

from augmenting import settings_of, smooth_photo
from zest.augment import OPERATIONS, apply_operations, augment_image, draw_operations
from zest.images import fit


@pytest.fixture
def photo() -> np.ndarray:
    """A little rough, so that every operation shows."""
    return smooth_photo() ^ np.random.default_rng(0).integers(0, 16, (200, 200, 3), np.uint8)


def test_no_operation_gives_the_photo_as_evaluation_sees_it(photo):
    assert (apply_operations(photo, [], 100, "crop") == fit(photo, 100, "crop")).all()


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


RANGES = {
    "scale": ("factor", 0.8, 1.25),
    "brightness": ("factor", 0.8, 1.2),
    "contrast": ("factor", 0.8, 1.2),
    "saturation": ("factor", 0.8, 1.2),
    "sharpness": ("factor", 0.8, 1.2),
    "hue": ("degrees", -10, 10),
    "gamma": ("exponent", 1 / 1.4, 1.4),
    "posterize": ("bits", 4, 7),
    "solarize": ("threshold", 128, 224),
    "blur": ("sigma", 0.1, 1.5),
    "jpeg": ("quality", 40, 90),
    "grid_mask": ("period", 0.43, 1),
}


@pytest.mark.parametrize("name", RANGES)
def test_a_range_of_the_settings_is_drawn_from_one_end_to_the_other(name):
    key, low, high = RANGES[name]
    drawn = [draw_operations([settings_of(name)], seed)[0][key] for seed in range(400)]
    tenth = (high - low) / 10
    assert low - 1e-6 <= min(drawn) <= low + tenth
    assert high - tenth <= max(drawn) <= high + 1e-6


def test_the_corners_of_a_perspective_move_by_up_to_its_distortion_of_the_side():
    recipe = [settings_of("perspective", distortion=0.1)]
    drawn = np.array([draw_operations(recipe, seed)[0]["corners"] for seed in range(400)])
    moved = (drawn - [[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2  # the side is 2 long
    np.testing.assert_allclose(moved.min(axis=0), -0.1, atol=0.005)
    np.testing.assert_allclose(moved.max(axis=0), 0.1, atol=0.005)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_image_that_is_augmented_stays_as_it_is(photo, name):
    before = photo.copy()
    for seed in range(5):
        augment_image(photo, draw_operations([settings_of(name)], seed), 200)
    assert (photo == before).all()


def test_what_erases_comes_after_everything_else_and_what_moves_pixels_before(photo):
    hole = {"name": "cutout", "size": 0.5, "centres": [[0.5, 0.5]], "fill": [90, 9, 9]}
    bright = {"name": "brightness", "factor": 1.5}
    turned = {"name": "rotate", "degrees": 45}
    copy = apply_operations(photo, [hole, bright, turned], 100, "crop")
    assert (copy == apply_operations(photo, [turned, bright, hole], 100, "crop")).all()
    assert (copy[25:75, 25:75] == [90, 9, 9]).all()
    assert (copy[:25] != [90, 9, 9]).any(axis=2).all()
