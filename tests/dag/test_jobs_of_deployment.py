"""A deployment makes what its settings ask for, and trains nothing for it."""

import shutil

import pytest
from conftest import snakemake
from edits import setting

from dry_run import planned_jobs

MODELS = ("linear_probe", "lite0", "small")
OF_EACH = {"export_paddle", "export_onnx", "check_parity", "measure_exports", "check_shortcuts"}
OF_EACH |= {"write_bundle"}


def jobs_of(models: tuple, *more: str) -> set[str]:
    return {f"{job} {model}" for job in OF_EACH | set(more) for model in models}


def test_every_model_is_exported_proved_measured_and_packed(project):
    page = {"write_deployment_page"}
    assert planned_jobs(project, "deploy") == page | jobs_of(MODELS, "quantise_onnx")
    assert planned_jobs(project) == set()  # and none of it without being asked for


def test_only_what_is_listed_is_deployed_and_no_other_model_is_needed(project):
    setting("deploy", {"models": ["small"], "int8": False})(project)
    shutil.rmtree(project / "results/tiny/models/lite0")
    page = {"write_deployment_page"}
    assert planned_jobs(project, "deploy") == page | jobs_of(("small",))


def test_a_submission_that_is_trained_on_all_photos_is_what_is_deployed(project):
    setting("submission", {"model": "small", "train_on": "all"})(project)
    planned = planned_jobs(project, "deploy")
    assert "train_model small all" in planned
    assert jobs_of(("small",), "quantise_onnx") <= planned
    assert not planned & jobs_of(("lite0", "linear_probe"))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("deploy.models", ["smal"], "deploy.models: there is no model 'smal'"),
        ("deploy", {"precision": "int8", "int8": False}, "deploy.precision: int8 is not made"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(project, key, value, told):
    setting(key, value)(project)
    done = snakemake(project, "-n", "deploy")
    assert done.returncode == 2
    assert told in done.stderr


def test_a_deployed_model_follows_the_settings_of_its_deployment(project):
    setting("deploy", {"models": ["small"]})(project)
    done = snakemake(project, "-j2", "deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project, "deploy") == set()
    page = {"write_deployment_page"}
    setting("rules.max_latency_ms", 1e6)(project)
    assert planned_jobs(project, "deploy") == page | {
        "measure_exports small",
        "write_bundle small",
    }
    setting("rules.max_latency_ms", None)(project)
    setting("deploy.examples", 3)(project)
    assert planned_jobs(project, "deploy") == {"write_bundle small"}
    setting("deploy.examples", 8)(project)
    setting("deploy.threads", 2)(project)
    assert planned_jobs(project, "deploy") == page | {
        "measure_exports small",
        "write_bundle small",
    }
    setting("deploy.threads", 1)(project)
    setting("deploy.tolerance", 1e-4)(project)
    assert planned_jobs(project, "deploy") == page | {"check_parity small", "write_bundle small"}
    setting("deploy.tolerance", 1e-5)(project)
    setting("deploy.precision", "int8")(project)
    assert planned_jobs(project, "deploy") == page | {
        *("measure_exports small", "check_shortcuts small", "write_bundle small")
    }
    setting("deploy.precision", "float32")(project)
    setting("deploy.int8_tolerance", 0.01)(project)
    assert planned_jobs(project, "deploy") == page | {
        f"{job} small"
        for job in OF_EACH - {"export_paddle", "export_onnx", "check_shortcuts"} | {"quantise_onnx"}
    }
