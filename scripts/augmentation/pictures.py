"""Photos beside their copies, with words under each: for the pages, and as one PNG sheet."""

import os
import textwrap
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.figure import Figure

from zest.figures import DPI, FONT, INK, save_figure, written
from zest.images import fit
from zest.page import jpeg_uri

LARGEST = 224  # pixels: width and height of a picture in a page
QUALITY = 90  # of its JPEG
SIDE, GAP, TITLE, LINE = 128, 8, 20, 12  # pixels, in the sheet: of a picture, between, of text
LETTERS = 22  # that a line of the sheet has room for under a picture
MOST_LINES = 12  # so many, the others are on the page


@dataclass(frozen=True)
class Picture:
    """One image and what is written under it."""

    image: np.ndarray  # uint8 RGB (size, size, 3)
    name: str
    lines: list[str]  # one for each operation
    verdict: str = ""  # the line that stands out

    @property
    def uri(self) -> str:
        """The image as a data URI, no larger than a page needs it."""
        image = fit(self.image, min(LARGEST, self.image.shape[0]))
        _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return jpeg_uri(data.tobytes())


@dataclass(frozen=True)
class Strip:
    """A photo and its copies."""

    title: str
    pictures: list[Picture]


def draw_sheet(strips: list[Strip], title: str, path: str | os.PathLike) -> None:
    """Draw strips on one sheet, about as wide as high.

    Args:
        strips: none gives a sheet with the title alone.
        title: the first line.
        path: of the PNG.
    """
    longest = max((len(strip.pictures) for strip in strips), default=3)
    width = longest * (SIDE + GAP) + 3 * GAP
    heights = [_height(strip) for strip in strips]
    columns = max(1, min(len(strips), round((sum(heights) / width) ** 0.5)))
    rows = range(0, len(strips), columns)
    tops = np.cumsum([TITLE + GAP, *(max(heights[row : row + columns]) for row in rows)]).tolist()
    sheet = np.full((tops[-1], columns * width, 3), 255, np.uint8)
    figure = Figure(figsize=(sheet.shape[1] / DPI, sheet.shape[0] / DPI), dpi=DPI)
    _write(figure, GAP, TITLE, title, 8)
    for number, strip in enumerate(strips):
        top, left = tops[number // columns], number % columns * width + GAP
        _draw(strip, sheet, figure, top, left)
    figure.figimage(sheet)
    save_figure(figure, path)


def _draw(strip: Strip, sheet: np.ndarray, figure: Figure, top: int, left: int) -> None:
    """Draw one strip with its upper left corner there."""
    _write(figure, left, top + TITLE - 6, strip.title, 7)
    for place, picture in enumerate(strip.pictures):
        start, under = left + place * (SIDE + GAP), top + TITLE + SIDE
        sheet[top + TITLE : under, start : start + SIDE] = fit(picture.image, SIDE)
        for line, text in enumerate(_text(picture), 1):
            _write(figure, start, under + line * LINE, text, 6)


def _height(strip: Strip) -> int:
    lines = max(len(_text(picture)) for picture in strip.pictures)
    return TITLE + SIDE + lines * LINE + 2 * GAP


def _text(picture: Picture) -> list[str]:
    """Return what is written under a picture of the sheet, in lines that fit."""
    told = [picture.name, *([picture.verdict] if picture.verdict else []), *picture.lines]
    lines = [line for text in told for line in textwrap.wrap(text, LETTERS)]
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "…"]


def _write(figure: Figure, left: int, baseline: int, text: str, points: int) -> None:
    """Write a line; the place is in pixels from the upper left of the sheet."""
    width, height = figure.get_size_inches() * DPI
    figure.text(
        left / width,
        1 - baseline / height,
        written(text),
        fontsize=points,
        color=INK,
        fontfamily=FONT,
        parse_math=False,
    )
