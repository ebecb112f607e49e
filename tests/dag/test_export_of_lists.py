"""`snakemake paddleclas_lists` needs the split alone, and follows the split alone."""

import shutil

import pytest
from edits import setting

from dry_run import planned_jobs

EXPORT = "export_paddleclas_lists 0"
TRUNK = "efficientnet_lite0-224-trunk"
DUPLICATES = {"prepare_images 224 train", f"extract_features {TRUNK} train", "find_duplicates"}


def test_the_lists_need_the_split_and_no_image_but_those_of_the_embedding(project):
    setting("split.sessions", "none")(project)
    shutil.rmtree(project / "results")
    needed = {"catalog_training_photos", "split_folds", EXPORT, *DUPLICATES}
    assert planned_jobs(project, "paddleclas_lists") == needed


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (setting("split.train_folds", [0, 2]), {EXPORT, "export_paddleclas_lists 2"}),
        (setting("split.folds", 3), {"split_folds", EXPORT}),
        (setting("models.lite0.epochs", 3), {EXPORT}),
        (setting("recipes.turned.balance", "none"), {EXPORT}),
    ],
    ids=["another fold trained", "number of folds", "a model", "a recipe"],
)
def test_there_are_lists_of_each_trained_fold_by_the_split_as_it_is(project, edit, expected):
    edit(project)
    assert planned_jobs(project, "paddleclas_lists") == expected


def test_they_are_no_part_of_what_is_made_without_being_asked_for(project):
    assert planned_jobs(project) == set()
