"""The last section: what to try next, as it follows from the sections above."""

from collections.abc import Iterator

import yaml

from report.failures import confusions
from report.found import Found
from report.gains import advisable
from report.sections import rising_folds
from zest.classes import class_title
from zest.label_errors import likely_errors
from zest.page.section import Section
from zest.words import listed

FEW_PHOTOS = 3000  # below it, one fold is a rough judge
WEAK_RECALL = 0.8  # of the mean recall of the classes
OFTEN = 0.25  # of the mistakes: a confusion that stands out


def advice(found: Found) -> Section:
    """List what to try next, each with its reason and the lines that do it."""
    items = [(why, _yaml(lines) if lines else None) for why, lines in _items(found)]
    return Section(
        name="next",
        title="What to try next",
        n=f"n = {len(items)} {'idea' if len(items) == 1 else 'ideas'}",
        source="the sections above",
        meaning=[
            "Each follows from a figure above; the lines go into the configuration. Whether it "
            "helped, the next report will say, with its interval."
        ],
        content={"advice": items},
    )


def _yaml(lines: dict) -> str:
    return yaml.safe_dump(lines, sort_keys=False, default_flow_style=None).rstrip()


def _items(found: Found) -> Iterator[tuple[str, dict | None]]:
    """Yield what to do and why, and the part of the configuration that does it, or None."""
    yield from _about_labels(found)
    yield from _about_photos(found)
    if advised := advisable(found):
        one = max(advised, key=lambda gain: gain.low)  # not all of them go together
        yield (
            f"Switch on {one.what}: {one.metric} {one.value:+.3f} "
            f"({one.low:+.3f} to {one.high:+.3f}).",
            one.lines,
        )
    yield from _about_training(found)
    yield from _about_certainty(found)


def _about_labels(found: Found) -> Iterator[tuple[str, None]]:
    doubtful, _ = likely_errors(found.predictions.probabilities, found.predictions.labels)
    if len(doubtful):
        word = "label" if len(doubtful) == 1 else "labels"
        yield f"Look at the {len(doubtful)} doubtful {word}, and correct what is wrong.", None
    for sentence in found.shortcuts["warnings"]:
        yield f"{sentence} Test it on photos with another background before you rely on it.", None


def _about_photos(found: Found) -> Iterator[tuple[str, dict | None]]:
    photos = len(found.predictions.ids)
    every = list(range(found.cfg["folds"]))
    if photos < FEW_PHOTOS and len(found.histories) < len(every):
        reason = f": {listed(found.near[:4])} could not be told from it" if found.near else ""
        yield (
            f"Score all photos, not one fold: {photos} are a rough judge{reason}.",
            {"split": {"train_folds": every}},
        )
    if weak := _weak_classes(found):
        yield (
            f"Take more photos of {listed(weak[:4])}: found far less often than the other classes.",
            None,
        )
    missed = confusions(found)
    total = sum(pair[2] for pair in missed)
    if missed and missed[0][2] >= max(3, OFTEN * total):
        label, predicted, count = missed[0]
        yield (
            f"{count} of {total} mistakes take {class_title(found.classes[label])} for "
            f"{class_title(found.classes[predicted])}: look whether the labels of these two are "
            "drawn by one rule, and whether the photos show what parts them.",
            None,
        )


def _weak_classes(found: Found) -> list[str]:
    """Return the classes that are surely found less often than `WEAK_RECALL` of the mean."""
    there = [row for row in found.per_class if int(row["photos"])]
    bar = WEAK_RECALL * sum(float(row["recall"]) for row in there) / len(there)
    return [
        class_title(one)
        for one, row in zip(found.classes, found.per_class, strict=True)
        if int(row["photos"]) and float(row["recall_high"]) < bar
    ]


def _about_training(found: Found) -> Iterator[tuple[str, dict | None]]:
    name = found.leader
    settings = found.cfg["models"][name]
    if settings["method"] == "linear_probe":
        if any(one["method"] == "fine_tuning" for one in found.cfg["models"].values()):
            yield (
                "The baseline leads: the networks have not learned more than its features hold. "
                "Train one longer, at more pixels, or with more of its layers.",
                None,
            )
        else:
            yield "Fine-tune a network beside the baseline.", {"models": {"lite0": {"frozen": 9}}}
        return
    key = "val_loss" if found.metric == "log_loss" else f"val_{found.metric}"
    if 2 * rising_folds(found, key) > len(found.histories):
        longer = None if settings["phases"] else _changed(found, epochs=2 * settings["epochs"])
        yield "Train longer: its score was still rising in the last epoch.", longer
    losses = [[row["val_loss"] for row in rows] for rows in found.histories]
    rising = sum(one[-1] > 1.1 * min(one) for one in losses if None not in one)
    if 2 * rising > len(losses):
        plain = not (settings["mixup"] or settings["cutmix"] or settings["cache_frozen"])
        plain = plain and settings["soft_labels"] is None and settings["loss"] != "soft_ordinal"
        yield (
            "Its validation loss rises again: more copies and stronger operations in its recipe, "
            "mixup, or fewer epochs.",
            _changed(found, mixup=0.2) if plain else None,
        )
    if len(found.cfg["models"]) <= 2:
        yield (
            "Try another network, size or learning rate beside it: sweeps and ablations train only "
            "what is new.",
            None,
        )


def _changed(found: Found, **settings) -> dict | None:
    """Return the leader with other settings, all of it that is not a default; None of a trial."""
    if "=" in found.leader:
        return None
    return {"models": {found.leader: {**found.cfg["written"][found.leader], **settings}}}


def _about_certainty(found: Found) -> Iterator[tuple[str, None]]:
    if found.calibration is None:
        return
    temperature = found.calibration["temperature"]
    if temperature > 1 and found.calibration["gain"]["low"] > 0:
        yield (
            f"Do not read its probabilities as they are: it is too sure of itself (temperature "
            f"{temperature:.2f}). Label smoothing or mixup make it humbler.",
            None,
        )
