"""Pseudo-labels: a model waits for its teacher, and follows the labels; its teacher does not."""

import yaml
from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

PSEUDO = "models.small.pseudo_labels"
TEACHER = {"teacher": "linear_probe", "min_probability": 0.5}
LABEL = "label_test_photos small 0"
LEARNED = {
    "train_model small 0",
    "predict_validation small 0",
    "predict_test small 0",
    "evaluate_model small",
    "compare_models",
    "write_submission",
}


def parameters(project) -> str:
    """What a dry run says of the commands of a training from nothing, but for the pseudo-labels."""
    done = snakemake(project, "-n", "-p", "-F", "results/tiny/models/small/fold0/weights.pdparams")
    assert done.returncode == 0, done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if "scripts/train_model.py" in line)


def test_without_pseudo_labels_a_training_is_told_nothing_of_them(project):
    assert "pseudo" not in parameters(project)


def test_a_model_learns_anew_from_new_labels_and_its_teacher_does_not(project):
    setting(PSEUDO, TEACHER)(project)
    assert planned_jobs(project) == {LABEL} | LEARNED
    done = snakemake(project, "-j2", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    log = (project / "results/tiny/logs/label_test_photos/small-0.log").read_text()
    assert "[small fold 0] " in log
    assert " of 10 test photos are labelled: " in log
    assert planned_jobs(project) == set()

    setting("models.small.learning_rate", 0.002)(project)
    assert planned_jobs(project) == LEARNED
    setting("models.small.learning_rate", 0.0005)(project)
    setting(PSEUDO, {**TEACHER, "min_probability": 0.6})(project)
    assert planned_jobs(project) == {LABEL} | LEARNED
    setting(PSEUDO, {"teacher": "lite0", "min_probability": 0.5})(project)
    assert planned_jobs(project) == {LABEL} | LEARNED
    setting(PSEUDO, None)(project)
    assert planned_jobs(project) == LEARNED


def test_the_teacher_of_what_is_trained_on_all_photos_is_trained_on_all_photos(project):
    path = project / "config/tiny.yaml"
    config = yaml.safe_load(path.read_text())
    config["models"]["small"]["pseudo_labels"] = TEACHER
    config["submission"] = {"model": "small", "train_on": "all"}
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    assert planned_jobs(project, "submission") == {
        "balance_fold plain all",
        "augment_fold plain all",
        "train_probe linear_probe all",
        "predict_test linear_probe all",
        "label_test_photos small all",
        "train_model small all",
        "predict_test small all",
        "write_submission",
    }
