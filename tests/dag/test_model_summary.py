"""`snakemake model_summary` can be asked before anything is trained, and follows the settings."""

import shutil

import yaml

from dry_run import planned_jobs

NEEDED = {
    "catalog_training_photos",
    "split_folds",
    "balance_fold plain 0",
    "balance_fold turned 0",
    "summarise_models",
}


def summary_after(project, model, **settings):
    path = project / "config/tiny.yaml"
    config = yaml.safe_load(path.read_text())
    config["models"].setdefault(model, {}).update(settings)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return planned_jobs(project, "model_summary")


def test_the_summary_needs_the_number_of_rows_and_no_image(project):
    shutil.rmtree(project / "results")
    assert planned_jobs(project, "model_summary") == NEEDED


def test_the_code_of_a_layer_of_the_users_own_belongs_to_it(project):
    own = project / "mine.py"
    own.write_text("width = 1\n")
    summary_after(project, "own", architecture="mine.Net", pretrained=False, recipe="plain")
    before = {"summarise_models"}
    assert planned_jobs(project, "model_summary") == before
