"""The pages on augmentation need the training sets of the models, no training, and follow them."""

import shutil

from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

TARGETS = ("augmentation_sheet", "augmentation_guard")
TRUNK = "efficientnet_lite0-224-trunk"
SHEETS = {"draw_augmentation_sheet plain 0", "draw_augmentation_sheet turned 0"}
GUARDS = {"find_left_labels plain 0", "find_left_labels turned 0"}
DUPLICATES = {"prepare_images 224 train", f"extract_features {TRUNK} train", "find_duplicates"}
FEATURES = {f"extract_training_features {TRUNK} {recipe} 0" for recipe in ("plain", "turned")}


def test_a_sheet_needs_the_training_set_alone_and_the_guard_its_features(project):
    setting("split.sessions", "none")(project)
    shutil.rmtree(project / "results")
    trainset = {"catalog_training_photos", "split_folds"} | DUPLICATES
    trainset |= {
        f"{stage} {recipe} 0"
        for stage in ("balance_fold", "augment_fold")
        for recipe in ("plain", "turned")
    }
    assert planned_jobs(project, "augmentation_sheet") == trainset | SHEETS
    assert planned_jobs(project, "augmentation_guard") == trainset | FEATURES | GUARDS


def test_they_are_of_the_first_trained_fold_and_of_the_recipes_that_models_use(project):
    setting("split.train_folds", [2, 0])(project)
    setting("models.lite0.recipe", "plain")(project)
    planned = planned_jobs(project, "augmentation_sheet")
    assert planned == {
        "balance_fold plain 2",
        "augment_fold plain 2",
        "draw_augmentation_sheet plain 2",
    }


def test_they_are_no_part_of_what_is_made_without_being_asked_for(project):
    assert planned_jobs(project) == set()


def test_once_made_they_follow_their_settings_and_the_recipe(project):
    done = snakemake(project, "-j2", *TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project, *TARGETS) == set()
    setting("models.lite0.epochs", 3)(project)
    assert planned_jobs(project, *TARGETS) == set()
    setting("augmentation.photos_per_class", 1)(project)
    assert planned_jobs(project, *TARGETS) == SHEETS
    setting("recipes.turned.operations", [{"rotate": {"degrees": 30}}])(project)
    assert planned_jobs(project, *TARGETS) == SHEETS | {
        "augment_fold turned 0",
        f"extract_training_features {TRUNK} turned 0",
        "find_left_labels turned 0",
    }
