"""The grades as files: for programs, for spreadsheets, and what could not be graded."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from deployment.running import ExportedModel
from zest.contracts import GRADED, write_table
from zest.files import csv_text, write_text


def graded_rows(rows: list[dict], model: ExportedModel) -> list[dict]:
    """Return the rows of a GRADED table of those photos that have probabilities.

    Args:
        rows: of `grading.chunks.read_chunks`.
        model: that graded them.
    """
    graded = []
    for row in rows:
        if row["problem"] is None:
            best = model.classes[int(np.argmax(row["probabilities"]))]
            graded.append(
                {
                    "image_id": row["image_id"],
                    "sha256": row["sha256"],
                    "label": best.label,
                    "class_num": best.class_num,
                    "name": best.name,
                    "probability": row["probabilities"][best.label],
                    "probabilities": row["probabilities"],
                }
            )
    return graded


def problem_rows(rows: list[dict]) -> list[tuple[str, str]]:
    """Return the name of each file that is not graded, and the reason."""
    return [(row["image_id"], row["problem"]) for row in rows if row["problem"] is not None]


def write_parquet(graded: list[dict], path: Path) -> None:
    """Write a GRADED table."""
    write_table(pa.Table.from_pylist(graded, schema=GRADED), path, GRADED)


def write_csv(graded: list[dict], model: ExportedModel, path: Path) -> None:
    """Write a row a photo: its class, then the probability of every class by its class_num."""
    header = ["photo", "class_num", "name", "probability"]
    header += [one.class_num for one in model.classes]
    table = [
        [
            *(row["image_id"], row["class_num"], row["name"]),
            *(_shortest(value) for value in (row["probability"], *row["probabilities"])),
        ]
        for row in graded
    ]
    write_text(path, csv_text(header, table))


def write_problems(problems: list[tuple[str, str]], path: Path) -> None:
    """Write `photo,problem`, the header also where there is no problem."""
    write_text(path, csv_text(["photo", "problem"], problems))


def _shortest(value: float) -> str:
    """Write a float32 with the digits that tell it from its neighbours."""
    return str(np.float32(value))
