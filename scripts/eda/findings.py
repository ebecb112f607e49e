"""What the stages duplicates, split and study have found, as the report needs it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zest.contracts import FOLDS, PAIRS, read_table
from zest.files import read_csv


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval, and on how many photos it stands."""

    value: float
    low: float
    high: float
    photos: int


@dataclass(frozen=True)
class Findings:
    """Rows of the tables of other stages; numbers are still text where a table is CSV."""

    pairs: list[dict]  # zest.contracts.PAIRS, those of training photos first
    shortcuts: list[dict[str, str]]
    likeness: dict[
        str, tuple[float, float]
    ]  # image_id -> probability of being a test photo, weight
    label_errors: list[dict[str, str]]
    places: list[dict[str, str]]  # part, image_id, x, y
    estimates: dict[str, Estimate]
    balance: list[dict[str, str]]
    leaks: list[dict[str, str]]
    sessions: list[dict[str, str]]  # distance, groups, gap, chosen; empty where none were tried
    group_sizes: list[int]  # photos of each group of several photos
    divided_groups: int  # of those, which stand in several folds


def read_findings(pairs: Sequence[Path], study: Sequence[Path], split: Sequence[Path]) -> Findings:
    """Read the tables.

    Args:
        pairs: duplicates/train.parquet, and duplicates/test.parquet where there are test photos.
        study: eda/shortcuts.csv, shift.csv, label_errors.csv, map.csv, estimates.csv.
        split: split/folds.parquet, balance.csv, leaks.csv, sessions.csv.

    Raises:
        UserError: a parquet file is missing or has other columns.
    """
    shortcuts, shift, label_errors, places, estimates = map(read_csv, study)
    balance, leaks, sessions = map(read_csv, split[1:])
    folds = read_table(split[0], FOLDS, columns=["group", "fold"])
    groups = folds["group"].drop_null()
    standing = {(row["group"], row["fold"]) for row in folds.to_pylist() if row["group"]}
    return Findings(
        pairs=[row for path in pairs for row in read_table(path, PAIRS).to_pylist()],
        shortcuts=shortcuts,
        likeness={row["image_id"]: (float(row["likeness"]), float(row["weight"])) for row in shift},
        label_errors=label_errors,
        places=places,
        estimates={
            row["estimate"]: Estimate(
                float(row["value"]), float(row["low"]), float(row["high"]), int(row["photos"])
            )
            for row in estimates
        },
        balance=balance,
        leaks=leaks,
        sessions=sessions,
        group_sizes=[one["counts"] for one in groups.value_counts().to_pylist()],
        divided_groups=sum(count > 1 for count in Counter(group for group, _ in standing).values()),
    )
