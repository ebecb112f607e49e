"""What erases: where the holes are, how large, and what is put in them."""

import numpy as np
import pytest

from augmenting import settings_of, smooth_photo
from zest.augment import augment_image, draw_operations


@pytest.fixture
def photo() -> np.ndarray:
    return smooth_photo()


BLACK = [0, 0, 0]  # the photo has no black


def erased(photo: np.ndarray, step: dict) -> np.ndarray:
    """Where the photo is hidden: bool (height, width); the rest of it must be as it was."""
    found = augment_image(photo, [step], photo.shape[0])
    hidden = (found == 0).all(axis=2)
    assert (found[~hidden] == photo[~hidden]).all()
    return hidden


def drawn(name: str, count: int = 300, **changes) -> list[dict]:
    recipe = [settings_of(name, **{"fill": BLACK, **changes})]
    return [draw_operations(recipe, seed)[0] for seed in range(count)]


# Cutout


def test_the_hole_of_cutout_is_a_square_of_the_stated_size_around_its_centre(photo):
    hidden = erased(photo, {"name": "cutout", "size": 0.3, "centres": [[0.5, 0.4]], "fill": BLACK})
    expected = np.zeros((200, 200), bool)
    expected[50:110, 70:130] = True
    assert (hidden == expected).all()


def test_the_hole_of_cutout_may_reach_over_the_border(photo):
    hidden = erased(photo, {"name": "cutout", "size": 0.3, "centres": [[0, 1]], "fill": BLACK})
    assert hidden.sum() == 30 * 30
    assert hidden[170:, :30].all()


def test_cutout_has_so_many_holes_with_centres_anywhere_in_the_image():
    steps = drawn("cutout", holes=3)
    centres = np.array([step["centres"] for step in steps])
    assert centres.shape == (300, 3, 2)
    assert centres.min() < 0.02
    assert centres.max() > 0.98
    assert centres.mean() == pytest.approx(0.5, abs=0.02)


# Random erasing


def test_random_erasing_hides_one_rectangle_within_the_image(photo):
    for step in drawn("random_erasing"):
        hidden = erased(photo, step)
        rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
        assert hidden.sum() == len(rows) * len(columns)
        assert np.ptp(rows) == len(rows) - 1
        assert hidden.mean() == pytest.approx(step["width"] * step["height"], abs=0.01)


def test_the_rectangle_has_an_area_and_a_ratio_of_the_sides_from_the_settings():
    steps = drawn("random_erasing", count=2000, min_area=0.1, max_area=0.3, max_aspect=2)
    areas = np.array([step["width"] * step["height"] for step in steps])
    ratios = np.array([step["height"] / step["width"] for step in steps])
    assert 0.0999 <= areas.min() < 0.105
    assert 0.295 < areas.max() <= 0.3001
    assert areas.mean() == pytest.approx(0.2, abs=0.01)
    assert 0.4999 <= ratios.min() < 0.52
    assert 1.95 < ratios.max() <= 2.0001
    lefts = np.array([step["left"] / (1 - step["width"]) for step in steps])
    assert lefts.mean() == pytest.approx(0.5, abs=0.03)


def test_a_rectangle_as_large_as_the_image_can_be_drawn(photo):
    step = drawn("random_erasing", count=1, min_area=1, max_area=1)[0]
    assert erased(photo, step).all()


# Hide and seek


def test_hide_and_seek_hides_whole_patches_of_its_grid(photo):
    hidden = erased(photo, {"name": "hide_and_seek", "grid": 4, "hidden": [1, 8], "fill": BLACK})
    patches = hidden.reshape(4, 50, 4, 50).mean(axis=(1, 3))
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[2, 0] = 1
    assert (patches == expected).all()


def test_a_grid_that_does_not_divide_the_image_still_covers_it(photo):
    step = {"name": "hide_and_seek", "grid": 7, "hidden": list(range(49)), "fill": BLACK}
    assert erased(photo, step).all()


def test_each_patch_is_hidden_with_the_stated_probability():
    steps = drawn("hide_and_seek", grid=5, hidden=0.3)
    counts = np.bincount([n for step in steps for n in step["hidden"]], minlength=25)
    assert len(counts) == 25
    np.testing.assert_allclose(counts / len(steps), 0.3, atol=0.1)
    assert counts.mean() / len(steps) == pytest.approx(0.3, abs=0.02)


# GridMask


def test_grid_mask_is_a_lattice_of_squares(photo):
    step = {"name": "grid_mask", "period": 0.2, "ratio": 0.6, "right": 0.25, "down": 0.5}
    hidden = erased(photo, {**step, "fill": BLACK})
    x = np.arange(200)
    columns, rows = (x - 10) % 40 < 16, (x - 20) % 40 < 16
    assert (hidden == rows[:, None] & columns).all()


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.8])
def test_grid_mask_keeps_its_ratio_of_the_image(photo, ratio):
    kept = [1 - erased(photo, step).mean() for step in drawn("grid_mask", ratio=ratio)]
    assert np.mean(kept) == pytest.approx(1 - (1 - ratio) ** 2, abs=0.02)


# What is put in.


def hole_of(photo: np.ndarray, fill: str | list[int], **more) -> np.ndarray:
    step = {"name": "cutout", "size": 0.5, "centres": [[0.5, 0.5]], "fill": fill, **more}
    return augment_image(photo, [step], 200)[50:150, 50:150]


def test_a_hole_has_the_mean_colour_of_the_image_or_the_colour_of_the_settings(photo):
    assert np.abs(hole_of(photo, "mean") - photo.mean(axis=(0, 1))).max() <= 0.51
    assert (hole_of(photo, [255, 1, 7]) == [255, 1, 7]).all()


def test_noise_has_every_value_as_often_as_the_others_and_is_that_of_the_record(photo):
    noise = hole_of(photo, "noise", seed=3)
    assert (noise == hole_of(photo, "noise", seed=3)).all()
    assert (noise != hole_of(photo, "noise", seed=4)).any()
    counts = np.bincount(noise.ravel(), minlength=256)
    assert counts.min() > 70
    assert counts.max() < 170


@pytest.mark.parametrize("name", ["cutout", "random_erasing", "hide_and_seek", "grid_mask"])
@pytest.mark.parametrize("fill", ["mean", "noise", [1, 2, 3]])
def test_every_eraser_records_what_it_puts_in(photo, name, fill):
    for step in drawn(name, count=20, fill=fill):
        assert step["fill"] == fill
        assert ("seed" in step) == (fill == "noise")
