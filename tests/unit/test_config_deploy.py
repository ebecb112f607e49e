"""What is deployed, and what is refused by its key before anything runs."""

import pytest

from configuring import message, minimal
from zest.config import validate
from zest.config_deploy import deployed_models

PAIR = {"lite0": {}, "small": {"architecture": "mobilenet_v3_small"}}


def deployed(**sections) -> list[str]:
    return deployed_models(validate(minimal(**{"models": PAIR, **sections})))


def test_every_model_is_deployed_but_the_trials_of_a_sweep():
    sweeps = {"lr": {"model": "small", "keys": {"learning_rate": [0.01, 0.02]}}}
    assert deployed(sweeps=sweeps) == ["lite0", "small", "linear_probe"]


def test_a_trial_of_a_sweep_that_is_handed_in_is_deployed_too():
    sweeps = {"lr": {"model": "small", "keys": {"learning_rate": [0.01, 0.02]}}}
    trial = "lr-learning_rate=0.01"
    found = deployed(sweeps=sweeps, submission={"model": trial})
    assert found == ["lite0", "small", trial, "linear_probe"]
    assert deployed(sweeps=sweeps, submission={"model": trial, "train_on": "all"}) == [trial]


@pytest.mark.parametrize("train_on", ["all", "merged"])
def test_of_a_training_for_the_submission_only_its_model_is_deployed(train_on):
    split = {"train_folds": [0, 1]}
    assert deployed(submission={"model": "small", "train_on": train_on}, split=split) == ["small"]


def test_those_that_are_listed_are_deployed():
    assert deployed(deploy={"models": ["small"]}) == ["small"]


def test_a_model_that_there_is_not_is_refused_with_the_nearest():
    told = message(minimal(models=PAIR, deploy={"models": ["smal"]}))
    assert "deploy.models: there is no model 'smal' under models" in told
    assert "small" in told


def test_a_precision_that_is_not_made_is_refused():
    told = message(minimal(deploy={"precision": "int8", "int8": False}))
    assert "deploy.precision: int8 is not made where deploy.int8 is false" in told
