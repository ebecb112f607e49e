"""What is wrong with single photos: collected, written to problems.csv, and told to the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zest.errors import UserError
from zest.files import csv_text, write_text

SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """One photo that cannot be used.

    Attributes:
        file: the label or sample file that names the photo, or the photo itself where no file
            names it; relative to the root of the competition.
        row: the line in that file, 1 is the first; None where no file names the photo.
        image_id: as the file writes it.
        reason: what is wrong.
        stops: False for a remark, such as a photo without a label, that never stops the run.
    """

    file: str
    row: int | None
    image_id: str
    reason: str
    stops: bool = True


def write_problems(problems: Sequence[Problem], path: Path) -> None:
    """Write `file,row,image_id,problem`, the header also where there is no problem."""
    rows = [[one.file, one.row or "", one.image_id, one.reason] for one in problems]
    write_text(path, csv_text(["file", "row", "image_id", "problem"], rows))


def stop_or_continue(
    problems: Sequence[Problem], on_problem: str, path: Path, all_needed: bool = False
) -> None:
    """Raise a UserError if there are problems that stop and `on_problem` is "stop".

    With `all_needed`, as for the photos of a submission, it also stops if `on_problem` says
    "continue", and does not advise it.

    Snakemake deletes the declared outputs of a failed job, so the full list goes to a file beside
    `path` that no rule declares; a run that passes removes it.
    """
    kept = path.with_name(f"{path.stem}-stopped.csv")
    stopping = [one for one in problems if one.stops]
    if not stopping or (on_problem == "continue" and not all_needed):
        kept.unlink(missing_ok=True)
        return
    write_problems(problems, kept)
    lines = [f"{len(stopping)} photo(s) cannot be used:"]
    lines += [f"  {_place(one)}: {one.image_id}: {one.reason}" for one in stopping[:SHOWN]]
    if len(stopping) > SHOWN:
        lines.append(f"  ... and {len(stopping) - SHOWN} more")
    lines.append(f"The full list is in {kept}.")
    lines.append(
        "Correct the data: a submission needs every one of these photos."
        if all_needed
        else "Correct the data, or set data.on_problem: continue to go on without these photos."
    )
    raise UserError("\n".join(lines))


def _place(problem: Problem) -> str:
    return problem.file if problem.row is None else f"{problem.file}, row {problem.row}"
