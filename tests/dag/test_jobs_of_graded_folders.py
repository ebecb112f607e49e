"""`snakemake predict_folder` needs a model that passed its gate, and follows the photos."""

import csv
import shutil

from conftest import snakemake
from edits import new_photo, setting, touched

from dry_run import planned_jobs

GATE = ("export_paddle", "export_onnx", "check_parity")


def with_new_photos(project):
    shutil.copytree(project / "photos/test_images", project / "new photos")
    setting("deploy", {"models": ["small", "linear_probe"], "int8": False})(project)


def test_a_folder_is_graded_by_a_proven_model_and_again_when_its_photos_change(project):
    with_new_photos(project)
    setting("folder", "new photos")(project)
    gates = {f"{rule} {model}" for rule in GATE for model in ("small", "linear_probe")}
    assert planned_jobs(project, "predict_folder") == gates | {"predict_folder"}
    assert planned_jobs(project) == set()
    setting("submission.model", "small")(project)
    gate = {f"{rule} small" for rule in GATE}
    assert planned_jobs(project, "predict_folder") == gate | {"predict_folder"}

    setting("folder", None)(project)
    done = snakemake(project, "-j2", "predict_folder", "--config", "folder=new photos")
    assert done.returncode == 0, done.stdout + done.stderr
    photos = {path.name for path in (project / "new photos").iterdir()}
    (table,) = (project / "results/tiny/graded").glob("new_photos-*/predictions.csv")
    rows = list(csv.DictReader(table.open()))
    assert {row["photo"] for row in rows} == photos
    assert not list((project / "results/tiny/checkpoints").glob("graded/*"))

    setting("folder", "new photos")(project)
    assert planned_jobs(project, "predict_folder") == set()
    touched("new photos/test_0000.jpg")(project)
    assert planned_jobs(project, "predict_folder") == set()
    new_photo("../new photos/another.png")(project)
    assert planned_jobs(project, "predict_folder") == {"predict_folder"}
    setting("data.max_pixels", 90_000_000)(project)
    assert "predict_folder" in planned_jobs(project, "predict_folder")


def test_without_a_folder_there_is_nothing_to_grade(project):
    done = snakemake(project, "-n", "predict_folder")
    assert done.returncode == 2
    assert "predict_folder --config folder=PATH" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    done = snakemake(project, "-n", "predict_folder", "--config", "folder=nowhere")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
    assert "nowhere" in done.stderr


def test_a_folder_that_is_gone_is_in_the_way_of_its_grades_alone(project):
    setting("folder", "gone")(project)
    assert planned_jobs(project, "submission") == set()
    done = snakemake(project, "-n", "predict_folder")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
