"""The last section: what to do, as it follows from the findings, with the lines that do it."""

from eda import study_words
from eda.section import Section
from eda.statistics import imbalance_ratio
from eda.survey import Survey
from eda.words import MILD_IMBALANCE


def advice(survey: Survey) -> Section:
    """List what follows from the findings."""
    items = list(_items(survey))
    return Section(
        name="advice",
        title="What to do",
        n=f"n = {len(items)} items",
        source="the sections above",
        meaning=[
            "Each item follows from a finding above; the lines go into the configuration "
            "(config/README.md explains every key)."
        ],
        content={"advice": items},
    )


def _items(survey: Survey):
    """Yield (what, lines of the configuration or None)."""
    found = survey.findings
    if survey.problems:
        yield "Mend the photos and rows under Problems, or leave them out knowingly.", None
    conflicts = _conflicts(survey)
    if conflicts:
        yield f"Correct the labels of {conflicts:,} pairs of photos that are the same.", None
    if found.label_errors:
        yield f"Look at the {len(found.label_errors):,} doubtful labels, and correct them.", None
    distance = study_words.chosen_distance(found)
    if distance is not None:
        yield (
            "Trust scores in the folds of this split alone. To keep them when test photos are "
            "added, write the distance of sessions down.",
            f"split:\n  sessions: {distance}\n  train_folds: [0, 1, 2, 3, 4]",
        )
    elif len(survey.train) < 3000:
        yield (
            "With few photos one fold is a rough judge: train all five.",
            "split:\n  train_folds: [0, 1, 2, 3, 4]",
        )
    if imbalance_ratio(survey.photos) >= MILD_IMBALANCE:
        yield (
            "The classes are unequal: bring them to one size in training, and judge by a score in "
            "which each class counts the same.",
            "recipes:\n  balanced: {balance: label_shuffling}\nrules:\n  metric: macro_f1",
        )
    telling = {
        one["source"]
        for one in found.shortcuts
        if study_words.shortcut_verdict(one) != "tells nothing"
    }
    if "border pixels" in telling:
        yield (
            "The background tells the class: crop closer and hide parts, so that a model must look "
            "at the thing, and test on photos with another background.",
            "recipes:\n  closer:\n    operations:\n      - horizontal_flip: {}\n"
            "      - crop: {min_area: 0.3}\n      - random_erasing: {}",
        )
    if telling & {"file size", "image size"}:
        yield (
            "The file or image size tells the class: bring all photos to one size and one quality "
            "before labelling; Zest resizes them, but the traces of compression remain.",
            "recipes:\n  robust:\n    operations:\n      - jpeg: {}\n      - blur: {}",
        )


def _conflicts(survey: Survey) -> int:
    labels = dict(zip(survey.train.image_id, survey.train.label.tolist(), strict=True))
    return sum(
        labels[one["first"]] != labels[one["second"]]
        for one in survey.findings.pairs
        if one["first_part"] == one["second_part"] == "train"
    )
