"""The sample file is held against the classes before any training."""

import json

import pytest

import check_sample_file
from submitted_folder import call
from zest.errors import UserError

DATA = {"sample_submission": "s.csv", "dummy_ids": [], "id_column": "id", "label_column": "y"}


def form_of_sample(folder, sample: str | None, decode="argmax", values="auto") -> dict:
    """Run the script on a competition of two classes; return form.json."""
    (folder / "classes.csv").write_text("label,class_num,name,photos\n0,7,good,3\n1,9,bad,2\n")
    data = {**DATA, "sample_submission": sample and "s.csv"}
    if sample:
        (folder / "s.csv").write_text(sample)
    cfg = json.dumps({"data": data, "submission": {"decode": decode, "values": values}})
    arguments = ["--cfg", cfg, "--root", folder, "--classes", folder / "classes.csv"]
    call(check_sample_file, *arguments, "--out", folder / "form.json")
    return json.loads((folder / "form.json").read_text())


@pytest.mark.parametrize(
    ("sample", "columns", "values", "photos"),
    [
        ("id,class\na.jpg,7\nb.jpg,7\n", ["id", "class"], ["7", "9"], 2),
        ("id,class\na.jpg,bad\n", ["id", "class"], ["good", "bad"], 1),
        ("id,9,7\na.jpg,0,0\n", ["id", "9", "7"], "probabilities", 1),
        ("a.jpg,7\nb.jpg,7\n", None, ["7", "9"], 2),
        (None, ["id", "y"], ["7", "9"], None),
    ],
    ids=["numbers", "names", "probabilities", "no header", "no sample"],
)
def test_it_says_what_will_be_written(tmp_path, sample, columns, values, photos):
    told = form_of_sample(tmp_path, sample)
    assert told == {"columns": columns, "values": values, "photos": photos}


@pytest.mark.parametrize(
    ("sample", "settings", "told"),
    [
        ("id,7,9,11\na.jpg,0,0,0\n", {}, "3 columns beside the id, and there are 2 classes"),
        ("id,7,8\na.jpg,0,0\n", {}, r"columns \(7, 8\) are neither"),
        ("id,class\na.jpg,7\n", {"values": "probabilities"}, "submission.values is probabilities"),
        ("id,7,9\na.jpg,0,0\n", {"decode": "thresholds"}, "asks for probabilities"),
        ("id,class\n", {}, "a header, but no rows"),
    ],
)
def test_a_sample_that_does_not_go_with_the_classes_is_refused(tmp_path, sample, settings, told):
    with pytest.raises(UserError, match=told):
        form_of_sample(tmp_path, sample, **settings)
    assert not (tmp_path / "form.json").exists()


def test_a_value_that_is_no_class_is_told(tmp_path, capsys):
    form_of_sample(tmp_path, "id,class\na.jpg,8\n")
    assert "holds '8', which is no class (7, 9)" in capsys.readouterr().err
