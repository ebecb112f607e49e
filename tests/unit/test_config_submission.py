"""What may be handed in, alone or together, is refused by its key before anything runs."""

import pytest

from configuring import message, minimal
from zest.config import validate
from zest.config_submission import candidates, ensemble_models

PAIR = {"lite0": {}, "small": {"architecture": "mobilenet_v3_small"}}
ENSEMBLE = {"model": "ensemble"}


def refused(submission: dict, **changes) -> str:
    return message(minimal(**{"models": PAIR, "submission": submission, **changes}))


def accepted(submission: dict, **changes) -> dict:
    return validate(minimal(**{"models": PAIR, "submission": submission, **changes}))


def test_an_ensemble_is_of_all_models_or_of_those_listed_whatever_their_order():
    config = accepted(ENSEMBLE)
    assert ensemble_models(config) == candidates(config) == ["linear_probe", "lite0", "small"]
    config = accepted({"model": "ensemble", "ensemble": {"models": ["small", "lite0"]}})
    assert ensemble_models(config) == candidates(config) == ["lite0", "small"]


def test_only_what_is_asked_for_is_a_candidate():
    assert candidates(accepted({"model": "small"})) == ["small"]
    assert set(candidates(accepted({}))) == {*PAIR, "linear_probe"}


def test_trials_of_a_sweep_may_be_of_an_ensemble():
    sweeps = {"lr": {"model": "small", "keys": {"learning_rate": [0.01]}}}
    listed = ["lite0", "lr-learning_rate=0.01"]
    config = accepted({"model": "ensemble", "ensemble": {"models": listed}}, sweeps=sweeps)
    assert candidates(config) == listed


@pytest.mark.parametrize("chosen", ["best", "ensemble"])
def test_a_model_of_an_ensemble_that_does_not_exist_is_refused_with_the_nearest(chosen):
    told = refused({"model": chosen, "ensemble": {"models": ["lite0", "smal"]}})
    assert "submission.ensemble.models: there is no model 'smal' under models; did you" in told
    assert "mean 'small'" in told


def test_one_model_is_no_ensemble():
    told = refused({"ensemble": {"models": ["small"]}})
    assert "submission.ensemble.models: small alone is no ensemble" in told
    told = refused(ENSEMBLE, models={"small": {}}, baseline=False)
    assert "submission.model: ensemble needs two models, and small is the only one" in told
    accepted({}, models={"small": {}}, baseline=False)


def test_a_misspelt_ensemble_is_known():
    assert "did you mean 'ensemble'" in refused({"model": "ensembel"})


def test_thresholds_of_one_model_are_not_for_a_mean_of_several():
    ordered = {"classes_ordered": True}
    told = refused({"model": "ensemble", "decode": "thresholds"}, rules=ordered)
    assert "submission.decode: thresholds are fitted to the predictions of one model" in told
    assert "set submission.decode: expected_cost or argmax" in told
    accepted({"model": "ensemble", "decode": "expected_cost"}, rules=ordered)


def test_only_a_listed_ensemble_is_trained_on_all_photos():
    told = refused({"model": "ensemble", "train_on": "all"})
    assert "submission.ensemble.models: empty means every model, and each would be" in told
    listed = {"models": ["lite0", "small"]}
    accepted({"model": "ensemble", "train_on": "all", "ensemble": listed})


def test_what_needs_a_validation_is_refused_in_all_of_an_ensemble_on_all_photos():
    models = {**PAIR, "lite0": {"schedule": "plateau"}}
    submission = {**ENSEMBLE, "train_on": "all", "ensemble": {"models": ["lite0", "small"]}}
    told = refused(submission, models=models)
    assert "models.lite0.schedule: plateau needs a validation score" in told


def test_the_smallest_model_of_an_ensemble_must_fit_as_the_others_may_get_no_weight():
    listed = {"models": ["lite0", "small"]}  # 13.6 and 6.1 MB
    submission = {"model": "ensemble", "ensemble": listed}
    accepted(submission, rules={"max_model_mb": 7})
    told = refused(submission, rules={"max_model_mb": 5})
    assert "submission.ensemble: small, the smallest of its models, takes 6.1 MB" in told
    told = refused(submission, rules={"max_model_mb": 7}, split={"train_folds": [0, 1]})
    assert "small, the smallest of its models (2 folds), takes 12.3 MB" in told


def test_all_models_of_a_plain_mean_count_against_the_limit():
    equal = {"models": ["lite0", "small"], "weights": "equal"}
    submission = {"model": "ensemble", "ensemble": equal}
    told = refused(submission, rules={"max_model_mb": 15})
    assert "submission.ensemble: its 2 models take 19.8 MB" in told
    accepted(submission, rules={"max_model_mb": 20})
    on_all = {**submission, "train_on": "all"}
    accepted(on_all, rules={"max_model_mb": 20}, split={"train_folds": [0, 1]})


def test_a_contest_may_forbid_ensembles():
    told = refused(ENSEMBLE, rules={"ensemble": "forbidden"})
    assert "rules.ensemble: forbidden, and submission.model: ensemble hands in several" in told
    accepted({"ensemble": {"models": ["lite0", "small"]}}, rules={"ensemble": "forbidden"})


def test_no_model_of_an_ensemble_may_start_from_weights_where_that_is_forbidden():
    models = {name: {"architecture": "small_cnn", "pretrained": False} for name in ("a", "b")}
    models["c"] = {"weights": "own.pdparams"}
    forbidden = {"pretrained": "forbidden"}
    told = refused(ENSEMBLE, models=models, rules=forbidden)
    assert (
        "models.c starts from such weights; leave its weights out, or name other submission.e"
        in told
    )
    assert "models.linear_probe starts from such weights" in told
    listed = {"model": "ensemble", "ensemble": {"models": ["a", "b"]}}
    accepted(listed, models=models, rules=forbidden)
