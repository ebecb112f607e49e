"""The charts as PNG files, for Snakemake's own report.

See zest.figures for the font, and for what the file does not hold.
"""

import os

import numpy as np
from matplotlib.figure import Figure

from eda.charts import strip_colours
from eda.survey import Survey
from zest.figures import DPI, FONT, INK, drawable_name, save_figure
from zest.images import fit, load_rgb

TRAIN = "#d8a900"
ROW_INCHES = 0.24
SIDE, GAP, CAPTION = 112, 6, 22  # pixels: of a photo, between photos, above a row of photos


def draw_class_counts(survey: Survey, path: str | os.PathLike) -> None:
    """Draw the training photos of each class as bars."""
    figure, axes = _rows_of_classes(survey)
    rows = np.arange(len(survey.photos))
    axes.barh(rows, survey.photos, height=0.72, color=TRAIN)
    for row, photos in enumerate(survey.photos):
        axes.text(photos, row, f" {photos:,}", va="center", fontsize=8, color=INK, fontfamily=FONT)
    axes.set_xlim(0, survey.photos.max() * 1.12)
    axes.set_title(f"Training photos of each class, n = {len(survey.train):,}", **_title())
    save_figure(figure, path)


def draw_colour_by_class(survey: Survey, path: str | os.PathLike) -> None:
    """Draw the mean colours of each class's photos, from the darkest to the brightest."""
    figure, axes = _rows_of_classes(survey)
    train = survey.train
    for row, one in enumerate(survey.classes):
        members = train.label == one.label
        if members.any():
            colours = strip_colours(train.mean[members], train.brightness[members])
            axes.imshow(
                colours[np.newaxis],
                extent=(0, 1, row + 0.42, row - 0.42),
                aspect="auto",
                interpolation="nearest",
            )
    axes.set_xlim(0, 1)
    axes.set_ylim(len(survey.classes) - 0.5, -0.5)
    axes.set_title(f"Mean colours of the photos, dark to bright, n = {len(train):,}", **_title())
    save_figure(figure, path)


def draw_samples(survey: Survey, path: str | os.PathLike) -> None:
    """Draw the chosen photos of each class, class by class, on one sheet."""
    most = max(len(chosen) for chosen in survey.train.samples)
    block_width = most * (SIDE + GAP) + 3 * GAP
    block_height = CAPTION + SIDE + 2 * GAP
    columns = _columns(len(survey.classes), block_width / block_height)
    lines = -(-len(survey.classes) // columns)
    sheet = np.full((lines * block_height, columns * block_width, 3), 255, np.uint8)
    height, width = sheet.shape[:2]
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    pictures = survey.train.thumbnails(row for chosen in survey.train.samples for row in chosen)
    for index, (one, chosen) in enumerate(zip(survey.classes, survey.train.samples, strict=True)):
        top, left = index // columns * block_height, index % columns * block_width + GAP
        for place, row in enumerate(chosen):
            start = left + place * (SIDE + GAP)
            photo = fit(load_rgb(pictures[row]), SIDE)
            sheet[top + CAPTION : top + CAPTION + SIDE, start : start + SIDE] = photo
        figure.text(
            left / width,
            1 - (top + CAPTION - 5) / height,
            f"{drawable_name(one)}  n = {survey.photos[index]:,}",
            fontsize=7,
            color=INK,
            fontfamily=FONT,
            parse_math=False,
        )
    figure.figimage(sheet)
    save_figure(figure, path)


def _columns(blocks: int, aspect: float) -> int:
    """Return in how many columns blocks of this width / height make a sheet as wide as high."""
    return max(1, min(blocks, round((blocks / aspect) ** 0.5)))


def _rows_of_classes(survey: Survey):
    """Return a figure and its axes with one row a class, named, the first on top."""
    height = ROW_INCHES * max(4, len(survey.classes)) + 0.7
    figure = Figure(figsize=(7.5, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(range(len(survey.classes)))
    axes.set_yticklabels([drawable_name(one) for one in survey.classes], parse_math=False)
    axes.invert_yaxis()
    axes.margins(y=0.5 / len(survey.classes))
    axes.set_xticks([])
    axes.tick_params(length=0, labelsize=8, labelcolor=INK, labelfontfamily=FONT)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure, axes


def _title() -> dict:
    return {"fontsize": 10, "color": INK, "loc": "left", "fontfamily": FONT}
