"""A split that the user has made: a CSV file with the fold of each training photo."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zest.errors import UserError
from zest.sample_file import read_delimited


def read_folds(path: Path, ids: Sequence[str], id_column: str, folds: int) -> np.ndarray:
    """Read the fold of each photo from a table with the columns `id_column` and `fold`.

    Rows of photos that are not in the catalog are ignored, as photos may have been left out.

    Args:
        path: of the file; delimiter and line ends as in `zest.sample_file.read_delimited`.
        ids: image_id of the photos.
        id_column: name of the column of the ids.
        folds: how many folds there are.

    Returns:
        int32, (photos,), 0..folds-1.

    Raises:
        UserError: as `read_delimited`; a column is missing; an id is there twice or missing; a fold
            is no number from 0 to folds - 1.
    """
    table = read_delimited(path)
    header = [field.strip() for field in table.rows[0].fields]
    for name in (id_column, "fold"):
        if header.count(name) != 1:
            raise UserError(
                f"{path}, row {table.rows[0].line}: it needs one column {name!r}; there are "
                f"{', '.join(header)}. A split has the id of each photo and its fold."
            )
    found: dict[str, int] = {}
    for row in table.rows[1:]:
        image_id = row.fields[header.index(id_column)].strip()
        text = row.fields[header.index("fold")].strip()
        if not (text.isascii() and text.isdecimal() and int(text) < folds):
            raise UserError(
                f"{path}, row {row.line}, column fold: {text!r} is no fold. Write a number from 0 "
                f"to {folds - 1}, or raise split.folds."
            )
        if image_id in found:
            raise UserError(f"{path}, row {row.line}: {image_id!r} is there twice. Delete one row.")
        found[image_id] = int(text)
    missing = [image_id for image_id in ids if image_id not in found]
    if missing:
        raise UserError(
            f"{path}: {len(missing)} of {len(ids)} training photos have no row, the first of them "
            f"{missing[0]!r}. Add them, or leave split.file away."
        )
    return np.array([found[image_id] for image_id in ids], np.int32)
