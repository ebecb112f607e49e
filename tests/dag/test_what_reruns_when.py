"""What re-runs when: after one edit, exactly the jobs whose config, code or inputs it changes.

Each test edits a copy of a finished project in one place and asks a dry run.
"""

import os
import shutil
from pathlib import Path

import pytest
from conftest import snakemake
from edits import appended, configured, new_photo, removed, setting, source, touched
from PIL import Image

from dry_run import planned_jobs

TUNED = ("lite0", "small")
MODELS = (*TUNED, "linear_probe")
JUDGE = {f"evaluate_model {model}" for model in MODELS} | {"compare_models", "write_submission"}
CATALOGS = {"catalog_training_photos", "catalog_test_photos"}
SIZES = (32, 48, 224)
IMAGES = {f"prepare_images {size} {part}" for size in SIZES for part in ("train", "test")}
EMBEDDING = "extract_features efficientnet_lite0-224-trunk"
FEATURES = {f"{EMBEDDING} train", f"{EMBEDDING} test"}
DUPLICATES = {"find_duplicates", "find_test_duplicates"}
BALANCE = {"balance_fold plain 0", "balance_fold turned 0"}
AUGMENT = {"augment_fold plain 0", "augment_fold turned 0"}
TRAIN = {f"train_model {model} 0" for model in TUNED} | {"train_probe linear_probe 0"}
PREDICT = {f"predict_{part} {model} 0" for model in MODELS for part in ("validation", "test")}
FROM_TRAINING = TRAIN | PREDICT | JUDGE
REPORT = {"study_photos", "eda_report"}
FROM_SPLIT = {"split_folds"} | REPORT | BALANCE | AUGMENT | FROM_TRAINING
AFTER_TEST_CATALOG = {f"prepare_images {size} test" for size in SIZES}
AFTER_TEST_CATALOG |= {f"predict_test {model} 0" for model in MODELS}
AFTER_TEST_CATALOG |= {"write_submission", f"{EMBEDDING} test", "find_test_duplicates"}
# The split is as hard as the test photos are, so it is made anew when they change.
AFTER_TEST_CATALOG |= FROM_SPLIT
AFTER_TRAINING_CATALOG = {f"prepare_images {size} train" for size in SIZES}
AFTER_TRAINING_CATALOG |= {f"{EMBEDDING} train", "check_sample_file"} | DUPLICATES | FROM_SPLIT


def of_model(model: str) -> set[str]:
    """The jobs after a change of one model."""
    return {
        f"train_model {model} 0",
        f"predict_validation {model} 0",
        f"predict_test {model} 0",
        f"evaluate_model {model}",
        "compare_models",
        "write_submission",
    }


def second_model(config: dict) -> None:
    config["models"]["third"] = {
        "architecture": "resnet18",
        "pretrained": False,
        "recipe": "plain",
        "epochs": 1,
        "warmup_epochs": 0,
    }


def reordered(config: dict) -> None:
    for model in config["models"].values():
        for key in sorted(model):
            model[key] = model.pop(key)


EDITS = {
    # config
    "nothing": (lambda project: None, set()),
    "order of keys": (configured(reordered), set()),
    "a default written out": (setting("models.lite0.label_smoothing", 0.1), set()),
    "demo, unused": (setting("demo.train_photos", 50), set()),
    "environment": (setting("environment", "gpu"), set()),
    "eda": (setting("eda.samples_per_class", 3), {"eda_report"}),
    "seed": (setting("seed", 1), FROM_SPLIT),
    "data, training photos": (
        setting("data.label_column", "grade"),
        {"catalog_training_photos"} | AFTER_TRAINING_CATALOG,
    ),
    "data, test photos": (
        setting("data.dummy_ids", ["dummy_*"]),
        {"catalog_test_photos", "check_sample_file"} | AFTER_TEST_CATALOG,
    ),
    "split, number of folds": (setting("split.folds", 3), FROM_SPLIT),
    "split, a second fold trained": (
        setting("split.train_folds", [0, 1]),
        {job.removesuffix("0") + "1" for job in BALANCE | AUGMENT | TRAIN | PREDICT}
        | JUDGE
        | {"eda_report"},
    ),
    "images": (
        setting("images.fit", "pad"),
        IMAGES | FEATURES | DUPLICATES | FROM_SPLIT,
    ),
    "what is a near-duplicate": (
        setting("duplicates.max_bits", 5),
        DUPLICATES | FROM_SPLIT,
    ),
    "duplicates not grouped": (setting("split.group_duplicates", False), FROM_SPLIT),
    "sessions of a given distance": (setting("split.sessions", 0.2), FROM_SPLIT),
    "a recipe's balance": (
        setting("recipes.turned.balance", "none"),
        {"balance_fold turned 0", "augment_fold turned 0"} | of_model("lite0"),
    ),
    "a recipe's fill": (
        setting("recipes.turned.fill", "edge"),
        {"augment_fold turned 0"} | of_model("lite0"),
    ),
    "a recipe's operations": (
        setting("recipes.turned.operations", [{"rotate": {"degrees": 30}}]),
        {"augment_fold turned 0"} | of_model("lite0"),
    ),
    "a recipe's mix": (
        setting("recipes.turned.mix", {"mixup": 0.2}),
        {"augment_fold turned 0"} | of_model("lite0"),
    ),
    "a recipe's image size": (
        setting("recipes.plain.image_size", 40),
        {"augment_fold plain 0", "prepare_images 40 train", "prepare_images 40 test"}
        | of_model("small"),
    ),
    "the baseline off": (setting("baseline", False), {"compare_models", "write_submission"}),
    "the baseline's penalty": (
        setting("models.linear_probe", {"method": "linear_probe", "l2": 0.1}),
        of_model("linear_probe") - {"train_model linear_probe 0"} | {"train_probe linear_probe 0"},
    ),
    "a sweep": (
        setting("sweeps.lr", {"model": "small", "keys": {"learning_rate": [0.01]}}),
        of_model("lr-learning_rate=0.01"),
    ),
    "a training on all photos": (
        setting("submission", {"train_on": "all", "model": "small"}),
        {"balance_fold plain all", "augment_fold plain all", "train_model small all"}
        | {"predict_test small all", "write_submission"},
    ),
    "a model's learning rate": (setting("models.lite0.learning_rate", 0.01), of_model("lite0")),
    "a second model added": (configured(second_model), of_model("third")),
    "a model removed": (
        configured(lambda config: config["models"].pop("small")),
        {"compare_models", "write_submission"},
    ),
    "evaluation": (setting("evaluation.confidence", 0.9), JUDGE),
    "rules, ordered classes": (setting("rules.classes_ordered", True), JUDGE),
    "rules, metric": (setting("rules.metric", "macro_f1"), {"compare_models", "write_submission"}),
    "rules, size": (setting("rules.max_model_mb", 90), {"write_submission"}),
    "submission": (setting("submission.model", "small"), {"write_submission"}),
    "submission, what is written": (
        setting("submission.values", "name"),
        {"check_sample_file", "write_submission"},
    ),
    # code
    "a comment": (
        source("scripts/train_model.py", "import argparse", "import argparse  # x"),
        set(),
    ),
    "a docstring": (
        source(
            "scripts/zest/augment/recipe.py",
            "Draw which operations a copy gets",
            "Draw what it gets",
        ),
        set(),
    ),
    "a module that no stage uses": (appended("scripts/document_config.py", "\nNEW = 1\n"), set()),
    "a module of one stage": (appended("scripts/eda/charts.py", "\nNEW = 1\n"), {"eda_report"}),
    "a script": (
        appended("scripts/split_folds.py", "\nNEW = 1\n"),
        FROM_SPLIT,
    ),
    "a module of two stages": (
        appended("scripts/zest/engine/prediction.py", "\nNEW = 1\n"),
        FROM_TRAINING,
    ),
    "a module of fine-tunings alone": (
        appended("scripts/zest/engine/mixing.py", "\nNEW = 1\n"),
        of_model("lite0") | of_model("small"),
    ),
    "a module of nearly all stages": (
        appended("scripts/zest/images.py", "\nNEW = 1\n"),
        CATALOGS | IMAGES | AFTER_TRAINING_CATALOG | AFTER_TEST_CATALOG,
    ),
    "the template of a page": (
        appended("scripts/leaderboard/leaderboard.html.j2", "\n"),
        {"compare_models", "write_submission"},
    ),
    # files
    "a touched photo": (touched("photos/train_images/train_0003.jpg"), set()),
    "a touched script": (touched("scripts/train_model.py"), set()),
    "a touched result": (touched("results/tiny/split/folds.parquet"), set()),
    "a touched result of many megabytes": (
        touched("results/tiny/models/lite0/fold0/weights.pdparams"),
        set(),
    ),
    "a training photo replaced": (
        new_photo("train_images/train_0003.jpg"),
        {"catalog_training_photos"} | AFTER_TRAINING_CATALOG,
    ),
    "a training photo added": (
        new_photo("train_images/train_9999.jpg"),
        {"catalog_training_photos"} | AFTER_TRAINING_CATALOG,
    ),
    "a training photo removed": (
        removed("photos/train_images/train_0003.jpg"),
        {"catalog_training_photos"} | AFTER_TRAINING_CATALOG,
    ),
    "a test photo replaced": (
        new_photo("test_images/test_0003.jpg"),
        {"catalog_test_photos"} | AFTER_TEST_CATALOG,
    ),
    "the labels changed": (
        appended("photos/train_images.csv", "\n"),
        {"catalog_training_photos"} | AFTER_TRAINING_CATALOG,
    ),
    "the sample file changed": (
        appended("photos/sample_submit.csv", "\n"),
        {"catalog_test_photos", "check_sample_file"} | AFTER_TEST_CATALOG,
    ),
    # deleted results
    "the submission deleted": (
        removed("results/tiny/submission/submission.csv"),
        {"write_submission"},
    ),
    "the weights of a model deleted, whose results are there": (
        removed("results/tiny/models/small/fold0/weights.pdparams"),
        set(),
    ),
    "the weights of a model deleted, and all that was made of them": (
        removed(
            "results/tiny/models/small/fold0/weights.pdparams",
            "results/tiny/predictions/small",
            "results/tiny/evaluation/small",
            "results/tiny/leaderboard.csv",
        ),
        of_model("small"),
    ),
    "the report deleted": (removed("results/tiny/eda/report.html"), {"eda_report"}),
    "the curves of a model deleted": (
        removed("results/tiny/models/small/fold0/visualdl"),
        set(),
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_exactly_the_expected_jobs_run_again(project, name):
    edit, expected = EDITS[name]
    edit(project)
    assert planned_jobs(project) == expected


def test_another_command_line_with_the_same_configuration_runs_nothing_again(project):
    done = snakemake(project, "-n", "submission", "--config", "seed=0")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_verification_makes_nothing_again_whatever_has_changed(project):
    appended("scripts/zest/images.py", "\nNEW = 1\n")(project)
    setting("seed", 1)(project)
    removed("results/tiny/models", "results/tiny/images", "results/tiny/catalog")(project)
    assert planned_jobs(project, "submission") != set()
    assert planned_jobs(project, "verify_submission") == set()


def test_another_competition_starts_from_nothing_and_leaves_the_first_alone(project):
    setting("competition", "other")(project)
    expected = CATALOGS | IMAGES | AFTER_TRAINING_CATALOG | AFTER_TEST_CATALOG
    assert planned_jobs(project) == expected


def archived(project: Path) -> None:
    """Turn the photos into the archives that a contest hands out, and run the catalogs."""
    for name in ("train_images", "test_images"):
        folder = project / "photos" / name
        shutil.make_archive(str(folder), "zip", folder)
        shutil.rmtree(folder)
    done = snakemake(project, "-j2", *ARCHIVE_TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr


ARCHIVE_TARGETS = [f"results/tiny/catalog/{part}.parquet" for part in ("train", "test")]
FROM_ARCHIVES = {"extract_archives"} | CATALOGS


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda project: None, set()),
        (setting("data.on_problem", "continue"), CATALOGS),
        (appended("photos/train_images.csv", "\n"), FROM_ARCHIVES),
        (appended("photos/sample_submit.csv", "\n"), FROM_ARCHIVES),
        (touched("photos/train_images.csv"), set()),
        (setting("data.sample_submission", None), FROM_ARCHIVES),
    ],
    ids=["nothing", "on_problem", "labels changed", "sample changed", "touched", "no sample"],
)
def test_archives_are_extracted_again_only_when_something_in_them_or_beside_them_changes(
    project, edit, expected
):
    archived(project)
    edit(project)
    assert planned_jobs(project, *ARCHIVE_TARGETS) == expected


def test_a_demo_as_rendered_is_up_to_date_and_a_changed_photo_of_it_is_noticed(project):
    setting("data", {"kind": "demo", "root": "demo", "classes": "classes.csv"})(project)
    setting("demo", {"train_photos": 40, "test_photos": 4, "size": 64})(project)
    done = snakemake(project, "-j2", *ARCHIVE_TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project, *ARCHIVE_TARGETS) == set()
    Image.new("RGB", (64, 64)).save(project / "demo/test_images/test_0000.jpg")
    assert planned_jobs(project, *ARCHIVE_TARGETS) == {"catalog_test_photos"}
    setting("demo.size", 72)(project)
    assert planned_jobs(project, *ARCHIVE_TARGETS) == {"make_demo_data"} | CATALOGS


def test_a_file_of_the_users_own_that_is_replaced_by_an_older_one_is_noticed(project):
    ids = [path.name for path in sorted((project / "photos/train_images").iterdir())]
    folds = project / "folds.csv"
    folds.write_text("id,fold\n" + "".join(f"{name},{n % 4}\n" for n, name in enumerate(ids)))
    setting("split.file", "folds.csv")(project)
    done = snakemake(project, "-j2", "split_folds")
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project, "split_folds") == set()
    folds.write_text("id,fold\n" + "".join(f"{name},{n // 3 % 4}\n" for n, name in enumerate(ids)))
    os.utime(folds, (1, 1))
    assert planned_jobs(project, "split_folds") == {"split_folds"}


def test_named_targets_run_only_what_they_need(project):
    shutil.rmtree(project / "results")
    images = {"prepare_images 224 train", "prepare_images 224 test"}
    expected = CATALOGS | images | FEATURES | DUPLICATES | {"split_folds"} | REPORT
    assert planned_jobs(project, "eda_report") == expected
    setting("split.sessions", "none")(project)
    leaderboard = planned_jobs(project, "leaderboard")
    assert not any("test" in job for job in leaderboard)
    submission = planned_jobs(project, "submission")
    assert "eda_report" not in submission
    assert "write_submission" in submission
