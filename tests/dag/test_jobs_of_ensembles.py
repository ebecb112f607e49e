"""An ensemble is fitted only where it is asked for, and follows what it is made from."""

import csv
import json

import pytest
from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

HANDED_IN = {"fit_ensemble", "write_submission"}
MODELS = ["linear_probe", "lite0", "small"]


def test_it_is_no_part_of_what_is_made_without_being_asked_for(project):
    assert planned_jobs(project) == set()
    assert planned_jobs(project, "ensemble") == {"fit_ensemble"}


def test_of_listed_models_the_others_are_not_needed(project):
    submission = {"model": "ensemble", "ensemble": {"models": ["small", "lite0"]}}
    setting("submission", submission)(project)
    setting("models.other", {"recipe": "plain", "epochs": 1, "warmup_epochs": 0})(project)
    assert planned_jobs(project, "submission") == HANDED_IN
    assert "train_model other 0" in planned_jobs(project, "leaderboard")


def test_all_that_are_listed_are_trained_on_all_photos(project):
    submission = {"model": "ensemble", "ensemble": {"models": ["linear_probe", "small"]}}
    setting("submission", {**submission, "train_on": "all"})(project)
    assert planned_jobs(project, "submission") == HANDED_IN | {
        "balance_fold plain all",
        "augment_fold plain all",
        "train_model small all",
        "train_probe linear_probe all",
        "predict_test small all",
        "predict_test linear_probe all",
    }


def test_one_model_alone_is_no_ensemble(project):
    setting("baseline", False)(project)
    setting("models", {"small": {}})(project)
    done = snakemake(project, "-n", "ensemble")
    assert done.returncode == 2
    assert "small is the only model: there is no ensemble" in done.stderr


def test_once_handed_in_it_follows_its_settings(project):
    setting("submission", {"model": "ensemble", "ensemble": {"weights": "equal"}})(project)
    assert planned_jobs(project) == HANDED_IN
    done = snakemake(project, "-j2", "submission")
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project) == set()

    results = project / "results/tiny"
    provenance = json.loads((results / "submission/provenance.json").read_text())
    assert provenance["model"] == "ensemble"
    assert provenance["model_weights"] == pytest.approx(dict.fromkeys(MODELS, 1 / 3))
    assert len(provenance["weights_sha256"]) == len(MODELS)
    with open(results / "submission/submission.csv", newline="") as file:
        assert len(list(csv.reader(file))) >= 10

    setting("submission.ensemble.weights", "convex")(project)
    assert planned_jobs(project) == {"write_submission"}
    setting("submission.ensemble.models", ["lite0", "small"])(project)
    assert planned_jobs(project) == HANDED_IN
    setting("submission.ensemble.models", [])(project)
    setting("rules.metric", "macro_f1")(project)
    assert planned_jobs(project) == {"compare_models"} | HANDED_IN
