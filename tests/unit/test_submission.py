"""What is handed in: folds averaged, nothing missing, within the limit, in the sample's shape."""

import csv

import numpy as np
import pyarrow as pa
import pytest

from write_submission import (
    average_folds,
    check_size,
    choose_model,
    of_model,
    write_submission,
)
from zest.contracts import PREDICTIONS, write_table
from zest.errors import UserError

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


def test_weights_over_the_limit_are_refused_all_folds_together(tmp_path):
    for fold in (0, 1):
        (tmp_path / f"{fold}.pdparams").write_bytes(bytes(600_000))
    paths = [tmp_path / "0.pdparams", tmp_path / "1.pdparams"]
    check_size(paths, 1.2)
    check_size(paths, None)
    with pytest.raises(UserError, match=r"rules.max_model_mb: the 2 weight files take 1.20 MB"):
        check_size(paths, 1.1)


def test_the_model_is_the_first_of_the_leaderboard(tmp_path):
    (tmp_path / "leaderboard.csv").write_text("rank,model\n1,small\n2,large\n")
    assert choose_model(tmp_path / "leaderboard.csv") == "small"


def test_the_files_of_a_model_are_told_by_their_folder(tmp_path):
    paths = [tmp_path / model / "fold0" / "test.parquet" for model in ("a", "ab", "a")]
    assert of_model(paths, "a") == [paths[0], paths[2]]


def test_the_file_has_the_shape_of_the_sample_with_its_dummy_rows(tmp_path):
    (tmp_path / "sample.csv").write_bytes("\ufeffb.jpg;0\r\ndummy_1;7\r\na.jpg;0\r\n".encode())
    write_submission({"a.jpg": "2", "b.jpg": "3"}, DATA, tmp_path, tmp_path / "out.csv")
    expected = "\ufeffb.jpg;3\r\ndummy_1;7\r\na.jpg;2\r\n".encode()
    assert (tmp_path / "out.csv").read_bytes() == expected


def test_a_photo_without_a_prediction_is_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "sample.csv").write_text("id,class\na.jpg,0\nb.jpg,0\n")
    with pytest.raises(UserError, match=r"b\.jpg"):
        write_submission({"a.jpg": "2"}, DATA, tmp_path, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_without_a_sample_the_columns_are_those_of_the_labels(tmp_path):
    data = {**DATA, "sample_submission": None}
    write_submission({"a,1.jpg": "2"}, data, tmp_path, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="") as file:
        assert list(csv.reader(file)) == [["id", "class_num"], ["a,1.jpg", "2"]]
