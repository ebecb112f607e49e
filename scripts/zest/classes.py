"""The classes of a competition, as catalog/classes.csv lists them in the order of their label."""

import csv
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassInfo:
    """One class: `label` 0..K-1 inside Zest, `class_num` in the contest, `name` for people."""

    label: int
    class_num: str
    name: str
    photos: int


def class_title(one: ClassInfo) -> str:
    """Return the number and the name of a class, or the number alone where it is the name."""
    return one.name if one.name == one.class_num else f"{one.class_num} {one.name}"


def read_classes(path: str | os.PathLike) -> list[ClassInfo]:
    """Read classes.csv; the list is in the order of the labels."""
    with open(path, encoding="utf-8", newline="") as file:
        return [
            ClassInfo(int(row["label"]), row["class_num"], row["name"], int(row["photos"]))
            for row in csv.DictReader(file)
        ]


def classes_of(described: dict) -> list[ClassInfo]:
    """Return the classes of model.json or of an exported model, by label.

    How many photos they had is not told there: 0.
    """
    return [
        ClassInfo(label, one["class_num"], one["name"], photos=0)
        for label, one in enumerate(described["classes"])
    ]
