"""Test photos get the label that a teacher is sure of, and none of them is a validation photo."""

import json
import sys
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

import label_test_photos
from label_test_photos import label_photos, like_validation, tell, warnings
from zest.classes import ClassInfo
from zest.contracts import (
    CATALOG,
    FOLDS,
    PAIRS,
    PREDICTIONS,
    PSEUDO_LABELS,
    read_table,
    write_table,
)
from zest.errors import UserError

CLASSES = [ClassInfo(0, "0", "good", 2), ClassInfo(1, "1", "bad", 2)]


def sure(rows: list[list[float]], least: float) -> list[bool]:
    return label_photos(np.array(rows, np.float32), least)[2].tolist()


def test_a_photo_is_sure_whose_likeliest_class_is_as_probable_as_asked_for():
    labels, probability, taken = label_photos(
        np.array([[0.1, 0.9, 0], [0.3, 0.2, 0.5], [0.05, 0, 0.95]], np.float32), 0.9
    )
    assert labels.tolist() == [1, 2, 2]
    np.testing.assert_array_equal(probability, np.array([0.9, 0.5, 0.95], np.float32))
    assert taken.tolist() == [True, False, True]


@pytest.mark.parametrize("least", [0.6, 0.7, 0.8, 0.9, 0.95])
def test_a_probability_at_the_threshold_is_enough_though_it_is_stored_with_fewer_digits(least):
    below = float(np.nextafter(np.float32(least), np.float32(0)))
    assert sure([[least, 1 - least], [below, 1 - below]], least) == [True, False]


def test_where_two_classes_are_equally_likely_neither_is_taken():
    assert sure([[0.5, 0.5, 0], [0.5, 0.25, 0.25], [0.5, 0.0, 0.5]], 0.5) == [False, True, False]


def test_nothing_is_sure_of_what_are_no_numbers():
    assert sure([[np.nan, np.nan]], 0.5) == [False]


def pairs(*rows: tuple[str, str], kind: str = "near") -> pa.Table:
    """A PAIRS table; a photo is written as part:image_id."""
    told = []
    for first, second in rows:
        (first_part, first), (second_part, second) = first.split(":"), second.split(":")
        told.append(
            {
                "first_part": first_part,
                "first": first,
                "second_part": second_part,
                "second": second,
                "kind": kind,
            }
        )
    return pa.Table.from_pylist(told, schema=PAIRS)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (pairs(), []),
        (pairs(("train:v", "test:a")), ["a"]),
        (pairs(("test:a", "train:v")), ["a"]),
        (pairs(("train:v", "test:a"), kind="exact"), ["a"]),
        (pairs(("train:t", "test:a"), ("test:b", "test:c")), []),
        (pairs(("train:v", "test:b"), ("test:b", "test:c")), ["b", "c"]),
        (pairs(("train:v", "test:a"), ("train:t", "test:a"), ("train:t", "test:c")), ["a", "c"]),
    ],
    ids=["none", "one", "the other way", "exact", "others", "by a test photo", "by a photo"],
)
def test_duplicates_of_validation_photos_are_found_by_way_of_others_too(table, expected):
    found = like_validation(["a", "b", "c"], {"v"}, table, None)
    assert [one for one, same in zip("abc", found, strict=True) if same] == expected


def test_a_test_photo_of_the_name_of_a_validation_photo_is_another_photo():
    found = like_validation(["v", "a"], {"v"}, pairs(("test:v", "test:a")), None)
    assert found.tolist() == [False, False]


FRUITS = ["fruit1_side", "fruit2_side", "fruit2_top", "fruit1", "_"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (pairs(), ["fruit1_side"]),
        (pairs(("train:fruit1_top", "test:fruit2_top")), FRUITS[:3]),
        (pairs(("train:fruit1_bottom", "test:_")), ["fruit1_side", "_"]),
    ],
    ids=["by name", "by the group of a duplicate", "by a duplicate of the group"],
)
def test_photos_of_the_group_of_a_validation_photo_are_found_by_the_pattern(table, expected):
    found = like_validation(FRUITS, {"fruit1_top"}, table, r"^(fruit\d+)_")
    assert [one for one, same in zip(FRUITS, found, strict=True) if same] == expected


def test_photos_of_which_a_pattern_takes_no_text_are_of_no_group():
    assert not like_validation(["a", "b"], {"v"}, pairs(), r"(\d*)").any()


def test_the_counts_are_told_by_the_class_that_the_teacher_gives():
    labels, taken = np.array([0, 0, 1]), np.array([True, False, True])
    assert tell(labels, taken, CLASSES) == (
        "2 of 3 test photos are labelled: 0 good 1 of 2, 1 bad 1 of 1"
    )


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        ([1, 0, 0, 0], "all labelled test photos are of class 0 good"),
        ([0, 0, 0, 0], "no test photo is labelled, so the model learns from the training photos"),
        ([1, 0, 1, 0], "no test photo is labelled as 2 ugly: the others push the model away"),
        ([1, 0, 1, 1], ""),
    ],
    ids=["one class alone", "none at all", "a class without", "all classes"],
)
def test_labels_that_may_harm_are_warned_of(taken, message):
    classes = [*CLASSES, ClassInfo(2, "2", "ugly", 2)]
    told = list(warnings(np.array([0, 0, 1, 2]), np.array(taken, bool), classes))
    assert len(told) == bool(message)
    assert message in "".join(told)


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """Run the stage on four test photos and two training photos, v of fold 0 and t of fold 1."""
    (tmp_path / "classes.csv").write_text("label,class_num,name,photos\n0,0,good,1\n1,1,bad,1\n")

    def write(name: str, rows: list[dict], schema: pa.Schema) -> None:
        write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / name, schema)

    photos = [{"image_id": "v", "sha256": "1"}, {"image_id": "t", "sha256": "2"}]
    write("train.parquet", photos, CATALOG)
    folds = [{"image_id": "v", "label": 0, "fold": 0}, {"image_id": "t", "label": 1, "fold": 1}]
    write("folds.parquet", folds, FOLDS)

    def label(
        table: pa.Table,
        digests: str = "abcd",
        fold: str = "0",
        predicted: Sequence[str] = "wxyz",
        photos: Sequence[str] = "wxyz",
        pattern: str | None = None,
    ):
        catalog = [
            {"image_id": one, "sha256": two} for one, two in zip(photos, digests, strict=True)
        ]
        write("test.parquet", catalog, CATALOG)
        rows = ([0.9, 0.1], [0.2, 0.8], [0.01, 0.99], [0.95, 0.05])
        predictions = [
            {"image_id": one, "fold": 0, "probabilities": row}
            for one, row in zip(predicted, rows, strict=True)
        ]
        write("predictions.parquet", predictions, PREDICTIONS)
        write_table(table, tmp_path / "pairs.parquet", PAIRS)
        options = {
            "--predictions": "predictions.parquet",
            "--classes": "classes.csv",
            "--folds": "folds.parquet",
            "--pairs": "pairs.parquet",
            "--out": "out.parquet",
        }
        named = [part for key, name in options.items() for part in (key, str(tmp_path / name))]
        catalogs = [str(tmp_path / name) for name in ("train.parquet", "test.parquet")]
        cfg = json.dumps({"min_probability": 0.9, "group_pattern": pattern})
        arguments = ["--cfg", cfg, "--name", "m fold 0", "--fold", fold, *named]
        monkeypatch.setattr(sys, "argv", ["x", *arguments, "--catalogs", *catalogs])
        label_test_photos.main()
        return read_table(tmp_path / "out.parquet", PSEUDO_LABELS).to_pylist()

    return label


def test_sure_photos_are_written_in_the_order_of_the_catalog_with_their_class(stage, capsys):
    rows = stage(pairs())
    assert [(row["image_id"], row["label"]) for row in rows] == [("w", 0), ("y", 1), ("z", 0)]
    assert rows[1]["probability"] == pytest.approx(0.99)
    out = capsys.readouterr().out
    assert "[m fold 0] 3 of 4 test photos are labelled: 0 good 2 of 2, 1 bad 1 of 2" in out
    assert "left out" not in out


def test_duplicates_of_validation_photos_are_left_out_and_counted(stage, capsys):
    near = pairs(("train:v", "test:w"), ("train:v", "test:x"), ("train:t", "test:z"))
    assert [row["image_id"] for row in stage(near)] == ["y", "z"]
    told = "[m fold 0] left out, though sure: 1 duplicates of validation photos"
    assert told in capsys.readouterr().out  # x is not sure
    assert [row["image_id"] for row in stage(near, fold="1")] == ["w", "y"]
    assert [row["image_id"] for row in stage(near, fold="all")] == ["w", "y", "z"]


def test_photos_of_the_groups_of_validation_photos_are_left_out_and_counted(stage, capsys):
    photos = ["v1", "x", "t1", "z"]
    told = "[m fold 0] left out, though sure: 1 duplicates or group members of validation photos"
    for fold, expected in (("0", ["t1", "z"]), ("1", ["v1", "z"]), ("all", ["v1", "t1", "z"])):
        rows = stage(pairs(), fold=fold, predicted=photos, photos=photos, pattern="[vt]")
        assert [row["image_id"] for row in rows] == expected
        assert (told in capsys.readouterr().out) == (fold != "all")


def test_the_file_of_a_validation_photo_that_no_pair_told_of_fails_the_stage(stage, tmp_path):
    with pytest.raises(UserError, match="the test photo w is the same file as v, a validation"):
        stage(pairs(), digests="1bcd")
    assert not (tmp_path / "out.parquet").exists()
    stage(pairs(), digests="a1cd")  # it is not sure, so it is not learned from
    stage(pairs(), digests="2bcd")  # a training photo of this fold
    stage(pairs(), digests="1bcd", fold="all")


def test_predictions_of_other_photos_are_refused(stage):
    with pytest.raises(UserError, match=r"predictions\.parquet: its photos are not those of"):
        stage(pairs(), predicted="wxzy")
