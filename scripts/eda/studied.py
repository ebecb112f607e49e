"""The sections on what a pretrained network, a hash and the measures have found in the photos."""

from collections.abc import Sequence

import numpy as np

from eda import charts, study_words
from eda.charts import number
from eda.survey import Split, Survey
from zest.classes import class_title
from zest.page import jpeg_uri
from zest.page.section import Section

MOST_PAIRS = 24  # shown of each kind of pair
MOST_PHOTOS = 16  # shown of each kind of odd photo
MOST_DOUBTFUL = 40
ENDS = 12  # of the photos most and least like the test photos
MOST_COLOURS = 12  # classes that a map can tell apart by hue


def photo_map(survey: Survey) -> Section:
    """Show the photos where alike ones stand together."""
    rows = {part: _rows(split) for part, split in _parts(survey)}
    places = survey.findings.places
    wanted: dict[str, list[int]] = {"train": [], "test": []}
    for one in places:
        wanted[one["part"]].append(rows[one["part"]][one["image_id"]])
    pictures = {part: split.thumbnails(wanted[part]) for part, split in _parts(survey)}
    dots = []
    for one in places:
        row = rows[one["part"]][one["image_id"]]
        label = int(survey.train.label[row]) if one["part"] == "train" else -1
        title = "test photo" if label < 0 else class_title(survey.classes[label])
        dots.append(
            {
                "x": round(100 * float(one["x"]), 2),
                "y": round(100 * float(one["y"]), 2),
                "kind": "test" if label < 0 else f"c{label % MOST_COLOURS}",
                "title": f"{one['image_id']}: {title}",
                "uri": charts.dot_uri(pictures[one["part"]][row]),
            }
        )
    return Section(
        name="photo_map",
        title="Map of the photos",
        n=f"n = {len(places):,} photos, chosen by chance where there are more",
        source="features of EfficientNet-Lite0, laid out by t-SNE (stage study): eda/map.csv",
        meaning=study_words.photo_map(len(survey.classes)),
        content={
            "dots": dots,
            "colours": [
                (f"c{one.label}", class_title(one)) for one in survey.classes[:MOST_COLOURS]
            ],
            "repeated": len(survey.classes) > MOST_COLOURS,
            "has_test": len(survey.test) > 0,
        },
    )


def duplicates(survey: Survey) -> Section:
    """Show the pairs of photos that are the same, those that disagree first."""
    rows = {part: _rows(split) for part, split in _parts(survey)}
    groups = []
    for title, chosen in _kinds_of_pairs(survey, rows):
        shown = sorted(chosen, key=lambda one: (one["kind"] != "exact", one["distance"]))
        shown = shown[:MOST_PAIRS]
        tiles = [
            {
                "photos": [_photo(survey, rows, one, end) for end in ("first", "second")],
                "note": (
                    "the same bytes"
                    if one["kind"] == "exact"
                    else f"distance {one['distance']:.3f}, {one['bits']} bits"
                ),
            }
            for one in shown
        ]
        groups.append((title, len(chosen), tiles))
    _load(survey, [photo for _, _, tiles in groups for tile in tiles for photo in tile["photos"]])
    pairs = survey.findings.pairs
    return Section(
        name="duplicates",
        title="Duplicates",
        n=f"n = {study_words.counted(len(pairs), 'pair', 'pairs')}",
        source="bytes, features and hashes (stage duplicates): duplicates/{train,test}.parquet",
        meaning=study_words.duplicates({title: count for title, count, _ in groups}),
        content={"groups": [group for group in groups if group[1]]},
    )


def quality(survey: Survey) -> Section:
    """Show photos that are very dark, very bright, blurred, tiny or oddly shaped."""
    groups = []
    for title, of in study_words.ODDITIES.items():
        found = [
            (part, int(row))
            for part, split in _parts(survey)
            if len(split)
            for row in np.flatnonzero(of(split))
        ]
        if found:
            groups.append((title, found))
    tiles = [(title, len(found), _tiles(survey, found[:MOST_PHOTOS])) for title, found in groups]
    return Section(
        name="quality",
        title="Odd photos",
        n=f"n = {len(survey.train):,} training and {len(survey.test):,} test photos",
        source="catalog/{train,test}.parquet and their measures (stage catalog)",
        meaning=study_words.quality({title: count for title, count, _ in tiles}),
        content={"groups": tiles},
    )


def doubtful_labels(survey: Survey) -> Section:
    """Show the photos that a probe is sure to be another class."""
    found = survey.findings.label_errors
    rows = _rows(survey.train)
    shown = found[:MOST_DOUBTFUL]
    tiles = _tiles(survey, [("train", rows[one["image_id"]]) for one in shown])
    for tile, one in zip(tiles, shown, strict=True):
        label, other = (survey.classes[int(one[key])] for key in ("label", "predicted"))
        tile["note"] = (
            f"{label.name} → {other.name} {100 * float(one['predicted_probability']):.0f} %"
        )
    return Section(
        name="doubtful_labels",
        title="Doubtful labels",
        n=f"n = {len(survey.train):,} training photos, {len(found):,} doubtful",
        source="a linear probe on the features, out of plain folds (stage study): "
        "eda/label_errors.csv",
        meaning=study_words.doubtful_labels(len(found), len(survey.train)),
        content={"tiles": tiles, "more": len(found) - len(shown)},
    )


def shortcuts(survey: Survey) -> Section:
    """Show how well the class is told by what is not the thing itself."""
    rows = [
        {
            "source": one["source"],
            "accuracy": f"{100 * float(one['accuracy']):.1f} %",
            "interval": f"{100 * float(one['low']):.0f} to {100 * float(one['high']):.0f} %",
            "bar": charts.bar(
                100 * float(one["accuracy"]),
                100 * float(one["majority"]),
                f"{one['source']}: {100 * float(one['accuracy']):.1f} % of the photos, the largest "
                f"class {100 * float(one['majority']):.1f} %",
            ),
            "verdict": study_words.shortcut_verdict(one),
        }
        for one in survey.findings.shortcuts
    ]
    return Section(
        name="shortcuts",
        title="Shortcuts",
        n=f"n = {len(survey.train):,} training photos, at most 5,000",
        source="thumbnails, sizes and files, in the folds of the split (stage study): "
        "eda/shortcuts.csv",
        meaning=study_words.shortcuts(survey.findings.shortcuts),
        content={"rows": rows},
    )


def likeness(survey: Survey) -> dict:
    """Return what the section on training and test shows of adversarial validation."""
    found = survey.findings
    auc = found.estimates.get("AUC of test against training")
    if auc is None:
        return {"auc": None, "groups": []}
    order = sorted(range(len(survey.train)), key=lambda row: _likeness_of(survey, row))
    most, least = order[::-1][:ENDS], order[:ENDS]
    groups = []
    for title, rows in (("Most like the test photos", most), ("Least like them", least)):
        tiles = _tiles(survey, [("train", row) for row in rows])
        for tile, row in zip(tiles, rows, strict=True):
            tile["note"] = f"{100 * _likeness_of(survey, row):.0f} %"
        groups.append((title, tiles))
    return {
        "auc": f"{auc.value:.2f} (95 % interval {auc.low:.2f} to {auc.high:.2f})",
        "groups": groups,
    }


def split(survey: Survey) -> Section:
    """Show the folds, what stays together, what leaks, and what scores to expect."""
    found = survey.findings
    folds = sorted({int(row["fold"]) for row in found.balance})
    classes = survey.classes
    table = {(int(row["fold"]), int(row["label"])): int(row["photos"]) for row in found.balance}
    rows = [
        (class_title(one), [number(table.get((fold, one.label), 0), 0) for fold in folds])
        for one in classes
    ]
    totals = [sum(table.get((fold, one.label), 0) for one in classes) for fold in folds]
    told = [
        (name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", number(one.photos, 0))
        for name, one in found.estimates.items()
        if not name.startswith("AUC")
    ]
    curve = [
        (
            row["distance"],
            number(int(row["groups"]), 0),
            f"{float(row['gap']):.4f}",
            row["chosen"] == "1",
        )
        for row in found.sessions
    ]
    return Section(
        name="split",
        title="Split",
        n=f"n = {len(survey.train):,} training photos in {len(folds)} folds",
        source="split/folds.parquet, balance.csv, leaks.csv, sessions.csv (stage split), "
        "eda/estimates.csv (stage study)",
        meaning=study_words.split(found),
        content={
            "folds": folds,
            "rows": rows,
            "totals": [number(total, 0) for total in totals],
            "estimates": told,
            "curve": curve,
        },
    )


def _parts(survey: Survey) -> list[tuple[str, Split]]:
    return [("train", survey.train), ("test", survey.test)]


def _rows(split: Split) -> dict[str, int]:
    return {image_id: row for row, image_id in enumerate(split.image_id)}


def _likeness_of(survey: Survey, row: int) -> float:
    return survey.findings.likeness[survey.train.image_id[row]][0]


def _kinds_of_pairs(survey: Survey, rows: dict[str, dict[str, int]]) -> list[tuple[str, list]]:
    """Sort the pairs into those that disagree, of training photos, across, and of test photos."""
    kinds: dict[str, list] = {
        "Same photo, different labels": [],
        "Within the training photos": [],
        "A training photo among the test photos": [],
        "Within the test photos": [],
    }
    disagreeing, within, across, test = kinds.values()
    for one in survey.findings.pairs:
        if one["first_part"] == one["second_part"] == "train":
            first, second = (
                survey.train.label[rows["train"][one[end]]] for end in ("first", "second")
            )
            (within if first == second else disagreeing).append(one)
        else:
            (across if one["first_part"] == "train" else test).append(one)
    return list(kinds.items())


def _photo(survey: Survey, rows: dict, pair: dict, end: str) -> dict:
    part, image_id = pair[f"{end}_part"], pair[end]
    return _tile(survey, part, rows[part][image_id])


def _tile(survey: Survey, part: str, row: int) -> dict:
    split = survey.train if part == "train" else survey.test
    note = "test photo" if part == "test" else class_title(survey.classes[split.label[row]])
    return {"part": part, "row": row, "image_id": split.image_id[row], "note": note}


def _tiles(survey: Survey, photos: Sequence[tuple[str, int]]) -> list[dict]:
    tiles = [_tile(survey, part, row) for part, row in photos]
    _load(survey, tiles)
    return tiles


def _load(survey: Survey, tiles: Sequence[dict]) -> None:
    """Give tiles their pictures, each table read once."""
    for part, split in _parts(survey):
        own = [tile for tile in tiles if tile["part"] == part]
        pictures = split.thumbnails(tile["row"] for tile in own)
        for tile in own:
            tile["uri"] = jpeg_uri(pictures[tile["row"]])
