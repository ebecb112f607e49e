"""The scores agree with scikit-learn, and their intervals hold what they promise."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from zest.metrics import (
    accuracy,
    confusion_matrix,
    macro_f1,
    per_class_scores,
    photo_log_losses,
    quadratic_weighted_kappa,
    score_all,
    wilson_interval,
)


def random_case(seed: int):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 9))
    labels = rng.integers(0, classes, int(rng.integers(classes * 3, 200)))
    labels[:classes] = np.arange(classes)
    probabilities = rng.dirichlet(np.ones(classes), len(labels))
    return labels, probabilities


@pytest.mark.parametrize("seed", range(20))
def test_scores_agree_with_scikit_learn(seed):
    labels, probabilities = random_case(seed)
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(labels, predicted, probabilities.shape[1])
    assert (counts == reference.confusion_matrix(labels, predicted)).all()
    assert accuracy(counts) == pytest.approx(reference.accuracy_score(labels, predicted), abs=1e-12)
    expected = reference.f1_score(labels, predicted, average="macro", zero_division=0)
    assert macro_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.cohen_kappa_score(labels, predicted, weights="quadratic")
    assert quadratic_weighted_kappa(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.log_loss(labels, probabilities)
    assert photo_log_losses(labels, probabilities).mean() == pytest.approx(expected, abs=1e-9)
    expected = reference.precision_recall_fscore_support(labels, predicted, zero_division=0)
    found = per_class_scores(counts)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(found[name], values, atol=1e-12)


def test_kappa_of_one_single_class_is_zero():
    assert quadratic_weighted_kappa(np.array([[5, 0], [0, 0]])) == 0


def test_a_class_ruled_out_costs_a_finite_log_loss():
    losses = photo_log_losses(np.array([1]), np.array([[1.0, 0.0]]))
    assert losses == pytest.approx([-np.log(1e-15)])


def test_wilsons_interval_is_that_of_the_literature():
    # Newcombe 1998, table I: 81 of 263, method 3.
    assert wilson_interval(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    low, high = wilson_interval(30, 30, 0.95)
    assert high == 1
    assert low < 0.9


def test_intervals_cover_the_true_accuracy_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    truth, n, covered = 0.8, 80, 0
    for case in range(200):
        labels = rng.integers(0, 3, n)
        right = rng.random(n) < truth
        predicted = np.where(right, labels, (labels + 1) % 3)
        scores = score_all(labels, np.eye(3)[predicted], 0.95, 100, case)
        covered += scores["accuracy"].low <= truth <= scores["accuracy"].high
    assert 0.90 <= covered / 200 <= 0.99


def test_intervals_enclose_the_value_and_are_the_same_for_the_same_seed():
    labels, probabilities = random_case(3)
    first = score_all(labels, probabilities, 0.95, 500, 7)
    assert first == score_all(labels, probabilities, 0.95, 500, 7)
    for score in first.values():
        assert score.low < score.value < score.high
        assert score.n == len(labels)


def test_a_higher_confidence_gives_wider_intervals():
    labels, probabilities = random_case(4)
    narrow = score_all(labels, probabilities, 0.8, 500, 7)
    wide = score_all(labels, probabilities, 0.99, 500, 7)
    for name in narrow:
        assert wide[name].low < narrow[name].low
        assert wide[name].high > narrow[name].high


@pytest.mark.parametrize("size", [1, 10])
def test_intervals_are_as_wide_as_groups_make_them(size):
    """Ten copies of each photo say no more than the photo; a group of one is a photo."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    probabilities = softmax(2 * np.eye(3)[labels] + 2 * rng.normal(size=(60, 3)), axis=1)
    once = score_all(labels, probabilities, 0.95, 4000, 1)
    copies = (labels.repeat(size), probabilities.repeat(size, axis=0))
    grouped = score_all(*copies, 0.95, 4000, 1, np.arange(60).repeat(size))
    for name, one in once.items():
        assert grouped[name].value == pytest.approx(one.value)
        assert grouped[name].high - grouped[name].low == pytest.approx(one.high - one.low, rel=0.1)
    if size > 1:
        apart = score_all(*copies, 0.95, 4000, 1)["macro_f1"]
        assert apart.high - apart.low < 0.5 * (once["macro_f1"].high - once["macro_f1"].low)
