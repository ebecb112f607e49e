"""The second stage: other photos, another sample file, the very models of the submission."""

import csv
import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT

import build_catalog
import write_second_stage
from catalog_folder import CFG
from submitted_folder import CONFIG, PROVENANCE, SUBMISSION, TEST_PHOTOS, call
from zest.errors import UserError
from zest.files import sha256

SCRIPT = PROJECT / "scripts/write_second_stage.py"
WEIGHTS = "models/small/fold1/weights.pdparams"
STAGE = {"sample_submission": "second.csv", "dummy_ids": ["dummy_*"], "values": "auto"}
CATALOG_PATH, ROOT = Path("second_stage/catalog.parquet"), Path("second")
HANDED_IN, PROVED = Path("second_stage/submission.csv"), Path("second_stage/provenance.json")


@pytest.fixture(autouse=True)
def new_photos(in_submitted) -> None:
    """The photos of the first stage under new names, the last one first, with a dummy row."""
    (ROOT / "test_images").mkdir(parents=True)
    for number in range(TEST_PHOTOS):
        source = f"photos/test_images/test_{number}.jpg"
        shutil.copy(source, ROOT / f"test_images/new_{number}.jpg")
    names = [f"new_{number}.jpg" for number in reversed(range(TEST_PHOTOS))]
    rows = "".join(f"{name}\t\t\r\n" for name in names)
    (ROOT / "second.csv").write_bytes(f"name\t1\t0\r\ndummy_1\t7\t7\r\n{rows}".encode())
    CATALOG_PATH.parent.mkdir()
    cfg = {**CFG, "sample_submission": "second.csv", "dummy_ids": ["dummy_*"]}
    outputs = ["--catalog", CATALOG_PATH, "--measures", "second_stage/measures.parquet"]
    outputs += ["--problems", "second_stage/problems.csv"]
    call(build_catalog, "test", "--cfg", json.dumps({"data": cfg}), "--root", ROOT, *outputs)


def arguments(first: Path = PROVENANCE) -> list:
    cfg = {"config": CONFIG, "second_stage": STAGE}
    found = ["--cfg", json.dumps(cfg), "--first", first, "--catalog", CATALOG_PATH]
    return [*found, "--root", ROOT, "--submission", HANDED_IN, "--provenance", PROVED]


def test_it_has_the_shape_of_its_own_sample_file_and_the_numbers_of_the_first_stage():
    call(write_second_stage, *arguments(), "--threads", 2)
    text = HANDED_IN.read_bytes().decode()
    assert text.count("\r\n") == text.count("\n") == TEST_PHOTOS + 2
    header, dummy, *rows = csv.reader(text.splitlines(), delimiter="\t")
    assert (header, dummy) == (["name", "1", "0"], ["dummy_1", "7", "7"])
    assert [row[0] for row in rows] == [f"new_{n}.jpg" for n in reversed(range(TEST_PHOTOS))]
    first = {row[0]: row[:0:-1] for row in csv.reader(SUBMISSION.read_text().splitlines()[1:])}
    expected = [first[row[0].replace("new", "test")] for row in rows]
    found = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(found, np.array(expected, float), atol=1e-5)


def test_its_provenance_names_both_stages(capsys):
    call(write_second_stage, *arguments())
    told = json.loads(PROVED.read_text())
    first = json.loads(PROVENANCE.read_text())
    assert told["submission_sha256"] == sha256(HANDED_IN)
    assert told["first_stage"] == {
        "submission_sha256": sha256(SUBMISSION),
        "provenance_sha256": sha256(PROVENANCE),
    }
    assert told["weights_sha256"] == first["weights_sha256"]
    assert told["sample_sha256"] == sha256(ROOT / "second.csv")
    assert told["data_sha256"] != first["data_sha256"]["test"]
    done = capsys.readouterr()
    assert f"model small, {TEST_PHOTOS} photos: second_stage/submission.csv" in done.out
    assert "warning" not in done.err


def test_other_settings_and_packages_than_those_of_the_first_stage_are_told(capsys):
    told = json.loads(PROVENANCE.read_text())
    told["packages"]["numpy"] = "1.0"
    told["config"]["rules"]["max_model_mb"] = 20
    PROVENANCE.write_text(json.dumps(told))
    call(write_second_stage, *arguments())
    warned = capsys.readouterr().err
    assert "and was 1.0" in warned
    assert "the configuration has changed: rules.max_model_mb" in warned


def test_a_worker_process_that_imports_the_script_runs_nothing_of_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments())])
    runpy.run_path(str(SCRIPT), run_name="__mp_main__")  # the name that multiprocessing gives it
    assert not HANDED_IN.exists()


@pytest.mark.parametrize("name", [WEIGHTS, "models/small/fold0/model.json"])
def test_models_that_have_changed_since_the_submission_are_refused(name):
    with open(name, "ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match=f"{name} has changed: .* not the models of the submission"):
        call(write_second_stage, *arguments())
    assert not HANDED_IN.exists()


def test_without_a_first_stage_it_says_how_to_make_one():
    with pytest.raises(UserError, match=r"none\.json: there is no such file. Make it first: sn"):
        call(write_second_stage, *arguments(Path("none.json")))


def test_a_photo_that_the_sample_file_asks_for_and_that_is_not_there_is_refused():
    with open(ROOT / "second.csv", "a") as file:
        file.write("late.jpg\t\t\r\n")
    with pytest.raises(UserError, match="late"):
        call(write_second_stage, *arguments())
    assert not PROVED.exists()
