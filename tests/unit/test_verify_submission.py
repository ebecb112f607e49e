"""The proof of a submission: it holds for what the models predict, and for nothing else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import verify_submission
from submission.differences import changed_values, compare_rows
from submission.prediction import Member, members_of
from submission.verification import predicted_file
from submitted_folder import CONFIG, PROVENANCE, SUBMISSION, call
from zest.command import VARIABLE
from zest.contracts import CATALOG, read_table, write_table
from zest.errors import UserError
from zest.files import sha256

VERIFICATION = Path("submission/verification.json")
WEIGHTS = "models/small/fold1/weights.pdparams"


pytestmark = pytest.mark.usefixtures("in_submitted")


def verify(config: dict = CONFIG) -> dict:
    """Run the script; return verification.json, whose verdict is that of the exit code."""
    arguments = ["--cfg", json.dumps(config), "--root", "photos", "--catalog"]
    arguments += ["catalog/test.parquet", "--submission", SUBMISSION, "--provenance", PROVENANCE]
    code = 0
    try:
        call(verify_submission, *arguments, "--threads", 1, "--out", VERIFICATION)
    except SystemExit as end:
        code = end.code
    told = json.loads(VERIFICATION.read_text())
    assert told["verified"] == (code == 0)
    assert told["verdict"].startswith("Verified: " if code == 0 else "Not verified: ")
    return told


def test_a_submission_is_proved_by_the_photos_and_the_weights_alone(capsys):
    Path("images.parquet").unlink()
    Path("catalog/classes.csv").unlink()
    told = verify()
    assert told["verified"]
    assert told["failures"] == told["warnings"] == []
    assert told["predicted_sha256"] == told["handed_in_sha256"] == sha256(SUBMISSION)
    assert told["largest_difference_of_probabilities"] == 0
    assert len({row.split(",")[1] for row in SUBMISSION.read_text().split()}) > 10
    assert "Verified: small predicts of 18 photos, byte by byte" in capsys.readouterr().out


def test_without_the_stored_predictions_it_is_proved_as_well():
    shutil.rmtree("predictions")
    told = verify()
    assert told["verified"]
    assert told["largest_difference_of_probabilities"] is None


def test_an_edited_row_is_named_with_both_values():
    rows = SUBMISSION.read_text().splitlines()
    was = rows[4]
    rows[4] += "1"  # the tenth digit of a probability
    SUBMISSION.write_text("\n".join(rows) + "\n")
    told = verify()
    assert told["first_difference"] == {"row": 5, "handed_in": rows[4], "predicted": was}
    assert told["rows_that_differ"] == 1
    assert told["failures"][0].startswith("submission/submission.csv has changed")
    assert told["failures"][1].startswith(
        f"submission/submission.csv, row 5: {rows[4]!r} is handed in, and predicted is {was!r}"
    )


def test_a_file_and_a_hash_that_were_both_edited_are_found_by_predicting():
    SUBMISSION.write_text(SUBMISSION.read_text() + "extra.jpg,0,1\n")
    provenance = json.loads(PROVENANCE.read_text())
    provenance["submission_sha256"] = sha256(SUBMISSION)
    PROVENANCE.write_text(json.dumps(provenance))
    told = verify()
    assert told["first_difference"]["handed_in"] == "extra.jpg,0,1"
    assert told["first_difference"]["predicted"] is None


@pytest.mark.parametrize("file", [WEIGHTS, WEIGHTS.replace("weights.pdparams", "model.json")])
def test_a_changed_byte_of_a_model_is_a_failure_that_names_the_file(file):
    data = bytearray(Path(file).read_bytes())
    data[len(data) // 2] ^= 1
    Path(file).write_bytes(data)
    told = verify()
    assert [failure.split(":")[0] for failure in told["failures"]] == [f"{file} has changed"]
    assert told["predicted_sha256"] is None  # which nothing could be learned from


def test_missing_weights_are_a_failure_that_names_the_file():
    Path(WEIGHTS).unlink()
    assert verify()["failures"] == [f"{WEIGHTS} is missing"]


def test_a_changed_and_a_missing_photo_are_named():
    photos = sorted(Path("photos/test_images").iterdir())
    Image.new("RGB", Image.open(photos[2]).size).save(photos[2])
    photos[5].unlink()
    told = verify()
    assert told["failures"][0].startswith(f"{photos[2]} has changed")
    assert told["failures"][1] == f"{photos[5]} is missing"
    assert len(told["failures"]) == 2


def test_a_catalog_of_other_photos_is_no_proof():
    catalog = read_table("catalog/test.parquet", CATALOG)
    write_table(catalog.slice(1), "catalog/test.parquet", CATALOG)
    assert "the catalog lists other test photos" in verify()["failures"][0]


def test_a_changed_sample_file_is_named():
    sample = Path("photos/sample_submit.csv")
    sample.write_text(sample.read_text().replace("id,", "photo,"))
    assert verify()["failures"][0].startswith("photos/sample_submit.csv has changed")


def test_other_code_packages_and_settings_are_told_and_the_bytes_decide(capsys):
    provenance = json.loads(PROVENANCE.read_text())
    provenance["code"]["predict.py"] = "other"
    provenance["packages"]["numpy"] = "1.0"
    PROVENANCE.write_text(json.dumps(provenance))
    told = verify({**CONFIG, "rules": {"max_model_mb": 5}})
    assert told["verified"]
    code, package, config = told["warnings"]
    assert code == "the code has changed of predict.py"
    assert package.endswith(", and was 1.0")
    assert config == "the configuration has changed: rules.max_model_mb"
    assert f"warning: {code}" in capsys.readouterr().err


def test_a_network_of_ones_own_whose_code_has_changed_is_named():
    provenance = json.loads(PROVENANCE.read_text())
    assert "small_cnn" not in provenance["code"]
    Path("nets.py").write_text("class Net: width = 8  # as before\n")
    assert verify()["warnings"] == []
    Path("nets.py").write_text("class Net: width = 16\n")
    assert verify()["warnings"] == ["the code has changed of nets.Net"]


def test_the_packages_that_a_submission_depends_on_are_recorded():
    recorded = json.loads(PROVENANCE.read_text())["packages"]
    assert {"python", "numpy", "paddlepaddle", "scikit-learn", "scipy"} <= recorded.keys()


@pytest.mark.parametrize("path", [SUBMISSION, PROVENANCE, Path("catalog/test.parquet")])
def test_without_a_file_it_says_how_to_make_it_and_no_old_verdict_is_left(path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "--configfile config/lemon.yaml")
    VERIFICATION.write_text('{"verified": true}')
    path.unlink()
    with pytest.raises(UserError, match=f"{path}: there is no such file. .*config/lemon.yaml"):
        verify()
    assert not VERIFICATION.exists()


@pytest.mark.parametrize(
    ("text", "told"), [("{}", "it has no code, config"), ("[", "not the JSON"), ("[]", "JSON")]
)
def test_a_provenance_that_is_none_is_refused(text, told):
    PROVENANCE.write_text(text)
    with pytest.raises(UserError, match=told):
        verify()


def test_a_class_is_chosen_by_the_thresholds_of_the_provenance():
    provenance = json.loads(PROVENANCE.read_text())
    ids = read_table("catalog/test.parquet", CATALOG)["image_id"].to_pylist()
    probabilities = dict.fromkeys(ids, np.array([0.6, 0.4]))
    sample = "".join(f"{one},0\n" for one in ids)
    Path("photos/sample_submit.csv").write_text(f"id,class_num\n{sample}")
    members = members_of(provenance)

    def values(thresholds) -> set[str]:
        told = {**provenance, "thresholds": thresholds}
        rows = predicted_file(told, members, Path("photos"), probabilities).decode().split()
        return {row.split(",")[1] for row in rows[1:]}

    assert values(None) == {"0"}
    assert values([0.3]) == {"1"}


def test_the_models_of_an_ensemble_have_their_shares():
    paths = [f"models/{model}/fold{fold}/weights.pdparams" for model in "ab" for fold in (0, 1)]
    told = {"model": "ensemble", "model_weights": {"a": 0.75, "b": 0.25}}
    told["config"] = {"submission": {"tta": "flips"}}
    members = members_of({**told, "weights_sha256": dict.fromkeys(paths, "")})
    assert members == [
        Member("a", 0.75, [Path(path) for path in paths[:2]], "flips"),
        Member("b", 0.25, [Path(path) for path in paths[2:]], "flips"),
    ]


def test_lines_that_differ_in_their_ends_alone_differ():
    assert compare_rows(b"a,1\nb,2\n", b"a,1\nb,2\n") == (0, None)
    count, first = compare_rows(b"a,1\r\nb,2", b"a,1\nb,2")
    assert (count, *first) == (1, 1, "a,1\r\n", "a,1\n")


def test_values_that_appear_change_or_go_are_named_by_their_place():
    then = {"a": {"b": 1, "gone": 2}, "same": [1]}
    assert changed_values(then, {"a": {"b": 3}, "same": [1], "new": None}) == [
        "a.b",
        "a.gone",
        "new",
    ]
