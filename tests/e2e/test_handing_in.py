"""What a whole run hands in: its shape, where it comes from, its proof, and what is refused."""

import csv
import json
import shutil
from pathlib import Path

from conftest import snakemake
from edits import configure

from zest.contracts import HISTORY, TRAINSET, read_table
from zest.files import sha256

RESULTS = "results/tiny"


def test_the_submission_has_the_shape_of_the_sample_file(finished):
    sample = (finished / "photos/sample_submit.csv").read_text().splitlines()
    found = (finished / RESULTS / "submission/submission.csv").read_text().splitlines()
    assert found[0] == sample[0] == "id,class_num"
    assert [row.split(",")[0] for row in found] == [row.split(",")[0] for row in sample]
    assert {row.split(",")[1] for row in found[1:]} <= {"0", "1", "2", "3"}


def test_the_submission_says_where_it_comes_from(finished):
    folder = finished / RESULTS / "submission"
    told = json.loads((folder / "provenance.json").read_text())
    assert told["submission_sha256"] == sha256(folder / "submission.csv")
    (weights,) = told["weights_sha256"]
    assert told["weights_sha256"][weights] == sha256(finished / weights)
    assert told["model"] in weights
    assert told["command"] == "snakemake submission --configfile config/tiny.yaml"
    for hashes in ("weights_sha256", "model_json_sha256", "predictions_sha256"):
        assert {path: sha256(finished / path) for path in told[hashes]} == told[hashes]
    assert told["sample_sha256"] == sha256(finished / "photos/sample_submit.csv")
    assert {"train", "test"} == set(told["data_sha256"])
    assert "train_model.py" in told["code"]
    assert told["packages"]["paddlepaddle"]
    assert told["config"]["models"]["lite0"]["label_smoothing"] == 0.1


def test_the_submission_is_of_the_leader(finished):
    with open(finished / RESULTS / "leaderboard.csv") as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["accuracy"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    told = json.loads((finished / RESULTS / "submission/provenance.json").read_text())
    assert told["model"] == rows[0]["model"]


def verification(project: Path) -> dict:
    """Run `snakemake verify_submission`; return verification.json, as its exit code says."""
    done = snakemake(project, "-j2", "verify_submission")
    told = json.loads((project / RESULTS / "submission/verification.json").read_text())
    assert told["verified"] == (done.returncode == 0), done.stdout + done.stderr
    assert told["verdict"] in done.stdout
    return told


def test_a_submission_is_proved_from_the_photos_until_a_byte_of_it_or_of_the_weights_changes(
    project,
):
    for made in ("images", "features", "predictions", "evaluation", "trainset", "leaderboard.csv"):
        shutil.move(project / RESULTS / made, project / f"away_{made}")
    told = verification(project)
    assert told["verified"]
    assert told["warnings"] == []
    assert not (project / RESULTS / "images").exists()  # nothing is built for it

    submission = project / RESULTS / "submission/submission.csv"
    whole = submission.read_bytes()
    rows = whole.decode().splitlines()
    edited = rows[6][:-1] + str((int(rows[6][-1]) + 1) % 4)
    submission.write_text("\n".join([*rows[:6], edited, *rows[7:]]) + "\n")
    first = {"row": 7, "handed_in": edited, "predicted": rows[6]}
    assert verification(project)["first_difference"] == first
    submission.write_bytes(whole)

    (path,) = told["weights_sha256"]
    weights = bytearray((project / path).read_bytes())
    weights[len(weights) // 2] ^= 1
    (project / path).write_bytes(weights)
    (failure,) = verification(project)["failures"]
    assert failure.startswith(f"{path} has changed")


def test_a_sample_file_that_does_not_go_with_the_classes_stops_the_run_before_any_training(project):
    for part in ("models", "submission"):
        shutil.rmtree(project / RESULTS / part)
    sample = project / "photos/sample_submit.csv"
    sample.write_text("id,0,1\n" + sample.read_text().partition("\n")[2].replace(",", ",0,"))
    configure(project, split={"folds": 4, "train_folds": [0], "sessions": "none"})
    done = snakemake(project, "-j1", "submission")
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert "2 columns beside the id, and there are 4 classes (0, 1, 2, 3)" in told
    assert not (project / RESULTS / "models").exists()


def test_a_model_trained_on_all_photos_is_handed_in(project):
    configure(project, submission={"model": "small", "train_on": "all"})
    done = snakemake(project, "-j2", "submission")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((project / RESULTS / "submission/provenance.json").read_text())
    assert list(told["weights_sha256"]) == [f"{RESULTS}/models/small/foldall/weights.pdparams"]
    trainset = project / RESULTS / "trainset/plain/foldall/images.parquet"
    assert read_table(trainset, TRAINSET, columns=["image_id"]).num_rows == 48
    history = read_table(project / RESULTS / "models/small/foldall/history.parquet", HISTORY)
    assert history["val_accuracy"].null_count == history.num_rows == 2


def test_a_second_stage_is_predicted_by_the_same_models_and_trains_nothing(project):
    shutil.copytree(project / "photos/test_images", project / "later/test_images")
    shutil.copy(project / "photos/sample_submit.csv", project / "later/sample_submit.csv")
    (project / RESULTS / "trainset").rename(project / "gone")
    configure(project, second_stage={"root": "later"})
    done = snakemake(project, "-j2", "second_stage")
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (
        (project / RESULTS / stage / "submission.csv").read_bytes()
        for stage in ("submission", "second_stage")
    )
    assert second == first  # the same photos
    assert not (project / RESULTS / "trainset").exists()
    again = snakemake(project, "-n", "second_stage")
    assert "Nothing to be done" in again.stdout + again.stderr
    told = project / RESULTS / "submission/provenance.json"
    told.write_text(told.read_text() + " ")
    planned = snakemake(project, "-n", "second_stage")
    assert "write_second_stage" in planned.stdout


def test_a_submission_without_test_photos_is_refused(project):
    configure(project, data={"root": "photos", "classes": "classes.csv", "test_images": None})
    done = snakemake(project, "-n", "submission")
    assert done.returncode == 2
    assert "data.test_images" in done.stderr
    assert snakemake(project, "-n", "leaderboard").returncode == 0
