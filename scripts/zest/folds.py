"""The folds: how they are named, and which photos of a table are the validation fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from zest.contracts import FOLDS, read_table
from zest.errors import UserError

# What has no validation fold, by its word in a file's name: a model that is trained on all photos,
# and one that is merged of those of the folds.
ALL, MERGED = -1, -2
_WORDS = {"all": ALL, "merged": MERGED}


def parse_fold(text: str) -> int:
    """Return the number of a fold, ALL for `all` or MERGED for `merged`: for a script's --fold.

    Raises:
        ValueError: it is none of these.
    """
    return _WORDS[text] if text in _WORDS else int(text)


def rows_of_fold(ids: Sequence[str], folds: Path, fold: int) -> tuple[list[int], list[int]]:
    """Return the rows of the photos of one fold, in their order, and the label of each, 0..K-1.

    Args:
        ids: image_id of every row of an images table.
        folds: path of split/folds.parquet.
        fold: the validation fold.

    Raises:
        UserError: a photo of the fold is not among `ids`.
    """
    table = read_table(folds, FOLDS).filter(pc.field("fold") == fold)
    labels = dict(zip(table["image_id"].to_pylist(), table["label"].to_pylist(), strict=True))
    missing = sorted(labels.keys() - set(ids))
    if missing:
        raise UserError(
            f"{folds}: {len(missing)} photos of fold {fold} are not in the images table, the first "
            f"of them {missing[0]}. Delete the images folder and run the same command again."
        )
    rows = [row for row, image_id in enumerate(ids) if image_id in labels]
    return rows, [labels[ids[row]] for row in rows]


def group_numbers(names: Sequence[str | None]) -> np.ndarray:
    """Number the groups of photos, int (photos,); a photo without a name is one of its own."""
    known: dict[str | int, int] = {}
    keys = [row if name is None else name for row, name in enumerate(names)]
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
