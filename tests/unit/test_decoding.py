"""Ordered classes: thresholds of the expected grade, fitted to some photos, judged on others."""

import itertools

import numpy as np
import pytest
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from evaluation.ordered import judge_decodings
from zest.decoding import (
    expected_grades,
    fit_thresholds,
    grade,
    natural_thresholds,
)
from zest.metrics import confusion_matrix, quadratic_weighted_kappa
from zest.nested import Nested


def kappa(labels, predicted, classes):
    return quadratic_weighted_kappa(confusion_matrix(labels, predicted, classes))


def graded(photos: int, shift: float = 0.0, seed: int = 0):
    """Photos of four grades; the model sees each `shift` too high."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, photos)
    seen = labels + shift + 0.6 * rng.normal(size=photos)
    distances = (seen[:, None] - np.arange(4)) ** 2
    return labels, softmax(-2 * distances, axis=1)


def test_however_many_threads_there_are_the_expected_grades_have_the_same_bytes():
    probabilities, found = np.random.default_rng(0).dirichlet(np.ones(30), 20000), set()
    for threads in (1, 2, 3, 4):
        with threadpool_limits(threads):
            found.add(expected_grades(probabilities).tobytes())
    assert len(found) == 1


def test_rounding_the_expected_grade_gives_the_least_expected_squared_distance():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 200)
    steps = np.arange(5)
    cost = probabilities @ (steps[:, None] - steps[None]) ** 2
    found = grade(expected_grades(probabilities), natural_thresholds(5))
    np.testing.assert_array_equal(found, cost.argmin(axis=1))


@pytest.mark.parametrize("seed", range(6))
def test_thresholds_are_the_best_of_all(seed):
    """Against every choice of two thresholds between 18 photos that the grades order roughly."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 18)
    expected = (labels + 0.7 * rng.normal(size=18)).round(1)
    cuts = np.concatenate([[-9], np.unique(expected) + 0.05])
    best = max(
        kappa(labels, grade(expected, np.array(pair)), 3)
        for pair in itertools.combinations_with_replacement(cuts, 2)
    )
    found = fit_thresholds(labels, expected, 3)
    assert (np.diff(found) >= 0).all()
    assert kappa(labels, grade(expected, found), 3) == pytest.approx(best, abs=1e-9)
    natural = kappa(labels, grade(expected, natural_thresholds(3)), 3)
    assert kappa(labels, grade(expected, found), 3) >= natural


def test_thresholds_undo_a_bias_of_the_model():
    labels, probabilities = graded(2000, shift=0.5)
    found = fit_thresholds(labels, expected_grades(probabilities), 4)
    assert (found > natural_thresholds(4) + 0.15).all()


def test_photos_that_all_look_alike_keep_the_natural_thresholds():
    found = fit_thresholds(np.array([0, 1, 2]), np.ones(3), 3)
    np.testing.assert_array_equal(found, natural_thresholds(3))


def test_a_threshold_may_lie_below_all_photos():
    labels, expected = np.array([1, 1, 1, 2]), np.array([0.2, 0.3, 0.4, 1.6])
    assert kappa(labels, grade(expected, fit_thresholds(labels, expected, 3)), 3) == 1


def judged(labels, probabilities):
    photos = np.arange(len(labels))
    return judge_decodings(Nested(labels, probabilities, photos % 5, photos, 0.95, 300, 0))


def test_a_biased_model_gains_by_thresholds_and_a_good_one_does_not():
    biased = judged(*graded(400, shift=0.5))
    assert biased.gains["thresholds"]["quadratic_weighted_kappa"].low > 0
    good = judged(*graded(400)).gains["thresholds"]["quadratic_weighted_kappa"]
    assert good.low < 0
    assert abs(good.value) < 0.02


def test_the_gain_is_of_photos_that_the_thresholds_were_not_fitted_to():
    labels, probabilities = graded(60, shift=0.3)
    expected, parts = expected_grades(probabilities), np.arange(60) % 5
    nested = np.empty(60, int)
    for part in range(5):
        fitted = fit_thresholds(labels[parts != part], expected[parts != part], 4)
        nested[parts == part] = grade(expected[parts == part], fitted)
    likeliest = probabilities.argmax(axis=1)
    gains = judged(labels, probabilities).gains["thresholds"]
    gain = kappa(labels, nested, 4) - kappa(labels, likeliest, 4)
    assert gains["quadratic_weighted_kappa"].value == pytest.approx(gain)
    gain = (nested == labels).mean() - (likeliest == labels).mean()
    assert gains["accuracy"].value == pytest.approx(gain)
