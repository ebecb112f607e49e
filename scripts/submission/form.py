"""What a submission looks like: its columns, and what is written of a photo.

The shape is that of the contest's sample file, where there is one, and of `submission.values`.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zest.classes import ClassInfo
from zest.decoding import expected_grades, grade, natural_thresholds
from zest.errors import UserError
from zest.files import csv_text, write_text
from zest.sample_file import Sample, read_sample
from zest.spelling import nfc


@dataclass(frozen=True)
class Form:
    """What a submission looks like.

    Attributes:
        sample: the file to fill in, or None.
        columns: the header where there is no sample file.
        order: of the probabilities: the label of each column; None where one class is handed in.
        names: what each class is called in the file, in the order of the labels.
        thresholds: of the expected grade, (K-1,); None where the likeliest class is taken.
    """

    sample: Sample | None
    columns: list[str]
    order: list[int] | None
    names: list[str]
    thresholds: np.ndarray | None = None

    def label(self, probabilities: np.ndarray) -> int:
        """Return the class of a photo, 0..K-1, of its probabilities, float64 (K,)."""
        if self.thresholds is None:
            return int(probabilities.argmax())
        return int(grade(expected_grades(probabilities[None]), self.thresholds)[0])

    def fields(self, probabilities: np.ndarray) -> list[str]:
        """Return what is written for a photo, of its probabilities, float64 (K,)."""
        if self.order is None:
            return [self.names[self.label(probabilities)]]
        return [f"{probabilities[label]:.9g}" for label in self.order]

    def write(self, probabilities: dict[str, np.ndarray], out: Path) -> None:
        """Write the submission of all photos: id to probabilities, float64 (K,).

        Raises:
            UserError: the sample file asks for a photo that has no prediction.
        """
        values = {image_id: self.fields(row) for image_id, row in probabilities.items()}
        if self.sample:
            self.sample.write(out, values)
            return
        write_text(out, csv_text(self.columns, ([name, *row] for name, row in values.items())))


def thresholds_of(
    decode: str, decodings: list[Path], model: str, classes: int
) -> np.ndarray | None:
    """Return the thresholds of the expected grade, float64 (K-1,); None for the likeliest class.

    Args:
        decode: `submission.decode`.
        decodings: evaluation/{model}/decodings.json of the models.
        model: whose predictions are handed in.
        classes: K.

    Raises:
        UserError: there are none of this model.
    """
    if decode == "argmax":
        return None
    if decode == "expected_cost":
        return natural_thresholds(classes)
    path = next(path for path in decodings if path.parent.name == model)
    found = json.loads(path.read_text(encoding="utf-8"))
    if found is None:
        raise UserError(
            f"{path}: there were too few photos, or no numbers, to fit thresholds to. Set "
            "submission.decode: expected_cost."
        )
    return np.array(found["thresholds"])


def form_of(
    cfg: dict, root: Path, classes: list[ClassInfo], thresholds: np.ndarray | None = None
) -> Form:
    """Find out what is to be written, by `submission.values` and the sample file.

    Raises:
        UserError: the columns of the sample file are not those of the classes, or not as many as
            `submission.values` asks for.
    """
    data, wanted = cfg["data"], cfg["submission"]["values"]
    numbers, names = [one.class_num for one in classes], [one.name for one in classes]
    if data["sample_submission"] is None:
        several, sample = wanted == "probabilities", None
        columns = [data["id_column"], *(numbers if several else [data["label_column"]])]
    else:
        path = root / data["sample_submission"]
        sample, columns = read_sample(path, data["dummy_ids"]), []
        several = sample.value_columns > 1
        if wanted != "auto" and several != (wanted == "probabilities"):
            raise UserError(
                f"{path}: {sample.value_columns} column(s) beside the id, and submission.values is "
                f"{wanted}. Set submission.values to auto, or name another sample file."
            )
        if wanted == "auto" and not several:
            wanted = _coding(sample, numbers, names)
    order = None
    if several and thresholds is not None:
        raise UserError(
            "submission.decode chooses a class, and the sample file asks for probabilities. Set "
            "submission.decode: argmax."
        )
    if several:
        order = column_order(sample, numbers, names) if sample else list(range(len(classes)))
    return Form(sample, columns, order, names if wanted == "name" else numbers, thresholds)


def _coding(sample: Sample, numbers: list[str], names: list[str]) -> str:
    """Return whether the sample file holds names of classes, or else numbers."""
    rows = [fields for _, fields in sample.rows if fields[0].strip() not in sample.dummy]
    values = {nfc(value.strip()) for _, value in rows} - {""}
    if not values <= set(numbers) and values <= set(names):
        return "name"
    if strange := sorted(values - set(numbers)):
        print(
            f"warning: {sample.table.path} holds {strange[0]!r}, which is no class "
            f"({', '.join(numbers)}); numbers are written. For names set submission.values: name.",
            file=sys.stderr,
            flush=True,
        )
    return "class_num"


def column_order(sample: Sample, numbers: list[str], names: list[str]) -> list[int]:
    """Return the label, 0..K-1, of each column of probabilities, by the header of the sample file.

    Without a header they are in the order of the classes.

    Raises:
        UserError: the columns are not one for each class.
    """
    path = sample.table.path
    if sample.value_columns != len(numbers):
        raise UserError(
            f"{path}: {sample.value_columns} columns beside the id, and there are {len(numbers)} "
            f"classes ({', '.join(numbers)}). Check data.classes and data.sample_submission."
        )
    if sample.columns is None:
        return list(range(len(numbers)))
    header = [nfc(one.strip()) for one in sample.columns[1:]]
    for known in (numbers, names):
        if sorted(header) == sorted(known):
            return [known.index(one) for one in header]
    raise UserError(
        f"{path}, row {sample.table.rows[0].line}: the columns ({', '.join(header)}) are neither "
        f"the numbers ({', '.join(numbers)}) nor the names ({', '.join(names)}) of the classes. "
        "Rename the columns, or correct data.classes."
    )
