"""The last section: what to do, as it follows from the findings, with the lines that do it."""

from collections.abc import Iterator

import yaml

from eda import study_words
from eda.statistics import imbalance_ratio
from eda.survey import Survey
from eda.words import MILD_IMBALANCE
from zest.page.section import Section

FEW_FOR_ONE_FOLD = 3000  # photos


def advice(survey: Survey) -> Section:
    """List what follows from the findings, and all its lines together."""
    items = list(_items(survey))
    together = merged([lines for _, lines in items if lines])
    return Section(
        name="advice",
        title="What to do",
        n=f"n = {study_words.counted(len(items), 'item', 'items')}",
        source="the sections above",
        meaning=[
            "Each item follows from a finding above; the lines go into the configuration "
            "(config/README.md explains every key). Recipes are advised for standard, the "
            "one of models that name no other."
        ],
        content={
            "advice": [(what, _yaml(lines) if lines else None) for what, lines in items],
            "together": _yaml(together) if sum(bool(lines) for _, lines in items) > 1 else None,
        },
    )


def merged(sections: list[dict]) -> dict:
    """Merge parts of a configuration; lists of one key follow each other, each entry once."""
    found: dict = {}
    for section in sections:
        for key, value in section.items():
            if isinstance(value, dict):
                found[key] = merged([found.get(key, {}), value])
            elif isinstance(value, list):
                earlier = found.get(key, [])
                found[key] = earlier + [one for one in value if one not in earlier]
            else:
                found[key] = value
    return found


def _yaml(lines: dict) -> str:
    return yaml.safe_dump(lines, sort_keys=False, default_flow_style=None).rstrip()


def _operations(*operations: dict) -> dict:
    return {"recipes": {"standard": {"operations": list(operations)}}}


def _items(survey: Survey) -> Iterator[tuple[str, dict | None]]:
    """Yield what to do, and the part of the configuration that does it, or None."""
    found = survey.findings
    if survey.problems:
        yield "Mend the photos and rows under Problems, or leave them out knowingly.", None
    conflicts = _conflicts(survey)
    if conflicts:
        pairs = study_words.counted(conflicts, "pair", "pairs")
        yield f"Correct the labels of {pairs} of photos that are the same.", None
    if found.label_errors:
        doubtful = study_words.counted(len(found.label_errors), "doubtful label", "doubtful labels")
        yield f"Look at the {doubtful}, and correct what is wrong.", None
    folds = sorted({int(row["fold"]) for row in found.balance})
    distance = study_words.chosen_distance(found)
    if distance is not None:
        yield (
            "Trust scores in the folds of this split alone. To keep them when test photos are "
            "added, write the distance of sessions down.",
            {"split": {"sessions": float(distance), "train_folds": folds}},
        )
    elif len(survey.train) < FEW_FOR_ONE_FOLD and set(folds) > set(survey.train_folds):
        yield (
            f"With few photos one fold is a rough judge: train all {len(folds)}.",
            {"split": {"train_folds": folds}},
        )
    if imbalance_ratio(survey.photos) > MILD_IMBALANCE:
        yield (
            "The classes are unequal. Training brings them to one size (recipes.*.balance); judge "
            "by a score in which each class counts the same, unless the contest has its own.",
            {"rules": {"metric": "macro_f1"}},
        )
    telling = {one["source"] for one in found.shortcuts if study_words.is_shortcut(one)}
    if "border pixels" in telling:
        yield (
            "The background tells the class: crop closer and hide parts, so that a model must look "
            "at the thing, and test on photos with another background.",
            _operations(
                {"horizontal_flip": {}}, {"crop": {"min_area": 0.3}}, {"random_erasing": {}}
            ),
        )
    if telling & {"file size", "image size"}:
        yield (
            "The file or image size tells the class: bring all photos to one size and one quality "
            "before labelling; Zest resizes them, but the traces of compression remain.",
            _operations({"horizontal_flip": {}}, {"jpeg": {}}, {"blur": {}}),
        )


def _conflicts(survey: Survey) -> int:
    labels = dict(zip(survey.train.image_id, survey.train.label.tolist(), strict=True))
    return sum(
        labels[one["first"]] != labels[one["second"]]
        for one in survey.findings.pairs
        if one["first_part"] == one["second_part"] == "train"
    )
