"""The linear probe: the classifier that minimises its stated objective, as a layer of a network."""

import numpy as np
import pytest

from zest.config import validate
from zest.engine.prediction import softmax
from zest.errors import UserError
from zest.linear_probe import DEFAULT_L2, fit_classifier


def problem(classes: int, n: int = 90):
    rng = np.random.default_rng(classes)
    labels = np.arange(n) % classes
    centres = rng.normal(size=(classes, 6))
    features = centres[labels] + rng.normal(size=(n, 6)) * 1.5 + 7
    features[:, 2] *= 100  # of another scale; standardising makes it count as the others
    return features.astype(np.float32), labels


def objective(weight, bias, features, labels, l2, weights):
    probabilities = softmax(features @ weight + bias).astype(np.float64)
    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    standardised = weight * features.std(axis=0)[:, None]
    return (weights[labels] * losses).mean() + l2 / 2 * (standardised**2).sum()


@pytest.mark.parametrize("classes", [2, 4])
def test_no_small_change_of_the_classifier_lowers_the_objective(classes):
    features, labels = problem(classes)
    weights = np.linspace(0.5, 1.5, classes)
    l2 = 0.05
    weight, bias = fit_classifier(features, labels, classes, l2, weights)
    assert weight.shape == (6, classes)
    assert weight.dtype == bias.dtype == np.float32
    best = objective(weight, bias, features, labels, l2, weights)
    rng = np.random.default_rng(1)
    for _ in range(40):
        step = rng.normal(size=weight.shape) * 0.02 / features.std(axis=0)[:, None]
        moved = objective(weight + step, bias, features, labels, l2, weights)
        assert moved > best - 1e-6


def test_more_penalty_makes_smaller_weights():
    features, labels = problem(3)
    norms = [
        np.linalg.norm(fit_classifier(features, labels, 3, l2, np.ones(3))[0][0])
        for l2 in (0.001, 0.1, 10)
    ]
    assert norms == sorted(norms, reverse=True)


def test_a_class_without_photos_is_told():
    features, labels = problem(3)
    with pytest.raises(UserError, match=r"no training photo of class 3"):
        fit_classifier(features, labels, 4, 0.1, np.ones(4))


def test_the_penalty_of_the_quick_looks_is_that_of_the_baseline():
    config = validate({"competition": "a", "data": {"root": "x"}})
    assert config["models"]["linear_probe"]["l2"] == DEFAULT_L2
