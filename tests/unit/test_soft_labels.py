"""Soft labels: used as given, and a message with file, row and column for what cannot be used."""

import numpy as np
import pytest

from zest.errors import UserError
from zest.soft_labels import read_soft_labels

IDS = ["lemon_1.jpg", "lemon_2.jpg", "lemon_3.jpg"]


def read(tmp_path, text: str):
    path = tmp_path / "soft.csv"
    path.write_text(text, encoding="utf-8")
    return read_soft_labels(path, IDS, ["good", "bad"], "id")


def test_values_are_as_given_in_the_order_of_the_classes(tmp_path):
    found = read(tmp_path, "bad,note,id,good\n0.25,x,lemon_2.jpg,0.7505\n1,y,lemon_1.jpg,0\n")
    assert list(found) == ["lemon_2.jpg", "lemon_1.jpg"]
    assert found["lemon_2.jpg"].dtype == np.float32
    assert found["lemon_2.jpg"].tolist() == [np.float32(0.7505), np.float32(0.25)]
    assert found["lemon_1.jpg"].tolist() == [0, 1]


def test_a_sum_within_a_thousandth_of_1_is_accepted(tmp_path):
    for good in ("0.4991", "0.5009"):
        assert read(tmp_path, f"id,good,bad\nlemon_1.jpg,{good},0.5\n")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("lemon_1.jpg,0.5,0.502", r"row 2, columns good, bad: the sum is 1\.002, not 1\. Divide"),
        ("lemon_1.jpg,0.5,0.498", r"row 2, columns good, bad: the sum is 0\.998, not 1\. Divide"),
        (
            "lemon_1.jpg,1,0\nlemon_2.jpg,1.1,-0.1",
            r"row 3, column bad: '-0\.1' is not a prob.*0 to 1",
        ),
        ("lemon_1.jpg,high,0", r"row 2, column good: 'high' is not a probability.*Write a number"),
        ("lemon_1.jpg,,1", r"row 2, column good: '' is not a probability"),
        ("lemon_1.jpg,nan,1", r"row 2, column good: 'nan' is not a probability"),
        ("lemon_1.jpg,inf,1", r"row 2, column good: 'inf' is not a probability"),
        (
            "lemon_1.jpg,1,0\nlemon_4.jpg,1,0",
            r"row 3, column id: 'lemon_4\.jpg' is not .*did you mean 'lemon_.*delete the row",
        ),
        ("zzz,1,0", r"row 2, column id: 'zzz' is not the id of a training photo\. Write it as"),
        (
            "lemon_1.jpg,1,0\nlemon_2.jpg,1,0\nlemon_1.jpg,0,1",
            r"row 4, column id: 'lemon_1\.jpg' stands in row 2 too\. Delete one row",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_the_way_out(tmp_path, rows, told):
    with pytest.raises(UserError, match=f"soft\\.csv, {told}"):
        read(tmp_path, f"id,good,bad\n{rows}\n")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("id,good", r"row 1: the column 'bad' is missing; there are id, good\. .*by its class_num"),
        ("name,good,bad", r"row 1: the column 'id' is missing; there are name, good, bad"),
        ("id,good,bad,good", r"row 1: the column 'good' is twice or more"),
    ],
)
def test_a_header_that_does_not_fit_is_told_with_the_columns_that_are_there(tmp_path, header, told):
    fields = ",".join(["lemon_1.jpg", "1", "0", "0"][: len(header.split(","))])
    with pytest.raises(UserError, match=f"soft\\.csv, {told}"):
        read(tmp_path, f"{header}\n{fields}\n")


def test_a_table_without_rows_is_told(tmp_path):
    with pytest.raises(UserError, match=r"soft\.csv: a header, but no rows\. Write the rows"):
        read(tmp_path, "id,good,bad\n")
