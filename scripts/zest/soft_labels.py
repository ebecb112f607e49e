"""Soft labels: class probabilities for training photos, from a CSV file of the user."""

import difflib
import math
import os
from collections.abc import Collection

import numpy as np

from zest.errors import UserError
from zest.sample_file import Row, TextTable, read_delimited

# How far the sum of a row may be from 1: three decimals a class are enough.
TOLERANCE = 1e-3


def read_soft_labels(
    path: str | os.PathLike, ids: Collection[str], class_nums: list[str], id_column: str
) -> dict[str, np.ndarray]:
    """Read a table with a row for each photo and a column for each class, in any order.

    Columns of other names are ignored.

    Args:
        path: of the file; delimiter and line ends as in `zest.sample_file.read_delimited`.
        ids: of all labelled photos, whichever fold they are in.
        class_nums: of the classes in the order of their label: the names of the columns.
        id_column: name of the column of the ids.

    Returns:
        float32, (K,), in the order of `class_nums`, by id. The values are as given: 0 or more, with
        a sum within 0.001 of 1. Photos that the file does not name are not in it.

    Raises:
        UserError: as `read_delimited`; a column is missing or there twice; no rows; an id that is
            unknown or there twice; a value that is no number or below 0; a sum that is not 1.
    """
    table = read_delimited(path)
    ids = set(ids)
    columns = _columns(table, [id_column, *class_nums])
    if len(table.rows) == 1:
        raise UserError(f"{path}: a header, but no rows. Write the rows, or remove soft_labels.")
    labels: dict[str, np.ndarray] = {}
    lines: dict[str, int] = {}
    for row in table.rows[1:]:
        name = row.fields[columns[id_column]].strip()
        where = f"{path}, row {row.line}, column {id_column}"
        if name in lines:
            raise UserError(f"{where}: {name!r} stands in row {lines[name]} too. Delete one row.")
        if name not in ids:
            near = difflib.get_close_matches(name, sorted(ids), n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise UserError(
                f"{where}: {name!r} is not the id of a training photo{hint}. Write it as the label "
                "file does, or delete the row."
            )
        lines[name] = row.line
        labels[name] = _probabilities(table, row, {key: columns[key] for key in class_nums})
    return labels


def _columns(table: TextTable, names: list[str]) -> dict[str, int]:
    """Return where the columns are, or say which is missing or there twice."""
    header = [field.strip() for field in table.rows[0].fields]
    for name in names:
        if header.count(name) != 1:
            found = "twice or more" if name in header else "missing"
            raise UserError(
                f"{table.path}, row {table.rows[0].line}: the column {name!r} is {found}; there "
                f"are {', '.join(header)}. Soft labels have the id column and a column for each "
                "class, named by its class_num."
            )
    return {name: header.index(name) for name in names}


def _probabilities(table: TextTable, row: Row, columns: dict[str, int]) -> np.ndarray:
    values = []
    for name, column in columns.items():
        text = row.fields[column].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise UserError(
                f"{table.path}, row {row.line}, column {name}: {text!r} is not a probability. "
                "Write a number from 0 to 1, with a point."
            )
        values.append(value)
    total = math.fsum(values)
    if abs(total - 1) > TOLERANCE:
        raise UserError(
            f"{table.path}, row {row.line}, columns {', '.join(columns)}: the sum is {total:.6g}, "
            "not 1. Divide the values of the row by it, or correct them."
        )
    return np.array(values, np.float32)
