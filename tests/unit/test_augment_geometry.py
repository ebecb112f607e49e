"""What moves pixels: each operation, their order in one resampling, and what comes from outside."""

import cv2
import numpy as np
import pytest

from augmenting import applied, close, settings_of, smooth_photo
from zest.augment import apply_operations, augment_image, draw_operations, magnification
from zest.images import fit


@pytest.fixture
def photo() -> np.ndarray:
    return smooth_photo()


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


def test_a_crop_that_is_flipped_is_the_flip_of_the_crop(photo):
    crop = {"name": "crop", "left": 0.13, "top": 0.27, "width": 0.5, "height": 0.6}
    for name, flipped in (
        ("horizontal_flip", np.s_[:, ::-1]),
        ("vertical_flip", np.s_[::-1]),
    ):
        assert (applied(photo, crop, {"name": name}) == applied(photo, crop)[flipped]).all()


def test_a_crop_is_the_same_with_a_turn_that_can_hardly_be_seen(photo):
    """Resized by itself, resampled with the turn: half a pixel of the photo apart at the most."""
    crop = {"name": "crop", "left": 0.131, "top": 0.273, "width": 0.61, "height": 0.57}
    turn = {"name": "rotate", "degrees": 0.001}
    assert close(applied(photo, crop), applied(photo, crop, turn), 3)


def test_a_shift_moves_the_content(photo):
    moved = applied(photo, {"name": "shift", "right": 0.1, "down": -0.2})
    assert close(moved[:80, 10:], applied(photo)[20:, :90])


def test_geometric_operations_follow_each_other_in_order(photo):
    flip, turn = {"name": "horizontal_flip"}, {"name": "quarter_turn", "quarters": 1}
    assert close(applied(photo, flip, turn), np.rot90(applied(photo)[:, ::-1]))
    assert close(applied(photo, turn, flip), np.rot90(applied(photo))[:, ::-1])


def test_a_crop_is_as_sharp_as_the_photo():
    """A quarter of the photo, scaled to the size of the copy, is not scaled up from less."""
    stripes = np.tile(np.array([[0, 0, 255, 255]], np.uint8), (400, 100))  # two pixels wide
    photo = np.repeat(stripes[:, :, None], 3, axis=2)
    crop = {"name": "crop", "left": 0.25, "top": 0.25, "width": 0.5, "height": 0.5}
    assert magnification([crop]) == pytest.approx(2)
    copy = apply_operations(photo, [crop], 200, "crop")
    assert copy.std() > 0.9 * photo.std()


FLIPS = {
    "horizontal_flip": ({"name": "horizontal_flip"}, lambda image: image[:, ::-1]),
    "vertical_flip": ({"name": "vertical_flip"}, lambda image: image[::-1]),
    **{
        f"quarter_turn {n}": (
            {"name": "quarter_turn", "quarters": n},
            lambda image, n=n: np.rot90(image, n),
        )
        for n in (1, 2, 3)
    },
}


@pytest.mark.parametrize("first", FLIPS)
@pytest.mark.parametrize("second", FLIPS)
def test_flips_and_quarter_turns_of_an_image_of_the_size_of_the_copy_are_exact(first, second):
    image = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    (one, turn_one), (two, turn_two) = FLIPS[first], FLIPS[second]
    assert (augment_image(image, [one], 50) == turn_one(image)).all()
    assert (augment_image(image, [one, two], 50) == turn_two(turn_one(image))).all()


def test_a_scale_of_two_shows_the_middle_half(photo):
    doubled = applied(photo, {"name": "scale", "factor": 2})
    assert close(doubled, fit(photo[50:150, 50:150], 100).astype(int), 4)


def test_a_scale_of_a_half_shows_the_whole_photo_in_the_middle(photo):
    halved = applied(photo, {"name": "scale", "factor": 0.5})
    assert close(halved[25:75, 25:75], fit(photo, 50).astype(int))


def test_a_shear_moves_each_row_or_column_by_its_distance_from_the_centre(photo):
    plain = applied(photo)
    for key, view in (
        ("horizontal", lambda image: image),
        ("vertical", lambda i: i.swapaxes(0, 1)),
    ):
        step = {"name": "shear", "horizontal": 0, "vertical": 0, key: 0.4}
        sheared, straight = view(applied(photo, step)), view(plain)
        # A quarter of the height above the centre it is 0.4 * 25 pixels, to the other side below.
        assert np.abs(sheared[24, 20:80] - straight[24, 10:70]).max() <= 3
        assert np.abs(sheared[74, 20:80] - straight[74, 30:90]).max() <= 3


SQUARE = [[-1, -1], [1, -1], [1, 1], [-1, 1]]


def perspective(corners) -> dict:
    return {"name": "perspective", "corners": corners}


def test_the_corners_of_a_perspective_come_from_where_the_record_says(photo):
    corners = [[-0.8, -0.9], [0.7, -0.6], [0.9, 0.8], [-0.5, 0.6]]
    copy = applied(photo, perspective(corners))
    for (x, y), (row, column) in zip(corners, [(0, 0), (0, 99), (99, 99), (99, 0)], strict=True):
        there = photo[round((y + 1) * 100 - 0.5), round((x + 1) * 100 - 0.5)].astype(int)
        assert np.abs(copy[row, column] - there).max() <= 5


def test_a_perspective_of_a_smaller_square_is_a_crop(photo):
    middle = [[x / 2, y / 2] for x, y in SQUARE]
    assert close(
        applied(photo, perspective(middle)), applied(photo, {"name": "scale", "factor": 2})
    )
    assert magnification([perspective(middle)]) == pytest.approx(2)


def test_a_perspective_keeps_straight_lines_straight():
    """A line that is drawn on the photo stays one; equal distances on it do not stay equal."""
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[:, 198:202] = 255
    corners = [[-1.2, -0.8], [0.8, -1], [1, 1.2], [-0.8, 0.7]]
    lit = apply_operations(photo, [perspective(corners)], 200, "crop")[..., 0].astype(float)
    columns = (lit * np.arange(200)).sum(axis=1) / lit.sum(axis=1)
    bend = columns - np.polyval(np.polyfit(np.arange(200), columns, 1), np.arange(200))
    assert np.abs(bend).max() < 0.5
    assert np.ptp(columns) > 5


def test_the_corner_that_a_perspective_magnifies_most_says_how_large_the_photo_must_be():
    corners = [[-0.5, -0.6], [1.1, -0.9], [1, 1], [-1.2, 0.8]]
    there = cv2.getPerspectiveTransform(np.float32(SQUARE), np.float32(corners))
    shares = []
    for x, y in SQUARE:  # how large a small square at each corner is in the photo
        small = np.array([[[x, y], [x + 1e-3, y], [x, y + 1e-3]]])
        (origin, right, down) = cv2.perspectiveTransform(small, there)[0]
        shares.append(abs(np.linalg.det([right - origin, down - origin])) / 1e-6)
    assert max(shares) > 2 * min(shares)
    expected = 1 / np.sqrt(min(shares))
    assert magnification([perspective(corners)]) == pytest.approx(expected, rel=0.01)


def test_a_perspective_and_other_operations_follow_each_other_in_order(photo):
    bent = perspective([[-0.8, -0.9], [0.7, -0.6], [0.9, 0.8], [-0.5, 0.6]])
    flip = {"name": "horizontal_flip"}
    assert close(applied(photo, bent, flip), applied(photo, bent)[:, ::-1])
    half = {"name": "crop", "left": 0, "top": 0, "width": 1, "height": 0.5}
    assert not close(applied(photo, half, bent), applied(photo, bent, half), 10)


# What comes from outside: the photo is moved to the right by a quarter.


def moved(photo: np.ndarray, **fill) -> np.ndarray:
    return applied(photo, {"name": "shift", "right": 0.25, "down": 0, **fill})


def test_without_a_fill_the_photo_is_mirrored_at_its_border(photo):
    copy = moved(photo)
    assert close(copy[:, :25], copy[:, 49:24:-1], 12)
    assert (copy == moved(photo, fill="reflect")).all()


def test_the_edge_is_drawn_out(photo):
    copy = moved(photo, fill="edge")
    assert np.ptp(copy[:, :24], axis=1).max() <= 1
    assert np.abs(copy[:, 10] - applied(photo)[:, 0]).max() <= 4


def test_the_mean_colour_of_the_border_is_put_in(photo):
    border = np.concatenate([photo[0], photo[-1], photo[1:-1, 0], photo[1:-1, -1]]).mean(axis=0)
    assert np.abs(moved(photo, fill="mean")[:, :24] - border).max() <= 2


def test_a_colour_is_put_in_as_it_is(photo):
    assert (moved(photo, fill=[255, 0, 7])[:, :24] == [255, 0, 7]).all()


@pytest.mark.parametrize("fill", ["edge", "mean", [255, 0, 7]])
def test_the_fill_of_the_recipe_is_recorded_with_what_moves_pixels(fill):
    recipe = [settings_of(name) for name in ("rotate", "blur", "aug_mix")]
    for seed in range(20):
        turn, blur, mix = draw_operations(recipe, seed, fill)
        assert turn["fill"] == fill
        assert "fill" not in blur
        steps = [step for chain in mix["chains"] for step in chain["steps"]]
        assert all(("fill" in s) == (s["name"] in ("rotate", "shift", "shear")) for s in steps)


def test_the_fill_changes_nothing_else_of_what_is_drawn():
    recipe = [settings_of("rotate"), settings_of("shift"), settings_of("noise")]
    plain = draw_operations(recipe, 3)
    assert not any("fill" in step for step in plain)
    filled = draw_operations(recipe, 3, "edge")
    assert [{k: v for k, v in step.items() if k != "fill"} for step in filled] == plain


def test_a_perspective_is_filled_as_the_others_are(photo):
    wide = [[x * 1.4, y * 1.4] for x, y in SQUARE]
    copy = applied(photo, {**perspective(wide), "fill": [255, 0, 7]})
    assert (copy[0] == [255, 0, 7]).all()
