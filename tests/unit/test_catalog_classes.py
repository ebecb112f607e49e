import csv

import pytest

from catalog.class_list import NamedClass, assign_labels, classes_csv, declared_classes
from catalog.label_sources import LabelledPhoto
from zest.errors import UserError


def rows(*values):
    return [LabelledPhoto("l.csv", n, f"{n}.jpg", f"{n}.jpg", v) for n, v in enumerate(values, 2)]


def numbers(classes):
    return [one.class_num for one in classes]


def test_integer_classes_are_in_the_order_of_their_numbers():
    classes, labels = assign_labels(rows("10", "2", "-1", "02"), None)
    assert numbers(classes) == ["-1", "2", "10"]
    assert labels == [2, 1, 0, 1]


def test_text_classes_are_in_lexicographic_order():
    classes, labels = assign_labels(rows("pear", "10", "2", "pear"), None)
    assert numbers(classes) == ["10", "2", "pear"]
    assert labels == [2, 0, 1, 2]


def test_the_order_of_the_rows_does_not_change_the_labels():
    one, _ = assign_labels(rows("b", "a", "c"), None)
    other, _ = assign_labels(rows("c", "b", "a"), None)
    assert one == other


def test_declared_classes_keep_the_order_of_the_config(tmp_path):
    setting = [{"class_num": 3, "name": "bad"}, {"class_num": 0, "name": ""}]
    classes, labels = assign_labels(rows("0", "03"), declared_classes(setting, tmp_path))
    assert classes == [NamedClass("3", "bad"), NamedClass("0", "0")]
    assert labels == [1, 0]


@pytest.mark.parametrize(
    "text",
    [
        "class_num,name\n1,my good\n0,bad\n",
        "\ufeffname;class_num\r\nmy good;1\r\nbad;0\r\n",
        "1 my good\n0 bad\n",
        "\n1\tmy good\n\n0\tbad",
    ],
    ids=["CSV", "CSV in another shape", "label map", "label map with tabs"],
)
def test_a_class_file_is_a_csv_or_a_label_map(tmp_path, text):
    (tmp_path / "classes.txt").write_bytes(text.encode())
    declared = declared_classes("classes.txt", tmp_path)
    assert declared == [NamedClass("1", "my good"), NamedClass("0", "bad")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 bad\ngood 1\n", "row 2: 'good 1' is not `number name`"),
        ("class_num,title\n0,a\n", "row 1: the columns are class_num, title"),
        ("class_num,name\n0,a\n,b\n", "row 3: class_num is empty"),
        ("0 a\n00 b\n", "the class_num '0' stands there twice"),
        ("0 a\n1 a\n", "the name 'a' stands there twice"),
        ("class_num,name\n0,a\n", r"1 class\(es\)"),
        ("", "the file is empty"),
    ],
)
def test_a_bad_class_file_is_refused(tmp_path, text, message):
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        declared_classes("classes.csv", tmp_path)


def test_a_label_outside_the_declared_classes_is_refused_with_its_row():
    declared = [NamedClass("0", "bad"), NamedClass("1", "1")]
    with pytest.raises(UserError, match=r"l.csv, row 4: class '2' is not .* \(0 \(bad\), 1\)"):
        assign_labels(rows("0", "1", "2"), declared)


def test_a_declared_class_without_photos_is_refused():
    declared = [NamedClass("0", "bad"), NamedClass("1", "1"), NamedClass("2", "good")]
    with pytest.raises(UserError, match=r"class 2 \(good\) has no photo in the labels"):
        assign_labels(rows("0", "1"), declared)


def test_a_single_class_is_refused():
    with pytest.raises(UserError, match="every photo is of class '7'"):
        assign_labels(rows("7", "7"), None)


def test_classes_csv_counts_the_photos_of_every_class():
    text = classes_csv([NamedClass("0", "a, b"), NamedClass("7", "7")], [1, 0, 1])
    assert text.startswith("label,class_num,name,photos\n")
    assert list(csv.reader(text.splitlines()))[1:] == [
        ["0", "0", "a, b", "1"],
        ["1", "7", "7", "2"],
    ]
