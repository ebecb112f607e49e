"""Where one model is to be handed in, the folds are merged and nothing is trained again."""

import json

from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

FOLDER = "results/tiny/models/linear_probe/foldmerged"


def test_the_folds_are_merged_judged_and_handed_in_without_a_training(project):
    setting("split.train_folds", [0, 1])(project)
    setting("submission", {"model": "linear_probe"})(project)
    done = snakemake(project, "-j2", "submission")
    assert done.returncode == 0, done.stdout + done.stderr

    setting("submission.train_on", "merged")(project)
    assert planned_jobs(project, "submission") == {
        "merge_folds linear_probe",
        "predict_test linear_probe merged",
        "judge_merged linear_probe",
        "write_submission",
    }
    done = snakemake(project, "-j2", "submission")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((project / "results/tiny/submission/provenance.json").read_text())
    assert list(told["weights_sha256"]) == [f"{FOLDER}/weights.pdparams"]
    judged = json.loads((project / "results/tiny/evaluation/linear_probe/merged.json").read_text())
    assert (judged["folds"], judged["photos"]) == (2, 10)
    assert judged["max_difference"] < 0.5
    assert planned_jobs(project, "submission") == set()


def test_of_the_best_every_model_is_merged(project):
    setting("split.train_folds", [0, 1])(project)
    setting("submission.train_on", "merged")(project)
    setting("models.small.weights", "start.pdparams")(project)  # the start of all its folds
    (project / "start.pdparams").touch()
    planned = planned_jobs(project, "submission")
    for model in ("lite0", "small", "linear_probe"):
        assert {f"merge_folds {model}", f"judge_merged {model}"} <= planned
        assert {f"predict_test {model} {fold}" for fold in ("1", "merged")} <= planned
    assert not any(job.startswith("train_") and "merged" in job for job in planned)


def test_where_views_are_handed_in_the_merged_model_is_judged_by_views(project):
    setting("split.train_folds", [0, 1])(project)
    submission = {"model": "linear_probe", "train_on": "merged", "tta": "flips"}
    setting("submission", submission)(project)
    planned = planned_jobs(project, "submission")
    predicted = {f"predict_test_views linear_probe {fold} flips" for fold in ("0", "1", "merged")}
    assert predicted | {"judge_merged linear_probe"} <= planned
    assert not any(job.startswith("predict_test linear_probe") for job in planned)
