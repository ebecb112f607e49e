"""What cannot be merged into one model is refused before anything runs, by its key."""

import pytest

from configuring import message, minimal, model
from zest.config import validate

MERGED = {"submission": {"train_on": "merged"}}
FOLDS = {"split": {"train_folds": [0, 1, 2]}}
SCRATCH = {"architecture": "small_cnn", "pretrained": False, "recipe": "plain"}


def test_the_folds_are_merged_of_the_best_model_or_of_one():
    validate(minimal(**MERGED, **FOLDS))
    validate(minimal(submission={"train_on": "merged", "model": "linear_probe"}, **FOLDS))


def test_one_fold_is_nothing_to_merge():
    told = message(minimal(**MERGED, split={"train_folds": [2]}))
    assert "submission.train_on: merged is the mean of the models of several folds" in told
    assert "split.train_folds is [2]" in told


def test_models_from_random_weights_have_no_mean():
    models = {**model(), "own": SCRATCH}
    told = message(minimal(models=models, **MERGED, **FOLDS))
    assert "models.own.pretrained: false lets each fold start from random weights" in told
    assert "submission.train_on: all" in told
    assert "models.lite0" not in told


@pytest.mark.parametrize("method", ["fine_tuning", "linear_probe"])
def test_those_that_start_from_a_file_of_weights_have_one(method):
    own = {"architecture": "small_cnn", "pretrained": False, "method": method}
    models = {**model(), "own": {**own, "weights": "start.pdparams"}}
    validate(minimal(models=models, **MERGED, **FOLDS))


def test_what_is_not_handed_in_need_not_be_merged():
    submission = {"train_on": "merged", "model": "lite0"}
    validate(minimal(models={**model(), "own": SCRATCH}, submission=submission, **FOLDS))


def test_a_merged_model_has_the_size_of_one():
    limit = {"max_model_mb": 20}
    assert "3 folds" in message(minimal(rules=limit, **FOLDS))
    validate(minimal(rules=limit, **MERGED, **FOLDS))
    told = message(minimal(rules={"max_model_mb": 10}, **MERGED, **FOLDS))
    assert "rules.max_model_mb (10)" in told


def test_a_merged_model_is_no_ensemble():
    forbidden = {"ensemble": "forbidden"}
    told = message(minimal(rules=forbidden, **FOLDS))
    assert "set submission.train_on: all and" in told
    assert "submission.train_on: merged" in told
    validate(minimal(rules=forbidden, **MERGED, **FOLDS))


def test_early_stopping_may_be_merged_as_the_folds_have_a_validation():
    validate(minimal(models=model(early_stopping_patience=2, epochs=4), **MERGED, **FOLDS))
