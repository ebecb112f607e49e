"""The classes of a competition: which there are, in which order, and what they are called."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.label_sources import LabelledPhoto
from zest.errors import UserError
from zest.files import csv_text
from zest.sample_file import read_delimited, read_lines
from zest.spelling import nfc

SHOWN = 20


@dataclass(frozen=True)
class NamedClass:
    """A class: the number or text that the competition uses for it, and a name for people."""

    class_num: str
    name: str


def declared_classes(setting: str | list[dict] | None, root: Path) -> list[NamedClass] | None:
    """Return the classes that the config declares, in its order; None when it leaves them open.

    Args:
        setting: `data.classes`: a list of class_num and name; or the name of a file, which is a
            CSV with the columns class_num and name, or a PaddleClas label map of lines
            `number name`.
        root: the competition folder, in which the file lies.

    Raises:
        UserError: a file of another form, no classes, or a class_num or a name twice.
    """
    if setting is None:
        return None
    if isinstance(setting, str):
        where = str(root / setting)
        classes = _read_class_file(root / setting)
    else:
        where = "data.classes"
        classes = [_class(str(one["class_num"]), str(one["name"])) for one in setting]
    if integers([one.class_num for one in classes]):
        classes = [NamedClass(str(int(one.class_num)), one.name) for one in classes]
    for what, values in (
        ("class_num", [one.class_num for one in classes]),
        ("name", [one.name for one in classes]),
    ):
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise UserError(f"{where}: the {what} {twice[0]!r} stands there twice. Remove one.")
    if len(classes) < 2:
        raise UserError(f"{where}: {len(classes)} class(es). Declare two or more, or none (null).")
    return classes


def _read_class_file(path: Path) -> list[NamedClass]:
    lines = read_lines(path)
    header = next(line for line in lines if line.strip())
    if re.search(r"\bclass_num\b", header):
        table = read_delimited(path)
        columns = [field.strip() for field in table.rows[0].fields]
        if sorted(columns) != ["class_num", "name"]:
            raise UserError(
                f"{path}, row {table.rows[0].line}: the columns are {', '.join(columns)}. A class "
                "file has the columns class_num and name."
            )
        number, name = columns.index("class_num"), columns.index("name")
        for line, fields in table.rows[1:]:
            if not fields[number].strip():
                raise UserError(f"{path}, row {line}: class_num is empty. Fill it in.")
        return [_class(fields[number], fields[name]) for _, fields in table.rows[1:]]
    classes = []
    for line, content in enumerate(lines, 1):
        found = re.fullmatch(r"\s*([+-]?[0-9]+)\s+(\S.*)", content)
        if content.strip() and not found:
            raise UserError(
                f"{path}, row {line}: {content!r} is not `number name`. Write a PaddleClas label "
                "map, or a CSV with the header class_num,name."
            )
        if found:
            classes.append(_class(found[1], found[2]))
    return classes


def _class(class_num: str, name: str) -> NamedClass:
    class_num = nfc(class_num.strip())
    return NamedClass(class_num, nfc(name.strip()) or class_num)


def integers(values: Sequence[str]) -> bool:
    """Tell whether every value is an integer in decimal digits."""
    return all(re.fullmatch(r"[+-]?[0-9]+", value) for value in values)


def assign_labels(
    rows: Sequence[LabelledPhoto], declared: Sequence[NamedClass] | None
) -> tuple[list[NamedClass], list[int]]:
    """Return the classes and the label (0..K-1) of every row.

    Without declared classes they are the distinct values of the rows: in ascending order of their
    numbers if all are integers (`01` is then 1), else in lexicographic order.

    Raises:
        UserError: a row of a class that is not declared, a declared class without rows, or a
            single class.
    """
    as_integers = integers([one.class_num for one in declared or rows])
    if declared is None:
        found = {_canonical(row.class_num, as_integers) for row in rows}
        ordered = sorted(found, key=int if as_integers else str)
        classes = [NamedClass(value, value) for value in ordered]
        if len(classes) == 1:
            raise UserError(
                f"{rows[0].file}: every photo is of class {classes[0].class_num!r}. There must be "
                "two classes or more; check data.label_column."
            )
    else:
        classes = list(declared)
    label_of = {one.class_num: label for label, one in enumerate(classes)}
    labels = []
    for row in rows:
        label = label_of.get(_canonical(row.class_num, as_integers))
        if label is None:
            where = row.file if row.row is None else f"{row.file}, row {row.row}"
            raise UserError(
                f"{where}: class {row.class_num!r} is not one of data.classes "
                f"({_names(classes)}). Correct the label or declare the class."
            )
        labels.append(label)
    check_no_empty_class(classes, labels, "has no photo in the labels")
    return classes, labels


def _canonical(class_num: str, as_integers: bool) -> str:
    return str(int(class_num)) if as_integers and integers([class_num]) else class_num


def check_no_empty_class(classes: Sequence[NamedClass], labels: Sequence[int], reason: str) -> None:
    """Raise a UserError that names the classes without any row in `labels`."""
    filled = set(labels)
    empty = [one for label, one in enumerate(classes) if label not in filled]
    if empty:
        raise UserError(
            f"data.classes: class {_names(empty)} {reason}. Add photos of it, or take the class "
            "out of the data."
        )


def _names(classes: Sequence[NamedClass]) -> str:
    names = [
        one.class_num if one.class_num == one.name else f"{one.class_num} ({one.name})"
        for one in classes[:SHOWN]
    ]
    return ", ".join(names) + (", ..." if len(classes) > SHOWN else "")


def classes_csv(classes: Sequence[NamedClass], labels: Sequence[int]) -> str:
    """Return the text of classes.csv: `label,class_num,name,photos`, one row per class."""
    photos = Counter(labels)
    rows = [[label, one.class_num, one.name, photos[label]] for label, one in enumerate(classes)]
    return csv_text(["label", "class_num", "name", "photos"], rows)
