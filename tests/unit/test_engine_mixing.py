"""MixUp and CutMix: where each pixel comes from, and that the labels say so."""

import numpy as np
import pytest

from zest.engine.mixing import mix_batch

OFF = {"mixup": 0.0, "cutmix": 0.0, "mix_probability": 1.0}
B, SIZE = 8, 20


def batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image i is i everywhere, its label is class i, and its teacher class B - 1 - i."""
    images = np.broadcast_to(
        np.arange(B, dtype=np.float32)[:, None, None, None], (B, 3, SIZE, SIZE)
    )
    labels = np.eye(B, dtype=np.float32)
    return images.copy(), labels, labels[::-1].copy()


def mixed(seed: int, **settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images, targets, teacher = mix_batch(*batch(), {**OFF, **settings}, np.random.default_rng(seed))
    assert teacher is not None
    return images, targets, teacher


def is_pasted(images: np.ndarray) -> bool:
    """Tell whether all pixels are whole numbers, so none is blended."""
    return bool((images == images.round()).all())


@pytest.mark.parametrize("seed", range(5))
def test_mixup_blends_images_labels_and_teacher_in_one_proportion(seed):
    images, targets, teacher = mixed(seed, mixup=0.4)
    own = targets.diagonal()  # 1 for an image that is its own partner, else lambda
    np.testing.assert_allclose(own[own < 0.9999], own.min(), rtol=1e-5)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(targets.sum(axis=0), 1, rtol=1e-6)  # each is a partner once
    values = targets @ np.arange(B)
    assert np.abs(images - values[:, None, None, None]).max() < 1e-5
    np.testing.assert_allclose(teacher, targets[:, ::-1], rtol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_cutmix_takes_one_rectangle_and_labels_are_the_shares_of_the_pixels(seed):
    images, targets, teacher = mixed(seed, cutmix=1.0)
    assert is_pasted(images)
    for i, (image, target) in enumerate(zip(images, targets, strict=True)):
        for k in range(B):
            assert target[k] == pytest.approx((image == k).mean(), abs=1e-6)
        rows, columns = np.nonzero(image[0] != i)
        if len(rows):
            box = image[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert (box == box[0, 0, 0]).all()
            assert box[0].size == len(rows)
    np.testing.assert_allclose(teacher, targets[:, ::-1], rtol=1e-6)


def test_the_proportion_of_mixup_is_beta_distributed():
    shares = np.concatenate([mixed(seed, mixup=0.5)[1].diagonal()[:1] for seed in range(2000)])
    shares = shares[shares < 0.9999]  # an image that is its own partner tells nothing
    # Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2 a + 1)).
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / 8, abs=0.012)


def test_the_rectangle_of_cutmix_lies_anywhere_and_has_the_area_of_its_proportion():
    taken = np.array(
        [(mixed(seed, cutmix=1.0)[0] != batch()[0])[:, 0].any(0) for seed in range(2000)]
    )
    assert taken.mean(axis=0).min() > 0.1  # every corner is reached
    # With lambda uniform the side s has the density 2 s, and the border leaves s - s**2 / 4 of it.
    area = 2 * (1 / 4 - 1 / 10 + 1 / 96)  # the integral of 2 s (s - s**2 / 4)**2
    assert taken.mean() == pytest.approx(area, abs=0.02)


def test_with_both_each_takes_half_of_the_batches():
    kinds = [is_pasted(mixed(seed, mixup=1.0, cutmix=1.0)[0]) for seed in range(600)]
    assert np.mean(kinds) == pytest.approx(0.5, abs=0.07)


def test_the_share_of_mixed_batches_is_the_mix_probability():
    kept = 0
    for seed in range(600):
        given = batch()
        found = mix_batch(
            *given, {**OFF, "mixup": 1.0, "mix_probability": 0.3}, np.random.default_rng(seed)
        )
        same = [one is other for one, other in zip(found, given, strict=True)]
        assert len(set(same)) == 1
        kept += same[0]
    assert kept / 600 == pytest.approx(0.7, abs=0.06)


@pytest.mark.parametrize("settings", [{}, {"mixup": 1.0, "cutmix": 1.0, "mix_probability": 0.0}])
def test_without_mixing_the_very_same_arrays_come_back(settings):
    given = batch()
    found = mix_batch(*given, {**OFF, **settings}, np.random.default_rng(0))
    assert all(one is other for one, other in zip(found, given, strict=True))


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_what_was_given_is_left_as_it_was_and_a_teacher_is_optional(kind):
    images, targets, _ = batch()
    found = mix_batch(images, targets, None, {**OFF, kind: 1.0}, np.random.default_rng(1))
    assert found[2] is None
    assert found[0].dtype == found[1].dtype == np.float32
    assert (images == batch()[0]).all()
    assert (targets == batch()[1]).all()


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_the_same_random_numbers_give_the_same_batch(kind):
    first, again, other = (mixed(seed, **{kind: 1.0})[0] for seed in (5, 5, 6))
    assert (first == again).all()
    assert (first != other).any()
