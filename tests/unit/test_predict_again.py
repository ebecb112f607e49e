"""The models of a submission predict other photos, from its provenance."""

import csv
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, run

import predict_again
from submitted_folder import PROVENANCE, TEST_PHOTOS, call
from zest.contracts import CATALOG, PREDICTIONS, probability_matrix, read_table, write_table
from zest.errors import UserError

SCRIPT = PROJECT / "scripts/predict_again.py"
WEIGHTS = "models/small/fold1/weights.pdparams"
ARGUMENTS = ["--provenance", PROVENANCE, "--root", "photos", "--out", "again.csv", "--catalog"]
CATALOG_PATH = "catalog/test.parquet"


pytestmark = pytest.mark.usefixtures("in_submitted")


def again() -> tuple[list[str], list[str], np.ndarray]:
    """The header, the ids and the probabilities of again.csv."""
    with open("again.csv", newline="") as file:
        header, *rows = csv.reader(file)
    return header, [row[0] for row in rows], np.array([row[1:] for row in rows], float)


def test_as_a_command_it_predicts_the_photos_as_the_submission_did():
    command = ["python", str(SCRIPT), *map(str, ARGUMENTS), CATALOG_PATH, "--threads", "2"]
    done = run(Path.cwd(), *command)
    assert done.returncode == 0, done.stderr
    tables = [
        read_table(f"predictions/small/fold{fold}/test.parquet", PREDICTIONS) for fold in (0, 1)
    ]
    header, ids, found = again()
    assert header == ["id", "0", "1"]
    assert ids == tables[0]["image_id"].to_pylist()
    stored = np.mean([probability_matrix(table) for table in tables], axis=0)
    np.testing.assert_allclose(found, stored, atol=1e-5)
    assert f"model small, {TEST_PHOTOS} photos: again.csv" in done.stdout


def test_a_part_of_the_photos_has_the_same_probabilities():
    table = read_table(CATALOG_PATH, CATALOG)
    write_table(table.slice(3, 5), "part.parquet", CATALOG)
    call(predict_again, *ARGUMENTS, CATALOG_PATH)
    _, every, whole = again()
    call(predict_again, *ARGUMENTS, "part.parquet")
    _, ids, found = again()
    assert ids == every[3:8]
    np.testing.assert_allclose(found, whole[3:8], atol=1e-5)


def test_a_worker_process_that_imports_the_script_runs_nothing_of_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x", *map(str, ARGUMENTS), CATALOG_PATH])
    runpy.run_path(str(SCRIPT), run_name="__mp_main__")  # the name that multiprocessing gives it
    assert not Path("again.csv").exists()


@pytest.mark.parametrize("name", [WEIGHTS, "models/small/fold0/model.json"])
def test_models_that_have_changed_since_the_submission_are_refused(name):
    with open(name, "ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match=f"{name} has changed: .* not the models of the submission"):
        call(predict_again, *ARGUMENTS, CATALOG_PATH)
    assert not Path("again.csv").exists()


def test_a_catalog_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"none\.parquet: there is no such file"):
        call(predict_again, *ARGUMENTS, "none.parquet")
