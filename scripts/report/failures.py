"""The sections on where the leader fails: classes, mistakes, shortcuts, labels in doubt."""

from collections.abc import Iterator

import numpy as np

from report import charts
from report.found import Found, rows_of_photos
from zest.classes import class_title
from zest.contracts import read_pictures
from zest.label_errors import likely_errors
from zest.metrics import confusion_matrix
from zest.page import jpeg_uri
from zest.page.section import Section

MOST_CLASSES = 12  # of a confusion matrix that can be read
MOST_CONFUSIONS = 12
MOST_DOUBTFUL = 24


def counts_of(found: Found) -> np.ndarray:
    """Return the confusion matrix of the leader: int, (K, K)."""
    predicted = found.predictions.probabilities.argmax(axis=1)
    return confusion_matrix(found.predictions.labels, predicted, len(found.classes))


def confusions(found: Found) -> list[tuple[int, int, int]]:
    """Return (label, predicted, photos) of the mistakes, the most frequent first."""
    counts = counts_of(found)
    np.fill_diagonal(counts, 0)
    pairs = [(int(a), int(b), int(counts[a, b])) for a, b in np.argwhere(counts > 0)]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))


def classes(found: Found) -> Section:
    """Show how well each class is found, and what it is taken for."""
    counts = counts_of(found)
    confidence = found.ranked[0]["confidence"]
    rows = []
    for one, told in zip(found.classes, found.per_class, strict=True):
        low, recall, high = (float(told[key]) for key in ("recall_low", "recall", "recall_high"))
        name = class_title(one)
        label = f"{name}: {100 * recall:.0f} % of {told['photos']} found"
        rows.append(
            {
                "name": name,
                "photos": int(told["photos"]),
                "recall": f"{100 * recall:.0f} %",
                "precision": f"{100 * float(told['precision']):.0f} %",
                "f1": f"{float(told['f1']):.2f}",
                "bar": charts.share_bar(low, recall, high, f"{label}, {low:.2f} to {high:.2f}"),
                "rank": recall,
            }
        )
    readable = len(found.classes) <= MOST_CLASSES
    if not readable:
        rows.sort(key=lambda row: row["rank"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Section(
        name="classes",
        title="Class by class",
        n=f"n = {int(counts.sum()):,} photos, {len(found.classes)} classes; lines are "
        f"{100 * confidence:g} % intervals",
        source="evaluation/*/per_class.csv and out_of_fold.parquet (stage evaluate)",
        meaning=list(_class_words(found, rows)),
        content={
            "rows": rows[: 3 * MOST_CLASSES],
            "more": max(0, len(rows) - 3 * MOST_CLASSES),
            "sorted": not readable,
            "names": [one.class_num for one in found.classes] if readable else [],
            "matrix": [
                [
                    (int(counts[a.label, b.label]), f"{100 * shares[a.label, b.label]:.0f}")
                    for b in found.classes
                ]
                for a in found.classes
            ]
            if readable
            else [],
            "titles": [class_title(one) for one in found.classes],
            "confusions": [
                (class_title(found.classes[a]), class_title(found.classes[b]), photos)
                for a, b, photos in confusions(found)[:MOST_CONFUSIONS]
            ],
        },
    )


def _class_words(found: Found, rows: list[dict]) -> Iterator[str]:
    missed = confusions(found)
    if not missed:
        yield "Every one of these photos is right; more photos would show where it fails."
        return
    worst = min((row for row in rows if row["photos"]), key=lambda row: row["rank"])
    yield (
        f"Found least often: {worst['name']}, {worst['recall']} of {worst['photos']} photos. "
        "Of a class with few photos the line is long, and little is known."
    )
    label, predicted, photos = missed[0]
    total = sum(pair[2] for pair in missed)
    yield (
        f"The most frequent mistake: {class_title(found.classes[label])} taken for "
        f"{class_title(found.classes[predicted])}, {photos} of {total} mistakes."
    )
    if found.cfg["rules"]["classes_ordered"]:
        near = sum(pair[2] for pair in missed if abs(pair[0] - pair[1]) == 1)
        yield f"{near} of the {total} mistakes are off by one grade."


def mistakes(found: Found) -> Section:
    """Show the mistakes that the model was most sure of, and where it looked."""
    tiles = []
    for row in (one for one in found.heat_maps if one["kind"] == "mistake"):
        heat = np.array(row["heat"], np.float32).reshape(row["heat_shape"]) if row["heat"] else None
        photo, heated = charts.with_heat(
            row["image"]["bytes"], np.zeros((1, 1)) if heat is None else heat
        )
        tiles.append(
            {
                "image_id": row["image_id"],
                "photo": photo,
                "heated": heated if heat is not None else None,
                "label": class_title(found.classes[row["label"]]),
                "predicted": class_title(found.classes[row["predicted"]]),
                "sure": f"{100 * row['probability']:.0f} %",
                "own": f"{100 * row['label_probability']:.0f} %",
            }
        )
    return Section(
        name="mistakes",
        title="Its most confident mistakes",
        n=f"n = {len(tiles)} of {sum(pair[2] for pair in confusions(found))} mistakes",
        source="explanation/heat_maps.parquet (stage explain)",
        meaning=[
            "Look for what they have in common: a light, a side of the thing, a background, or a "
            "label that is wrong.",
            "Bright places of the second picture spoke for the predicted class (Grad-CAM); it is "
            "coarse, and tells where the network looked, not what it saw there.",
        ],
        content={"tiles": tiles},
    )


def shortcuts(found: Found) -> Section:
    """Tell whether the leader looks at the thing or at what is around it."""
    told = found.shortcuts
    figures = []
    if told.get("outside"):
        outside = told["outside"]
        figures.append(
            (
                f"{100 * outside['value']:.0f} %",
                "of its heat lies outside the middle",
                f"{100 * outside['low']:.0f} to {100 * outside['high']:.0f} %, n = {outside['n']}; "
                "half would be no place at all",
            )
        )
    for key, name in (
        ("plain", "right as it is"),
        ("centre_hidden", "right with the middle painted over"),
        ("border_hidden", "right with the surroundings painted over"),
    ):
        one = told["occlusion"][key]
        figures.append(
            (
                f"{100 * one['value']:.0f} %",
                name,
                f"{100 * one['low']:.0f} to {100 * one['high']:.0f} %, n = {one['n']}",
            )
        )
    return Section(
        name="shortcuts",
        title="Does it look at the thing?",
        n=f"the middle is the square of half the area; the largest class is "
        f"{100 * told['occlusion']['chance']:.0f} % of the sample",
        source="explanation/shortcuts.json (stage explain)",
        meaning=[
            *told["warnings"],
            "A model that is still right with the middle painted over has learned from the "
            "surroundings too; on photos with another background it would fail. Where the thing is "
            "not in the middle, or fills the photo, this says little.",
        ],
        content={"figures": figures},
    )


def doubtful_labels(found: Found) -> Section:
    """Show photos whose label the leader, which never saw them, finds wrong."""
    probabilities, labels = found.predictions.probabilities, found.predictions.labels
    rows, seems = likely_errors(probabilities, labels)
    shown = list(zip(rows.tolist(), seems.tolist(), strict=True))[:MOST_DOUBTFUL]
    ids = found.predictions.ids
    places = rows_of_photos(found.measures)
    pictures = read_pictures(found.measures, "thumbnail", [places[ids[row]] for row, _ in shown])
    tiles = [
        {
            "image_id": ids[row],
            "uri": jpeg_uri(pictures[places[ids[row]]]),
            "note": f"{class_title(found.classes[labels[row]])} → "
            f"{class_title(found.classes[other])} {100 * probabilities[row, other]:.0f} %",
        }
        for row, other in shown
    ]
    return Section(
        name="doubtful_labels",
        title="Labels that may be wrong",
        n=f"n = {len(labels):,} photos, {len(rows):,} doubtful",
        source="evaluation/*/out_of_fold.parquet, by confident learning (Northcutt et al. 2021)",
        meaning=[
            "The model, which never saw these photos in training, finds another class as likely as "
            "it does for photos of that class. Some labels will be wrong, some photos are just "
            "hard: look before you change one."
            if len(rows)
            else "No label is in doubt by the leader's predictions."
        ],
        content={"tiles": tiles, "more": len(rows) - len(tiles)},
    )
