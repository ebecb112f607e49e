"""Charts and sheets as PNG files, for Snakemake's own report.

Drawn with matplotlib's objects, without pyplot and without a date or a version in the file. The
font is the one that matplotlib brings along, so the bytes do not depend on the fonts of the
machine; a name that it cannot write (Japanese, Chinese) is replaced by the class number.
"""

import os
from functools import cache

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from zest.classes import ClassInfo, class_title
from zest.files import atomic_path

DPI = 120
FONT = "DejaVu Sans"
INK = "#24221c"
LONGEST_NAME = 28  # characters beside a chart


def drawable_name(one: ClassInfo) -> str:
    """Return a class's number and name, shortened; the number alone if the font lacks a letter."""
    title = class_title(one)
    if not drawable(title):
        return f"class {one.class_num}"
    return title if len(title) <= LONGEST_NAME else title[: LONGEST_NAME - 1] + "…"


def drawable(text: str) -> bool:
    """Say whether the font has every letter of a text."""
    return all(ord(letter) in _letters() for letter in text)


def written(text: str) -> str:
    """Return a text with a box in the place of each letter that the font lacks."""
    return "".join(letter if ord(letter) in _letters() else "□" for letter in text)


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write a figure as PNG, whole or not at all."""
    FigureCanvasAgg(figure)
    with atomic_path(path) as part:
        figure.savefig(part, format="png", metadata={"Software": None})


@cache
def _letters() -> frozenset[int]:
    return frozenset(FT2Font(font_manager.findfont(FONT)).get_charmap())
