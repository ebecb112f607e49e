"""What is handed in: folds averaged, nothing missing, within the limit, in the sample's shape."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from submission.averaging import average_folds, average_models
from submission.form import Form, form_of, thresholds_of
from write_submission import check_size, choose_weights, tell_classes_never_predicted
from zest.classes import ClassInfo
from zest.contracts import PREDICTIONS, write_table
from zest.errors import UserError
from zest.leader import choose_model, of_model

DATA = {
    "sample_submission": "sample.csv",
    "dummy_ids": ["dummy_*"],
    "id_column": "id",
    "label_column": "class_num",
}


def predictions(path, rows: dict[str, list[float]], fold: int = 0):
    table = pa.table(
        {
            "image_id": list(rows),
            "fold": pa.array([fold] * len(rows), pa.int32()),
            "label": pa.array([None] * len(rows), pa.int32()),
            "probabilities": pa.array(list(rows.values()), pa.list_(pa.float32())),
        }
    )
    write_table(table, path, PREDICTIONS)
    return path


def test_the_probabilities_of_the_folds_are_averaged(tmp_path):
    one = predictions(tmp_path / "0.parquet", {"a": [0.9, 0.1], "b": [0.2, 0.8]})
    two = predictions(tmp_path / "1.parquet", {"a": [0.3, 0.7], "b": [0.4, 0.6]}, 1)
    found = average_folds([one, two])
    assert list(found) == ["a", "b"]
    np.testing.assert_allclose(found["a"], [0.6, 0.4], rtol=1e-6)
    np.testing.assert_allclose(found["b"], [0.3, 0.7], rtol=1e-6)


@pytest.mark.parametrize("row", [[0.6, 0.6], [float("nan"), 1.0], [0.0, 0.0]])
def test_what_are_no_probabilities_is_refused_with_the_photo(tmp_path, row):
    path = predictions(tmp_path / "0.parquet", {"a": [0.5, 0.5], "b": row})
    with pytest.raises(UserError, match="the probabilities of b do not sum to one"):
        average_folds([path])


def test_folds_of_other_photos_are_refused(tmp_path):
    one = predictions(tmp_path / "0.parquet", {"a": [0.9, 0.1]})
    two = predictions(tmp_path / "1.parquet", {"b": [0.9, 0.1]})
    with pytest.raises(UserError, match="its photos are not those of"):
        average_folds([one, two])


def test_models_of_an_ensemble_are_averaged_by_their_weights(tmp_path):
    first = {"a": np.array([0.9, 0.1]), "b": np.array([0.2, 0.8])}
    second = {"b": np.array([0.4, 0.6]), "a": np.array([0.1, 0.9])}
    found = average_models({"x": first, "y": second}, {"x": 0.75, "y": 0.25})
    assert list(found) == ["a", "b"]
    np.testing.assert_allclose(found["a"], [0.7, 0.3])
    np.testing.assert_allclose(found["b"], [0.25, 0.75])
    alone = average_models({"x": first}, {"x": 1.0})
    assert alone["a"].tolist() == [0.9, 0.1]
    with pytest.raises(UserError, match="y and x have not predicted the same test photos"):
        average_models({"x": first, "y": {"a": second["a"]}}, {"x": 0.75, "y": 0.25})


def test_models_without_weight_are_not_handed_in(tmp_path):
    ways = {"greedy": {"weights": {"a": 0.25, "b": 0.0, "c": 0.75}}}
    ways["equal"] = {"weights": {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}}
    (tmp_path / "ensemble.json").write_text(json.dumps({"ways": ways}))
    assert choose_weights(tmp_path / "ensemble.json", "greedy") == {"a": 0.25, "c": 0.75}
    assert len(choose_weights(tmp_path / "ensemble.json", "equal")) == 3


def test_weights_over_the_limit_are_refused_all_folds_together(tmp_path):
    paths = weights_of(tmp_path, "a/fold0", "a/fold1")
    check_size(paths, 1.2)
    check_size(paths, None)
    with pytest.raises(UserError, match=r"rules.max_model_mb: the 2 weight files take 1.20 MB"):
        check_size(paths, 1.1)


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (["a/fold0", "a/fold1"], True),
        (["a/fold0", "b/fold0"], False),
        (["a/foldmerged"], False),
        (["a/foldall", "b/foldall"], False),
    ],
)
def test_where_the_models_of_several_folds_are_too_large_one_model_is_a_way_out(
    tmp_path, folders, told
):
    with pytest.raises(UserError) as error:
        check_size(weights_of(tmp_path, *folders), 0.5)
    assert ("submission.train_on: merged or all" in str(error.value)) == told


def weights_of(folder: Path, *models: str) -> list[Path]:
    """Files of 0.6 MB, for weights of models and folds."""
    paths = [folder / model / "weights.pdparams" for model in models]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(600_000))
    return paths


def test_the_model_is_the_first_of_the_leaderboard(tmp_path):
    (tmp_path / "leaderboard.csv").write_text("rank,model\n1,small\n2,large\n")
    assert choose_model(tmp_path / "leaderboard.csv") == "small"


def test_the_files_of_a_model_are_told_by_their_folder(tmp_path):
    paths = [tmp_path / model / "fold0" / "test.parquet" for model in ("a", "ab", "a")]
    assert of_model(paths, "a") == [paths[0], paths[2]]


def test_predictions_by_views_are_told_by_the_folder_of_the_fold(tmp_path):
    names = ("a", "flips", "fold0")  # what a model may be called too
    paths = [tmp_path / name / "foldall" / "flips" / "test.parquet" for name in names]
    assert [of_model(paths, name) for name in names] == [[path] for path in paths]


CLASSES = [ClassInfo(n, str(10 * n), name, 5) for n, name in enumerate(["bad", "fair", "good"])]
PHOTOS = {"a.jpg": np.array([0.1, 0.2, 0.7]), "b.jpg": np.array([0.25, 0.5, 0.25])}


LIKELIEST = Form(None, [], None, ["bad", "fair", "good"])


def written(folder, sample: str | None, photos=PHOTOS, values: str = "auto") -> str:
    """Write a submission in the shape of a sample file and return its text."""
    data = {**DATA, "sample_submission": None if sample is None else "sample.csv"}
    if sample is not None:
        (folder / "sample.csv").write_bytes(sample.encode())
    form = form_of({"data": data, "submission": {"values": values}}, folder, CLASSES)
    form.write(photos, folder / "out.csv")
    return (folder / "out.csv").read_bytes().decode()


def test_the_file_has_the_shape_of_the_sample_with_its_dummy_rows(tmp_path):
    found = written(tmp_path, "\ufeffb.jpg;0\r\ndummy_1;7\r\na.jpg;0\r\n")
    assert found == "\ufeffb.jpg;10\r\ndummy_1;7\r\na.jpg;20\r\n"


def test_a_photo_without_a_prediction_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(UserError, match=r"c\.jpg"):
        written(tmp_path, "id,class\na.jpg,0\nb.jpg,0\nc.jpg,0\n")
    assert not (tmp_path / "out.csv").exists()


def test_without_a_sample_the_columns_are_those_of_the_labels(tmp_path):
    photos = {"a,1.jpg": np.array([0.1, 0.2, 0.7])}
    assert written(tmp_path, None, photos) == 'id,class_num\n"a,1.jpg",20\n'
    found = written(tmp_path, None, photos, "probabilities")
    assert found == 'id,0,10,20\n"a,1.jpg",0.1,0.2,0.7\n'


@pytest.mark.parametrize("header", ["id,20,0,10", "id,good,bad,fair"])
def test_a_column_a_class_is_filled_with_its_probability_in_the_order_of_the_header(
    tmp_path, header
):
    found = written(tmp_path, f"{header}\nb.jpg,0,0,0\ndummy_1,1,2,3\na.jpg,0,0,0\n")
    assert found.splitlines() == [
        header,
        "b.jpg,0.25,0.25,0.5",
        "dummy_1,1,2,3",
        "a.jpg,0.7,0.1,0.2",
    ]


def test_columns_without_a_header_are_in_the_order_of_the_classes(tmp_path):
    found = written(tmp_path, "a.jpg,0,0,0\nb.jpg,0,0,0\n")
    assert found.startswith("a.jpg,0.1,0.2,0.7\n")


def test_where_the_sample_holds_names_of_classes_names_are_written(tmp_path):
    sample = "id,class\na.jpg,bad\nb.jpg,bad\ndummy_1,?\n"
    assert written(tmp_path, sample) == "id,class\na.jpg,good\nb.jpg,fair\ndummy_1,?\n"
    assert written(tmp_path, sample, values="class_num").splitlines()[1] == "a.jpg,20"


def test_a_small_probability_is_not_written_as_0(tmp_path):
    photos = {"a": np.array([3e-10, 0.5, 0.5])}
    assert "a,3e-10,0.5,0.5" in written(tmp_path, "id,0,10,20\na,0,0,0\n", photos)


def test_names_are_known_in_any_form_of_unicode_and_a_strange_value_is_told(tmp_path, capsys):
    classes = [ClassInfo(n, str(n), name, 5) for n, name in enumerate(["grün", "gelb"])]
    data = {**DATA, "sample_submission": "sample.csv"}
    cfg = {"data": data, "submission": {"values": "auto"}}
    for value, expected in (("gru\u0308n", "name"), ("grün?", "class_num")):
        (tmp_path / "sample.csv").write_text(f"id,class\na.jpg,{value}\n")
        names = form_of(cfg, tmp_path, classes).names
        assert names == (["grün", "gelb"] if expected == "name" else ["0", "1"])
    assert "holds 'grün?', which is no class (0, 1); numbers are written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sample", "values", "told"),
    [
        (
            "id,0,10\na.jpg,0,0\nb.jpg,0,0\n",
            "auto",
            "2 columns beside the id, and there are 3 classes",
        ),
        ("id,0,10,30\na.jpg,0,0,0\nb.jpg,0,0,0\n", "auto", r"columns \(0, 10, 30\) are neither"),
        ("id,class\na.jpg,0\nb.jpg,0\n", "probabilities", "submission.values is probabilities"),
        ("id,0,10,20\na.jpg,0,0,0\nb.jpg,0,0,0\n", "class_num", "submission.values is class_num"),
    ],
)
def test_a_sample_that_does_not_go_with_the_classes_is_refused(tmp_path, sample, values, told):
    with pytest.raises(UserError, match=told):
        written(tmp_path, sample, values=values)


def test_ordered_classes_are_chosen_by_thresholds_of_the_expected_grade(tmp_path):
    photos = {"a.jpg": np.array([0.4, 0.25, 0.35])}  # expected grade 0.95
    decodings = tmp_path / "small" / "decodings.json"
    decodings.parent.mkdir()
    decodings.write_text('{"thresholds": [0.3, 0.9]}')
    other = tmp_path / "large" / "decodings.json"

    def chosen(decode: str) -> int:
        thresholds = thresholds_of(decode, [other, decodings], "small", 3)
        return dataclasses.replace(LIKELIEST, thresholds=thresholds).label(photos["a.jpg"])

    assert [chosen(decode) for decode in ("argmax", "expected_cost", "thresholds")] == [0, 1, 2]
    decodings.write_text("null")
    with pytest.raises(UserError, match="too few photos"):
        chosen("thresholds")


def test_a_class_is_not_chosen_where_the_sample_asks_for_probabilities(tmp_path):
    (tmp_path / "sample.csv").write_text("id,0,10,20\na.jpg,0,0,0\n")
    cfg = {"data": {**DATA, "sample_submission": "sample.csv"}, "submission": {"values": "auto"}}
    with pytest.raises(UserError, match="the sample file asks for probabilities"):
        form_of(cfg, tmp_path, CLASSES, np.array([0.5, 1.5]))


def test_a_class_that_is_never_predicted_is_told(capsys):
    tell_classes_never_predicted(LIKELIEST, PHOTOS, CLASSES)
    assert "no test photo is predicted to be of 0 bad." in capsys.readouterr().err
    tell_classes_never_predicted(LIKELIEST, {**PHOTOS, "c.jpg": np.array([0.9, 0.1, 0])}, CLASSES)
    assert capsys.readouterr().err == ""
