"""The sections of the report: each is one function here and one template of the same name.

A function computes what its section shows and says; templates/NAME.html.j2 lays it out. To add a
section, write both and put the function into SECTIONS.
"""

from collections.abc import Callable

import numpy as np

from eda import charts, studied, study_words, tables, words
from eda.advice import advice
from eda.charts import number
from eda.statistics import channel_mean_std, effective_number, epsilon_squared, imbalance_ratio
from eda.survey import Split, Survey
from zest.classes import class_title
from zest.page import jpeg_uri
from zest.page.section import Section

IN_CLASS_ORDER = 12  # up to so many classes, bars keep the order of the classes; else by size
MOST_PROBLEMS = 100  # rows of the table of problems
MOST_CAPTIONS = 8  # photos a class: a class with one row of photos has room for their ids


def glance(survey: Survey) -> Section:
    """Show the size of the data set in a handful of figures."""
    train, test, photos = survey.train, survey.test, survey.photos
    ratio = imbalance_ratio(photos)
    effective = effective_number(photos)
    megabytes = (train.file_bytes.sum() + test.file_bytes.sum()) / 1e6
    low, high = number(effective.min(), 0), number(effective.max(), 0)
    figures = [
        (number(len(train), 0), "training photos", "with a label to learn from"),
        (number(len(test), 0), "test photos", "to be sorted into classes"),
        (
            number(len(photos), 0),
            "classes",
            f"half have {number(np.median(photos), 0)} photos or more",
        ),
        (
            f"{number(ratio, 1)} : 1" if np.isfinite(ratio) else "∞",
            "imbalance ratio",
            f"largest class {photos.max():,} photos, smallest {photos.min():,}",
        ),
        (
            low if low == high else f"{low}–{high}",
            "effective photos a class",
            "repetition discounted; Cui et al. 2019, β = 0.999",
        ),
        (number(megabytes, 1), "MB", "all photo files together"),
    ]
    return Section(
        name="glance",
        title="At a glance",
        n=_n(survey),
        source="catalog/train.parquet, catalog/test.parquet (stage catalog)",
        meaning=[words.data_size(len(train), len(photos)), words.proportion(len(train), len(test))],
        content={"figures": figures},
    )


def classes(survey: Survey) -> Section:
    """Show the photos of each class as bars."""
    photos, effective = survey.photos, effective_number(survey.photos)
    order = np.arange(len(photos))
    if len(photos) > IN_CLASS_ORDER:
        order = np.argsort(-photos, kind="stable")
    rows = []
    for index in order:
        share, title = 100 * photos[index] / photos.sum(), class_title(survey.classes[index])
        rows.append(
            {
                "class": survey.classes[index],
                "photos": number(photos[index], 0),
                "share": f"{share:.1f} %",
                "effective": number(effective[index], 1),
                "bar": charts.bar(
                    100 * photos[index] / photos.max(),
                    100 * effective[index] / photos.max(),
                    f"{title}: {photos[index]:,} photos, {share:.1f} %, "
                    f"effective number {effective[index]:,.1f}",
                ),
            }
        )
    return Section(
        name="classes",
        title="Class sizes",
        n=f"n = {len(survey.train):,} training photos",
        source="catalog/train.parquet, catalog/classes.csv (stage catalog)",
        meaning=words.balance(survey.classes, photos),
        content={"rows": rows, "by_size": len(photos) > IN_CLASS_ORDER},
    )


def files(survey: Survey) -> Section:
    """Show sizes, shapes, formats, modes, orientations and file sizes."""
    train, test = survey.train, survey.test
    counted = [
        ("Size in pixels", tables.sizes(train, test)),
        ("Shape", tables.shapes(train, test)),
        ("File format", tables.formats(train, test)),
        ("Colour mode", tables.modes(train, test)),
        ("Camera orientation (EXIF)", tables.orientations(train, test)),
    ]
    both = np.concatenate([train.file_bytes, test.file_bytes]) / 1000
    scale = charts.log_scale(both, floor=0.1)
    series = _series(survey, lambda split: split.file_bytes / 1000)
    return Section(
        name="files",
        title="Image files",
        n=_n(survey),
        source="catalog/train.parquet, catalog/test.parquet (stage catalog)",
        meaning=words.sizes(train, test),
        content={
            "tables": counted,
            "has_test": len(test) > 0,
            "aspect": words.aspect_range(train, test),
            "chart": charts.histogram("File size in kB", series, scale),
        },
    )


def light(survey: Survey) -> Section:
    """Show brightness, contrast, sharpness and the mean and standard deviation of the colours."""
    mean, std = channel_mean_std(survey.train.mean, survey.train.mean_square)
    measures = [
        ("Brightness", "0 black, 1 white", lambda s: s.brightness, charts.linear_scale),
        ("Contrast", "spread of light, 0 to 0.5", lambda s: s.contrast, charts.linear_scale),
        ("Sharpness", "low is blurred; logarithmic", lambda s: s.sharpness, _sharpness_scale),
    ]
    panels = []
    for title, unit, values, scale_of in measures:
        series = _series(survey, values)
        scale = scale_of(np.concatenate([found for _, found in series]))
        panels.append((title, unit, charts.histogram(title, series, scale)))
    return Section(
        name="light",
        title="Light and colour",
        n=_n(survey),
        source="catalog/{train,test}_measures.parquet (stage catalog): eda/photos.csv",
        meaning=words.light(survey.train),
        content={
            "panels": panels,
            "has_test": len(survey.test) > 0,
            "mean": ", ".join(f"{value:.4f}" for value in mean),
            "std": ", ".join(f"{value:.4f}" for value in std),
            "swatch": charts.hex_colour(mean),
            "photos": number(len(survey.train), 0),
        },
    )


def colours(survey: Survey) -> Section:
    """Show the colour and the brightness of each class."""
    train, rows = survey.train, []
    scale = charts.linear_scale(train.brightness)
    for one in survey.classes:
        members = train.label == one.label
        if not members.any():
            continue
        mean, light, title = train.mean[members], train.brightness[members], class_title(one)
        centre = mean.mean(axis=0)
        about = f"{title}, n = {members.sum():,}"
        rows.append(
            {
                "class": one,
                "photos": number(members.sum(), 0),
                "colour": charts.hex_colour(centre),
                "rgb": " ".join(f"{value:.2f}" for value in centre),
                "strip": charts.strip(mean, light, f"{about}: mean colours, darkest to brightest"),
                "spread": charts.spread(
                    light, scale, f"{about}: brightness, median {np.median(light):.2f}"
                ),
            }
        )
    explained = {
        "brightness": epsilon_squared(train.brightness, train.label),
        "red": epsilon_squared(train.mean[:, 0], train.label),
        "green": epsilon_squared(train.mean[:, 1], train.label),
        "blue": epsilon_squared(train.mean[:, 2], train.label),
    }
    return Section(
        name="colours",
        title="Colour by class",
        n=f"n = {len(train):,} training photos",
        source="catalog/train_measures.parquet (stage catalog): eda/classes.csv",
        meaning=words.colour_by_class(explained),
        content={
            "rows": rows,
            "darkest": f"{scale.edges[0]:.2f}",
            "brightest": f"{scale.edges[-1]:.2f}",
            "explained": [(name, f"{100 * share:.0f} %") for name, share in explained.items()],
        },
    )


def samples(survey: Survey) -> Section:
    """Show some photos of each class, and of the test photos."""
    groups = [
        (class_title(one), number(photos, 0), chosen)
        for one, photos, chosen in zip(
            survey.classes, survey.photos, _samples(survey.train), strict=True
        )
    ]
    if len(survey.test):
        (shown,) = _samples(survey.test)
        groups.append(("Test photos, class unknown", number(len(survey.test), 0), shown))
    total = sum(len(photos) for _, _, photos in groups)
    return Section(
        name="samples",
        title="Sample photos",
        n=f"n = {total:,} photos, chosen by chance (fixed by the seed)",
        source="the photos: the middle square of each",
        meaning=words.SAMPLES,
        content={"groups": groups, "dense": max(len(g[2]) for g in groups) < MOST_CAPTIONS},
    )


def shift(survey: Survey) -> Section:
    """Compare the training photos with the test photos."""
    rows = words.comparisons(survey.train, survey.test) if len(survey.test) else []
    swatches = [
        (name, charts.hex_colour(split.mean.mean(axis=0)))
        for name, split in (("training", survey.train), ("test", survey.test))
        if len(split)
    ]
    return Section(
        name="shift",
        title="Training and test",
        n=_n(survey),
        source="catalog/{train,test}_measures.parquet (stage catalog): eda/photos.csv",
        meaning=[
            *words.shift(rows, survey.train, survey.test),
            *study_words.shift(survey.findings.estimates.get("AUC of test against training")),
        ],
        content={"rows": rows, "swatches": swatches, "likeness": studied.likeness(survey)},
    )


def problems(survey: Survey) -> Section:
    """List the photos and rows that the catalog found wrong."""
    found = survey.problems
    return Section(
        name="problems",
        title="Problems",
        n=f"n = {study_words.counted(len(found), 'problem', 'problems')}",
        source="catalog/train_problems.csv, catalog/test_problems.csv (stage catalog)",
        meaning=words.problems(len(found)),
        content={"rows": found[:MOST_PROBLEMS], "more": len(found[MOST_PROBLEMS:])},
    )


SECTIONS: list[Callable[[Survey], Section]] = [
    glance,
    classes,
    files,
    light,
    colours,
    samples,
    studied.photo_map,
    studied.duplicates,
    studied.quality,
    studied.doubtful_labels,
    studied.shortcuts,
    shift,
    studied.split,
    problems,
    advice,
]


def _n(survey: Survey) -> str:
    return f"n = {len(survey.train):,} training and {len(survey.test):,} test photos"


def _series(survey: Survey, values: Callable) -> list[tuple[str, np.ndarray]]:
    splits = (("training", survey.train), ("test", survey.test))
    return [(name, values(split)) for name, split in splits if len(split)]


def _sharpness_scale(values: np.ndarray) -> charts.Scale:
    return charts.log_scale(values, floor=1.0)


def _samples(split: Split) -> list[list[tuple[str, str]]]:
    """Return id and picture of the chosen photos, a list for each list of `split.samples`."""
    pictures = split.thumbnails(row for chosen in split.samples for row in chosen)
    return [
        [(split.image_id[row], jpeg_uri(pictures[row])) for row in chosen]
        for chosen in split.samples
    ]
