"""What the rules of a contest forbid is refused before anything runs, by its key."""

import pytest
import yaml

from configuring import minimal
from zest.config import SCHEMA_PATH, validate
from zest.errors import UserError


def faults(rules: dict, **changes) -> str:
    """Return what is said of a configuration under these rules; nothing where it may be used."""
    try:
        validate(minimal(rules=rules, **changes))
    except UserError as error:
        return str(error)
    return ""


def test_the_mean_of_several_folds_is_an_ensemble():
    split = {"train_folds": [0, 1, 2]}
    told = faults({"ensemble": "forbidden"}, split=split)
    assert "rules.ensemble: forbidden, and the mean of 3 models would be handed in" in told
    assert "submission.train_on: all" in told
    assert faults({"ensemble": "allowed"}, split=split) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"split": {"train_folds": [2]}},
        {
            "split": {"train_folds": [0, 1]},
            "submission": {"train_on": "all", "model": "linear_probe"},
        },
    ],
)
def test_one_model_is_none(changes):
    assert faults({"ensemble": "forbidden"}, **changes) == ""


SCRATCH = {"architecture": "small_cnn", "pretrained": False}


def test_weights_from_elsewhere_are_refused_in_all_that_could_be_handed_in():
    models = {"a": {"architecture": "efficientnet_lite0"}, "b": SCRATCH}
    told = faults({"pretrained": "forbidden"}, models=models)
    assert "rules.pretrained: forbidden, and models.a starts from such weights" in told
    assert "models.linear_probe starts from such weights; leave it out (the baseline by" in told
    assert "models.b" not in told
    assert faults({"pretrained": "allowed"}, models=models) == ""


@pytest.mark.parametrize(
    "changes",
    [{"submission": {"model": "b"}}, {"baseline": False}],
)
def test_a_baseline_that_is_not_handed_in_may_start_from_them(changes):
    assert faults({"pretrained": "forbidden"}, models={"b": SCRATCH}, **changes) == ""


def test_a_student_may_not_learn_from_what_started_from_them():
    models = {
        "teacher": {"architecture": "efficientnet_lite0"},
        "b": {**SCRATCH, "distillation": {"teacher": "teacher"}},
    }
    told = faults({"pretrained": "forbidden"}, models=models, submission={"model": "b"})
    assert "models.teacher starts from such weights" in told


def test_nor_from_test_photos_that_such_a_model_has_labelled():
    models = {
        "teacher": {"architecture": "efficientnet_lite0"},
        "b": {**SCRATCH, "pseudo_labels": {"teacher": "teacher"}},
    }
    told = faults({"pretrained": "forbidden"}, models=models, submission={"model": "b"})
    assert "models.teacher starts from such weights" in told


@pytest.mark.parametrize("key", ["weights", "soft_labels"])
def test_files_of_ones_own_may_teach_nothing_where_external_data_is_forbidden(key):
    models = {"a": {**SCRATCH, key: "own.file"}, "b": SCRATCH}
    rules = {"external_data": "forbidden"}
    assert (
        f"rules.external_data: forbidden, and models.a.{key} (own.file) may bring in what is not "
        f"the contest's; set models.a.{key}: null" in faults(rules, models=models)
    )
    assert faults(rules, models=models, submission={"model": "b"}) == ""
    assert faults({}, models=models) == ""
    models["b"] = {**SCRATCH, "distillation": {"teacher": "a"}}
    assert f"models.a.{key}" in faults(rules, models=models, submission={"model": "b"})


def test_imagenet_weights_are_no_external_data_and_pseudo_labels_neither():
    models = {"a": {"pseudo_labels": {"teacher": "linear_probe"}}}
    assert faults({"external_data": "forbidden"}, models=models) == ""


def test_where_test_photos_may_not_be_learned_from_pseudo_labels_are_refused():
    models = {
        "a": {**SCRATCH, "pseudo_labels": {"teacher": "linear_probe"}},
        "b": {**SCRATCH, "distillation": {"teacher": "a"}},
        "c": SCRATCH,
    }
    rules = {"pseudo_labels": "forbidden"}
    told = faults(rules, models=models, submission={"model": "b"})
    assert (
        "rules.pseudo_labels: forbidden, and models.a learns from test photos; set "
        "models.a.pseudo_labels: null" in told
    )
    assert faults(rules, models=models, submission={"model": "c"}) == ""
    assert faults({}, models=models) == ""


def test_a_file_of_weights_comes_from_elsewhere_too():
    models = {"b": {**SCRATCH, "weights": "own.pdparams"}}
    told = faults({"pretrained": "forbidden"}, models=models, submission={"model": "b"})
    assert "models.b starts from such weights; leave its weights out" in told


def test_only_ordered_classes_are_chosen_by_their_order():
    told = faults({}, submission={"decode": "thresholds"})
    assert "submission.decode: thresholds is for ordered classes" in told
    assert faults({"classes_ordered": True}, submission={"decode": "thresholds"}) == ""
    told = faults(
        {"classes_ordered": True},
        submission={"decode": "expected_cost", "values": "probabilities"},
    )
    assert "submission.values asks for probabilities" in told


def test_views_are_handed_in_only_where_the_contest_allows_it():
    told = faults({"tta": "forbidden"}, submission={"tta": "flips"})
    assert "rules.tta: forbidden, and submission.tta: flips would hand in the mean of 4" in told
    assert "set submission.tta: none" in told
    assert faults({"tta": "allowed"}, submission={"tta": "flips"}) == ""


def test_what_views_would_gain_may_always_be_measured():
    assert faults({"tta": "forbidden"}, evaluation={"tta": ["flips", "multi_crop"]}) == ""


def test_thresholds_fit_predictions_without_views():
    ordered = {"classes_ordered": True}
    told = faults(ordered, submission={"tta": "flips", "decode": "thresholds"})
    assert "submission.decode: thresholds were fitted to predictions without" in told
    assert "set submission.decode: expected_cost or argmax" in told
    for decode in ("expected_cost", "argmax"):
        assert faults(ordered, submission={"tta": "flips", "decode": decode}) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"evaluation": {"tta": ["flip"]}}, "evaluation.tta[0]: must be one of horizontal_flip"),
        ({"evaluation": {"tta": ["flips", "flips"]}}, "evaluation.tta: names the same twice"),
        ({"submission": {"tta": "turns"}}, "submission.tta: must be one of none, horizontal_flip"),
    ],
)
def test_a_way_that_is_not_known_is_refused_with_those_that_are(changes, expected):
    assert expected in faults({}, **changes)


def test_the_lemon_contest_forbids_views():
    config = yaml.safe_load((SCHEMA_PATH.parent / "lemon.yaml").read_text())
    assert config["rules"]["tta"] == "forbidden"
