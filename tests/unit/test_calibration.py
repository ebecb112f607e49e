"""Temperatures: fitted to some photos, judged on others."""

import numpy as np
import pytest
from scipy.special import softmax

from evaluation.calibration import at_temperature, calibrate, draw_reliability, fit_temperature
from zest.metrics import photo_log_losses
from zest.nested import Nested, nested_folds


def predictions(sharpness: float, photos: int = 600, seed: int = 0):
    """Labels drawn from the true probabilities, and a model that is `sharpness` times as sure."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(photos, 4))
    true = softmax(logits, axis=1)
    labels = (true.cumsum(axis=1) < rng.random((photos, 1))).sum(axis=1).clip(max=3)
    return labels, softmax(sharpness * logits, axis=1)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_what_a_model_is_too_sure_or_too_unsure(sharpness):
    assert fit_temperature(*predictions(sharpness, 5000)) == pytest.approx(sharpness, rel=0.1)


def test_a_temperature_divides_the_logits_and_keeps_the_order():
    logits = np.random.default_rng(0).normal(size=(20, 5))
    found = at_temperature(softmax(logits, axis=1), 2.5)
    np.testing.assert_allclose(found, softmax(logits / 2.5, axis=1), atol=1e-12)
    assert (found.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_a_temperature_of_1_changes_nothing_not_even_for_a_class_that_was_ruled_out():
    labels, probabilities = np.array([1, 0]), np.array([[1.0, 0.0], [0.3, 0.7]])
    np.testing.assert_allclose(
        photo_log_losses(labels, at_temperature(probabilities, 1)),
        photo_log_losses(labels, probabilities),
    )


def test_a_class_that_was_ruled_out_stays_possible():
    heated = at_temperature(np.array([[1.0, 0.0]]), 3)
    assert np.isfinite(photo_log_losses(np.array([1]), heated)).all()
    assert heated.sum() == pytest.approx(1)


def found_of(labels, probabilities, parts=None, groups=None):
    photos = np.arange(len(labels))
    parts = photos % 3 if parts is None else parts
    groups = photos if groups is None else groups
    return calibrate(Nested(labels, probabilities, parts, groups, 0.95, 300, 0))


def test_a_model_that_is_too_sure_gains_and_a_calibrated_one_does_not():
    found = found_of(*predictions(3.0))
    assert found.gain.low > 0.1
    assert found.error_after < 0.5 * found.error_before
    assert found_of(*predictions(1.0)).gain.low < 0


def test_the_gain_is_of_photos_that_the_temperature_was_not_fitted_to():
    labels, probabilities = predictions(1.0, 60)
    folds = np.arange(60) % 3
    heated = np.empty_like(probabilities)
    for fold in range(3):
        temperature = fit_temperature(labels[folds != fold], probabilities[folds != fold])
        heated[folds == fold] = at_temperature(probabilities[folds == fold], temperature)
    expected = photo_log_losses(labels, probabilities) - photo_log_losses(labels, heated)
    assert found_of(labels, probabilities, folds).gain.value == pytest.approx(expected.mean())


def test_where_one_fold_is_trained_its_photos_are_divided_and_groups_are_whole():
    labels, groups = np.arange(200) % 4, np.arange(200) // 8
    parts = nested_folds(labels, np.zeros(200, int), groups, 0)
    assert set(parts) == set(range(5))
    assert all(len(set(parts[groups == group])) == 1 for group in range(25))
    trained = np.arange(200) % 3
    assert nested_folds(labels, trained, groups, 0) is trained


def test_photos_that_stand_alone_are_divided_by_class():
    labels = np.arange(200) % 4
    parts = nested_folds(labels, np.zeros(200, int), np.arange(200), 0)
    for part in range(5):
        assert np.bincount(labels[parts == part]).tolist() == [10] * 4


def test_the_temperature_has_the_least_log_loss_where_classes_were_ruled_out():
    labels, probabilities = predictions(0.4, 3000)
    probabilities[:20] = np.eye(4)[(labels[:20] + 1) % 4]
    found = fit_temperature(labels, probabilities)
    at, near = (
        [photo_log_losses(labels, at_temperature(probabilities, one)).mean() for one in tried]
        for tried in ([found], found * np.array([0.5, 0.9, 0.99, 1.01, 1.1, 2.0]))
    )
    assert at[0] < min(near)


def test_one_group_cannot_be_divided():
    assert nested_folds(np.arange(8) % 2, np.zeros(8, int), np.zeros(8, int), 0) is None


def test_the_reliability_diagram_has_a_dot_for_each_bin_at_its_share_of_right_photos():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.45, 0.55]])
    axes = draw_reliability(np.array([0, 1, 0, 1]), probabilities, "test").axes[0]
    dots = axes.collections[0].get_offsets().data
    np.testing.assert_allclose(dots, [[0.575, 1.0], [0.9, 0.5]])
