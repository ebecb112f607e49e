"""What changes the values of pixels: each operation agrees with Pillow, or with its formula."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from augmenting import applied, smooth_photo
from zest.augment import apply_operations, augment_image


@pytest.fixture
def photo() -> np.ndarray:
    return smooth_photo()


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


def test_noise_is_normal_with_the_standard_deviation_that_was_drawn():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = apply_operations(grey, [{"name": "noise", "sigma": 10, "seed": 1}], 200, "crop")
    assert noisy.std() == pytest.approx(10, rel=0.02)
    assert noisy.mean() == pytest.approx(128, abs=0.2)
    for sigmas, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):  # half of the value at the bound
        within = (np.abs(noisy - 128.0) < 10 * sigmas).mean() / 2
        within += (np.abs(noisy - 128.0) <= 10 * sigmas).mean() / 2
        assert within == pytest.approx(share, abs=0.005)
    assert abs(np.corrcoef(noisy[:, :-1].ravel(), noisy[:, 1:].ravel())[0, 1]) < 0.02


def photos() -> list[np.ndarray]:
    """Many values, few, two, one: where a histogram is stretched or spread, each is a case."""
    rng = np.random.default_rng(0)
    many = cv2.resize(rng.integers(0, 256, (9, 7, 3), np.uint8), (64, 64))
    return [
        smooth_photo()[40:104, 10:74],
        many,
        many // 5 + 90,
        np.where(many > 128, 200, 60).astype(np.uint8),
        np.full((64, 64, 3), (0, 77, 255), np.uint8),
    ]


def changed(image: np.ndarray, name: str, **parameters) -> np.ndarray:
    return augment_image(image, [{"name": name, **parameters}], image.shape[0])


def difference(image: np.ndarray, pillow: Image.Image, name: str, **parameters) -> int:
    """Return the largest difference of what we make of an image from what Pillow made."""
    ours = changed(image, name, **parameters).astype(int)
    return int(np.abs(ours - np.asarray(pillow)).max())


@pytest.mark.parametrize("image", photos(), ids=["smooth", "many", "few", "two", "one"])
def test_histogram_operations_are_exactly_those_of_pillow(image):
    pillow = Image.fromarray(image)
    assert difference(image, ImageOps.equalize(pillow), "equalize") == 0
    for cutoff in (0, 2, 20.5):
        assert (
            difference(image, ImageOps.autocontrast(pillow, cutoff), "autocontrast", cutoff=cutoff)
            == 0
        )
    for bits in range(1, 9):
        assert difference(image, ImageOps.posterize(pillow, bits), "posterize", bits=bits) == 0
    for threshold in (0, 1, 100, 128, 255, 256):
        expected = ImageOps.solarize(pillow, threshold)
        assert difference(image, expected, "solarize", threshold=threshold) == 0


@pytest.mark.parametrize("image", photos(), ids=["smooth", "many", "few", "two", "one"])
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.3, 1.9])
@pytest.mark.parametrize(
    ("name", "enhancer", "tolerance"),
    [
        ("brightness", ImageEnhance.Brightness, 1),
        ("contrast", ImageEnhance.Contrast, 1),
        ("saturation", ImageEnhance.Color, 2),
        ("sharpness", ImageEnhance.Sharpness, 2),
    ],
)
def test_factors_are_those_of_pillow_but_for_rounding(image, factor, name, enhancer, tolerance):
    expected = enhancer(Image.fromarray(image)).enhance(factor)
    assert difference(image, expected, name, factor=factor) <= tolerance


def test_single_operations_are_those_of_colour(photo):
    for name in ("brightness", "contrast", "saturation"):
        single = applied(photo, {"name": name, "factor": 1.3})
        assert np.abs(single - applied(photo, colour(**{name: 1.3}))).max() <= 1
    single = applied(photo, {"name": "hue", "degrees": 30})
    assert np.abs(single - applied(photo, colour(hue=30))).max() <= 1


def test_gamma_raises_values_to_a_power_and_keeps_black_and_white():
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 256, 3))
    found = changed(ramp, "gamma", exponent=2.0)[:, 0, 0]
    np.testing.assert_allclose(found, 255 * (np.arange(256) / 255) ** 2, atol=0.5)
    assert (found[0], found[255]) == (0, 255)


def test_grey_is_the_luma_in_all_channels(photo):
    expected = np.asarray(Image.fromarray(photo).convert("L").convert("RGB")).astype(int)
    assert np.abs(changed(photo, "grey") - expected).max() <= 1


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4.0])
def test_blur_spreads_a_point_as_a_gaussian(sigma):
    point = np.zeros((65, 65, 3), np.uint8)
    point[32, 32] = 255
    away = np.arange(65) - 32
    bell = np.exp(-(away**2) / (2 * sigma**2))
    expected = 255 * np.outer(bell, bell) / bell.sum() ** 2
    assert np.abs(changed(point, "blur", sigma=sigma)[..., 1] - expected).max() <= 1.5


def test_jpeg_leaves_what_pillow_leaves(photo):
    """The same encoder by another way: the same artefacts, give or take the decoder's rounding."""
    noisy = apply_operations(photo, [{"name": "noise", "sigma": 20, "seed": 1}], 200, "crop")
    for quality in (10, 50, 95):
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG", quality=quality)
        theirs = np.asarray(Image.open(buffer)).astype(int)
        ours = changed(noisy, "jpeg", quality=quality).astype(int)
        assert np.abs(ours - theirs).mean() < 1
        assert np.abs(ours - noisy).mean() > 1


def test_a_lower_quality_loses_more(photo):
    noisy = apply_operations(photo, [{"name": "noise", "sigma": 20, "seed": 1}], 200, "crop")
    lost = [
        np.abs(changed(noisy, "jpeg", quality=quality).astype(int) - noisy).mean()
        for quality in (90, 50, 10)
    ]
    assert lost == sorted(lost)


def test_sharpness_above_1_sharpens_and_below_1_smooths(photo):
    noisy = apply_operations(photo, [{"name": "noise", "sigma": 10, "seed": 1}], 200, "crop")

    def roughness(factor: float) -> float:
        sharpened = Image.fromarray(changed(noisy, "sharpness", factor=factor))
        return float(np.asarray(sharpened.convert("L").filter(ImageFilter.FIND_EDGES)).mean())

    assert roughness(0.2) < roughness(1.0) < roughness(1.8)
