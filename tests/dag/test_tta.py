"""Test-time augmentation adds its own predictions and their judgement, and nothing else."""

from conftest import snakemake
from edits import configured, setting

from dry_run import planned_jobs

MODELS = ("lite0", "small", "linear_probe")
CROPPED_FROM = (37, 55, 256)  # 8/7 of 32, 48 and 224


def measured(*ways: str, models: tuple[str, ...] = MODELS) -> set[str]:
    """The jobs that say what ways gain."""
    predicted = {f"predict_validation_views {name} 0 {way}" for name in models for way in ways}
    return predicted | {f"judge_tta {name}" for name in models}


def test_asked_for_it_adds_only_predictions_and_their_judgement(project):
    setting("evaluation.tta", ["flips", "horizontal_flip"])(project)
    expected = measured("flips", "horizontal_flip")
    assert planned_jobs(project, "tta") == expected
    assert expected < planned_jobs(project, "report_html")
    assert planned_jobs(project) == set()


def test_crops_are_cut_from_larger_photos_of_each_model(project):
    setting("evaluation.tta", ["multi_crop"])(project)
    larger = {f"prepare_images {size} train" for size in CROPPED_FROM}
    assert planned_jobs(project, "tta") == measured("multi_crop") | larger


def test_a_way_handed_in_is_measured_for_the_model_that_is_handed_in(project):
    setting("submission", {"tta": "flips", "model": "small"})(project)
    expected = measured("flips", models=("small",))
    expected |= {"predict_test_views small 0 flips", "write_submission"}
    assert planned_jobs(project, "submission") == expected


def test_where_the_leader_is_handed_in_it_is_measured_for_all_that_could_lead(project):
    setting("submission.tta", "flips")(project)
    predicted = {f"predict_test_views {name} 0 flips" for name in MODELS}
    expected = measured("flips") | predicted | {"write_submission"}
    assert planned_jobs(project, "submission") == expected


def test_a_model_of_all_photos_is_predicted_by_views_and_measured_by_those_of_the_folds(project):
    setting("submission", {"tta": "flips", "model": "small", "train_on": "all"})(project)
    planned = planned_jobs(project, "submission")
    assert measured("flips", models=("small",)) <= planned
    assert {"train_model small all", "predict_test_views small all flips"} <= planned
    assert "train_model small 0" not in planned


def test_nothing_asked_for_is_told(project):
    done = snakemake(project, "-n", "tta")
    assert done.returncode == 2
    assert "error: evaluation.tta names no way of test-time augmentation" in done.stderr
    assert "evaluation.tta: [horizontal_flip]" in done.stderr


def test_once_measured_only_another_way_is_predicted_and_judged_anew(project):
    configured(lambda config: config["models"].pop("lite0"))(project)
    setting("baseline", False)(project)
    setting("evaluation.tta", ["flips"])(project)
    done = snakemake(project, "-j2", "tta")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flips would change accuracy of small by" in done.stdout
    assert planned_jobs(project, "tta") == set()
    setting("evaluation.tta", ["flips", "quarter_turns"])(project)
    expected = {"predict_validation_views small 0 quarter_turns", "judge_tta small"}
    assert planned_jobs(project, "tta") == expected
    setting("rules.metric", "log_loss")(project)
    setting("evaluation.tta", ["flips"])(project)
    assert planned_jobs(project, "tta") == {"judge_tta small"}
