"""The scores agree with scikit-learn, and their intervals hold what they promise."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from random_predictions import random_case
from zest.config import load_schema
from zest.contracts import VALIDATION_SCORES
from zest.intervals import (
    draw_groups,
    score_all,
)
from zest.metrics import (
    CALIBRATION_BINS,
    TITLES,
    accuracy,
    balanced_accuracy,
    calibration_error,
    confusion_matrix,
    macro_f1,
    per_class_scores,
    photo_brier_scores,
    photo_log_losses,
    photo_top_k_hits,
    quadratic_weighted_kappa,
    reliability_bins,
    roc_auc_of_classes,
    roc_auc_with_parts,
    validation_scores,
    weighted_f1,
)
from zest.weighted_scores import EVERY_METRIC, WeightedScores


@pytest.mark.parametrize("seed", range(20))
def test_scores_agree_with_scikit_learn(seed):
    labels, probabilities = random_case(seed)
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(labels, predicted, probabilities.shape[1])
    assert (counts == reference.confusion_matrix(labels, predicted)).all()
    assert accuracy(counts) == pytest.approx(reference.accuracy_score(labels, predicted), abs=1e-12)
    expected = reference.f1_score(labels, predicted, average="macro", zero_division=0)
    assert macro_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.balanced_accuracy_score(labels, predicted)
    assert balanced_accuracy(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.f1_score(labels, predicted, average="weighted", zero_division=0)
    assert weighted_f1(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.cohen_kappa_score(labels, predicted, weights="quadratic")
    assert quadratic_weighted_kappa(counts) == pytest.approx(expected, abs=1e-12)
    expected = reference.log_loss(labels, probabilities)
    assert photo_log_losses(labels, probabilities).mean() == pytest.approx(expected, abs=1e-9)
    expected = reference.precision_recall_fscore_support(labels, predicted, zero_division=0)
    found = per_class_scores(counts)
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(found[name], values, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_scores_of_probabilities_agree_with_scikit_learn(seed):
    labels, probabilities = random_case(seed)
    if seed % 2:  # with ties
        probabilities = probabilities.round(1) + 1e-3
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    classes = probabilities.shape[1]
    expected = reference.brier_score_loss(labels, probabilities, scale_by_half=False)
    assert photo_brier_scores(labels, probabilities).mean() == pytest.approx(expected, abs=1e-9)
    areas, _ = roc_auc_of_classes(labels, probabilities)
    expected = [reference.roc_auc_score(labels == k, probabilities[:, k]) for k in range(classes)]
    np.testing.assert_allclose(areas, expected, atol=1e-12)
    assert roc_auc_with_parts(labels, probabilities)[0] == pytest.approx(np.mean(expected))
    if classes > 2 and not seed % 2:
        expected = reference.top_k_accuracy_score(labels, probabilities, k=2)
        assert photo_top_k_hits(labels, probabilities, 2).mean() == pytest.approx(expected)


def test_the_calibration_error_is_the_mean_gap_of_its_bins():
    labels, probabilities = random_case(2)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    gap = 0.0
    for k in range(CALIBRATION_BINS):
        inside = (confidence > k / CALIBRATION_BINS) & (confidence <= (k + 1) / CALIBRATION_BINS)
        if inside.any():
            gap += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(labels, probabilities) == pytest.approx(gap, abs=1e-12)
    assert calibration_error(np.array([0, 1]), np.eye(2)) == 0


def test_a_reliability_diagram_has_a_point_for_each_bin_with_photos():
    sure_of = np.array([0.52, 0.97, 0.95, 0.58])
    labels = np.array([0, 0, 0, 1])  # the first three are right
    sure, right, counts = reliability_bins(labels, np.stack([sure_of, 1 - sure_of], axis=1))
    assert counts.tolist() == [1, 1, 2]
    assert sure.tolist() == pytest.approx([0.52, 0.58, 0.96])
    assert right.tolist() == pytest.approx([1, 0, 1])


def test_a_class_that_all_or_no_photos_are_of_has_no_roc_curve():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    areas, _ = roc_auc_of_classes(np.array([0, 0, 1]), probabilities)
    np.testing.assert_array_equal(areas, [1, 1, np.nan])
    assert roc_auc_with_parts(np.array([0, 0, 1]), probabilities)[0] == 1
    assert np.isnan(roc_auc_with_parts(np.array([2, 2, 2]), probabilities)[0])


def test_what_photos_add_to_the_roc_auc_tells_its_spread():
    """The standard error from it is that over many samples of the same population."""
    rng = np.random.default_rng(1)
    areas, errors = [], []
    for _ in range(400):
        labels = rng.integers(0, 3, 150)
        probabilities = softmax(np.eye(3)[labels] + rng.normal(size=(150, 3)), axis=1)
        area, added = roc_auc_with_parts(labels, probabilities)
        areas.append(area)
        errors.append(np.sqrt((added**2).sum()) / 150)
        assert added.mean() == pytest.approx(0, abs=1e-12)
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.1)


def test_every_metric_of_a_contest_is_scored_in_each_epoch_and_at_the_end():
    labels, probabilities = random_case(5)
    assert TITLES.keys() <= score_all(labels, probabilities, 0.95, 100, 0).keys()
    found = validation_scores(probabilities, labels)
    for name in TITLES:
        assert ("val_loss" if name == "log_loss" else f"val_{name}") in found
    assert set(found) == set(VALIDATION_SCORES)


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_that_counts_twice_is_scored_as_two_of_it(seed):
    labels, probabilities = random_case(seed)
    times = np.random.default_rng(seed).integers(0, 4, len(labels))
    found = WeightedScores(labels, probabilities).at([times.astype(float)])
    repeated = WeightedScores(labels.repeat(times), probabilities.repeat(times, axis=0)).values
    for name in repeated.keys() - {"roc_auc"}:  # of which `at` gives the linear part
        assert found[name] == pytest.approx([repeated[name]], abs=1e-12)
    assert found["roc_auc"] == pytest.approx([repeated["roc_auc"]], abs=0.05)


@pytest.mark.parametrize("name", EVERY_METRIC)
def test_a_metric_by_itself_is_scored_as_among_the_others(name):
    labels, probabilities = random_case(1)
    weights = list(draw_groups(np.arange(len(labels)) // 2, 5, 0))
    alone, among = (WeightedScores(labels, probabilities, names) for names in ([name], TITLES))
    if name in TITLES:
        assert alone.values == {name: among.values[name]}
        np.testing.assert_array_equal(alone.at(weights)[name], among.at(weights)[name])
    assert list(alone.at(weights)) == [name]


def test_kappa_of_one_single_class_is_zero():
    assert quadratic_weighted_kappa(np.array([[5, 0], [0, 0]])) == 0


def test_a_class_ruled_out_costs_a_finite_log_loss():
    losses = photo_log_losses(np.array([1]), np.array([[1.0, 0.0]]))
    assert losses == pytest.approx([-np.log(1e-15)])


def test_of_photos_of_one_class_kappa_says_nothing():
    scores = score_all(np.zeros(9, int), np.eye(2)[np.zeros(9, int)], 0.95, 100, 0)
    assert scores["accuracy"].value == 1
    assert scores["quadratic_weighted_kappa"].value == 0


def test_the_configuration_names_every_metric_of_a_contest():
    rules = load_schema()["properties"]["rules"]["properties"]
    assert rules["metric"]["enum"] == list(TITLES)


@pytest.mark.filterwarnings("error")
def test_probabilities_of_a_training_that_diverged_have_scores_that_are_no_numbers():
    labels = np.arange(40) % 4
    scores = score_all(labels, np.full((40, 4), np.nan), 0.95, 100, 0)
    assert scores["accuracy"].value == 0.25
    assert np.isnan(scores["log_loss"].value)
    assert np.isnan(scores["roc_auc"].value)
    assert np.isnan(scores["calibration_error"].high)
    assert np.isnan(scores["brier"].low)
