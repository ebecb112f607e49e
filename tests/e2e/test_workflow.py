"""The workflow as a user runs it: one command from photos to a submission, and what can go
wrong."""

import ast
import csv
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import PROJECT, TARGETS, run, snakemake
from edits import configure

from zest.classes import read_classes
from zest.contracts import HISTORY, PREDICTIONS, TRAINSET, read_table
from zest.files import sha256

RESULTS = "results/tiny"


MODELS = ("lite0", "small", "linear_probe")


def test_the_same_run_with_one_job_at_a_time_gives_the_same_bytes(finished, tmp_path):
    again = Path(shutil.copytree(finished, tmp_path / "zest"))
    shutil.rmtree(again / "results")
    shutil.rmtree(again / ".snakemake")
    done = snakemake(again, "-j1", *TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    files = ["submission/submission.csv", "submission/provenance.json", "submission/form.json"]
    files += ["leaderboard.csv", "leaderboard.html", "eda/report.html"]
    files += [f"trainset/{name}/fold0/images.parquet" for name in ("plain", "turned")]
    for model in MODELS:
        files += [f"predictions/{model}/fold0/{part}.parquet" for part in ("val", "test")]
        files += [f"models/{model}/fold0/weights.pdparams"]
    for name in files:
        assert sha256(again / RESULTS / name) == sha256(finished / RESULTS / name), name


def test_predictions_are_probabilities_of_the_photos_that_training_never_saw(finished):
    for model, recipe in (("lite0", "turned"), ("small", "plain"), ("linear_probe", "plain")):
        folder = finished / RESULTS / "predictions" / model / "fold0"
        table = read_table(folder / "val.parquet", PREDICTIONS)
        rows = np.array(table["probabilities"].to_pylist())
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
        trainset = finished / RESULTS / f"trainset/{recipe}/fold0/images.parquet"
        seen = set(read_table(trainset, TRAINSET, columns=["image_id"])["image_id"].to_pylist())
        predicted = set(table["image_id"].to_pylist())
        assert len(predicted) == 12
        assert not seen & predicted
        assert len(seen | predicted) == 48


def test_the_last_validation_of_the_training_is_the_score_of_the_stored_weights(finished):
    for model in MODELS:
        folder = finished / RESULTS / "models" / model / "fold0"
        last = read_table(folder / "history.parquet", HISTORY).to_pylist()[-1]
        told = json.loads((finished / RESULTS / f"evaluation/{model}/scores.json").read_text())
        assert told["scores"]["accuracy"]["value"] == pytest.approx(last["val_accuracy"])
        assert told["scores"]["log_loss"]["value"] == pytest.approx(last["val_loss"], rel=1e-4)


def test_every_epoch_is_told_on_the_terminal_and_in_the_log(project):
    shutil.rmtree(project / RESULTS / "models/small")
    shutil.rmtree(project / RESULTS / "predictions/small")
    done = snakemake(project, "-j2", f"{RESULTS}/predictions/small/fold0/val.parquet")
    line = "[small fold 0] epoch 2/2: 32 px, loss "
    assert line in done.stdout + done.stderr
    log = (project / RESULTS / "logs/train_model/small-0.log").read_text()
    told = log[log.index(line) :].splitlines()[0]
    for part in ("validation loss", "accuracy", "photos/s", "left"):
        assert part in told


def test_students_cached_layers_and_sweeps_run_to_the_leaderboard(project):
    with open(project / "config/tiny.yaml") as file:
        models = yaml.safe_load(file)["models"]
    models["student"] = {**models["small"], "distillation": {"teacher": "lite0"}, "epochs": 1}
    models["cached"] = {**models["lite0"], "frozen": 12, "cache_frozen": True, "replicas": 1}
    models["student"]["recipe"] = "turned"
    sweep = {"model": "small", "keys": {"learning_rate": [0.01]}}
    configure(project, models=models, sweeps={"rates": sweep})
    done = snakemake(project, "-j2", "leaderboard", "model_summary", "find_learning_rate")
    assert done.returncode == 0, done.stdout + done.stderr
    with open(project / RESULTS / "leaderboard.csv") as file:
        ranked = {row["model"] for row in csv.DictReader(file)}
    assert ranked == {*MODELS, "student", "cached", "rates-learning_rate=0.01"}
    with open(project / RESULTS / "models/summary.csv") as file:
        told = {row["model"] for row in csv.DictReader(file)}
    assert told == {*MODELS, "student", "cached"}
    assert (project / RESULTS / "learning_rate/small.png").exists()


def test_the_five_lines_of_the_readme_predict_as_the_workflow_does(finished):
    blocks = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    (lines,) = [block for block in blocks if "TrainedModel" in block]
    lines = lines.replace("results/demo", RESULTS).replace("data/demo", "photos")
    done = run(finished, "python", "-c", lines)
    assert done.returncode == 0, done.stderr
    table = read_table(finished / RESULTS / "predictions/lite0/fold0/test.parquet", PREDICTIONS)
    row = table["image_id"].to_pylist().index("test_0000.jpg")
    told = [
        float(number) for number in re.findall(r"\d\.[\de+-]+", done.stdout.rpartition("[[")[2])
    ]
    expected = table["probabilities"].to_pylist()[row]
    np.testing.assert_allclose(told, expected, atol=1e-4)
    names = [one.name for one in read_classes(finished / RESULTS / "catalog/classes.csv")]
    assert done.stdout.splitlines()[-1].startswith(names[int(np.argmax(expected))])


def test_visualdl_shows_the_curves(finished):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--logdir", RESULTS + "/models", "--port", str(port), "--language", "en"]
    command = [Path(sys.executable).with_name("visualdl"), *arguments]
    server = subprocess.Popen(
        command, cwd=finished, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        page = fetch(f"http://127.0.0.1:{port}/app", server)
        assert "VisualDL" in page
        tags = fetch(f"http://127.0.0.1:{port}/app/api/scalar/tags", server)
        assert "validation/accuracy" in tags
        assert "lite0 fold 0" in tags
    finally:
        server.kill()


def fetch(address: str, server: subprocess.Popen) -> str:
    """Return a page of a server that may still be starting."""
    for _ in range(120):
        assert server.poll() is None, server.stdout.read()
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{address} does not answer")


def test_a_typo_ends_with_exit_code_2_and_names_the_key(project):
    configure(project, models={"lite0": {"lable_smoothing": 0.1}})
    done = snakemake(project, "-n")
    assert done.returncode == 2
    assert (
        "models.lite0.lable_smoothing: unknown key; did you mean 'label_smoothing'?" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_a_folder_that_does_not_exist_ends_with_exit_code_2_and_names_the_key(project):
    configure(project, data={"root": "fotos"})
    done = snakemake(project, "-n")
    assert done.returncode == 2
    assert "data.root: there is no folder or archive fotos" in done.stderr


def test_a_demo_is_never_rendered_over_photos_of_the_user(project):
    (project / "photos/rendered.json").unlink()
    configure(project, data={"kind": "demo", "root": "photos"})
    done = snakemake(project, "-j2", "all")
    assert done.returncode == 2
    assert "data.kind: demo would render its photos over the files in photos" in done.stderr
    assert (project / "photos/train_images.csv").exists()


def test_a_broken_photo_stops_the_run_is_named_and_nothing_is_taken_for_finished(project):
    photo = project / "photos/train_images/train_0007.jpg"
    whole = photo.read_bytes()
    photo.write_bytes(whole[: len(whole) // 2])
    done = snakemake(project, "-j2", "all")
    assert done.returncode == 1
    assert "train_images.csv, row 9: train_0007.jpg: " in done.stdout + done.stderr
    assert not (project / RESULTS / "catalog/train.parquet").exists()
    photo.write_bytes(whole)
    planned = snakemake(project, "-n", "all")
    assert "catalog_training_photos" in planned.stdout


def test_a_broken_test_photo_stops_the_run_before_any_training(project):
    (project / "photos/test_images/test_0003.jpg").write_bytes(b"")
    configure(project, data={"root": "photos", "classes": "classes.csv", "on_problem": "continue"})
    done = snakemake(project, "-j2", f"{RESULTS}/catalog/test.parquet")
    assert done.returncode == 1
    assert "test_0003.jpg: the file is empty" in done.stdout + done.stderr
    assert not (project / RESULTS / "catalog/test.parquet").exists()
    with open(project / RESULTS / "catalog/test_problems-stopped.csv") as file:
        assert [row["image_id"] for row in csv.DictReader(file)] == ["test_0003.jpg"]
    planned = snakemake(project, "-n", "submission")
    assert "catalog_test_photos" in planned.stdout


def test_an_archive_gives_the_catalog_of_its_folder(project):
    with zipfile.ZipFile(project / "contest.zip", "w") as archive:
        for path in sorted((project / "photos").rglob("*")):
            archive.write(path, path.relative_to(project / "photos"))
    configure(project, competition="zipped", data={"root": "contest.zip", "classes": "classes.csv"})
    parts = [f"results/zipped/catalog/{part}.parquet" for part in ("train", "test")]
    done = snakemake(project, "-j2", *parts)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("train", "test"):
        zipped = sha256(project / f"results/zipped/catalog/{part}.parquet")
        assert zipped == sha256(project / RESULTS / f"catalog/{part}.parquet")


@pytest.mark.parametrize("script", sorted((PROJECT / "scripts").glob("*.py")), ids=lambda p: p.name)
def test_every_script_explains_its_arguments(script):
    done = run(PROJECT, "python", str(script.relative_to(PROJECT)), "--help")
    assert done.returncode == 0, done.stderr
    arguments = [
        call
        for call in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument"
    ]
    assert arguments
    for call in arguments:
        name = ast.literal_eval(call.args[0])
        (told,) = [word.value for word in call.keywords if word.arg == "help"] or [None]
        assert told is not None, f"{name} has no help"
        assert isinstance(told, ast.JoinedStr) or ast.literal_eval(told).strip(), name
        assert name in done.stdout
