"""The contact sheets: the photos of each class, those that the model is least sure of first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deployment.running import ExportedModel
from grading.chunks import PHOTOS
from zest.classes import ClassInfo, class_title
from zest.contracts import read_pictures
from zest.page import jpeg_uri, render_page
from zest.samples import samples_of_each

TEMPLATE = Path(__file__).parent / "templates" / "contact_sheets.html.j2"
MOST_PHOTOS = 1200  # on the page, some 7 MB
MOST_OF_CLASS = 240
MOST_PROBLEMS = 200
UNSURE = 0.5  # of the probability of its class, that the next class of a photo has at least


@dataclass(frozen=True)
class Tile:
    """A photo on a sheet."""

    image_id: str
    uri: str  # of its thumbnail
    note: str  # the probability of its class, and the next class of a photo that is unsure


@dataclass(frozen=True)
class Sheet:
    """The photos of one class.

    Attributes:
        label: of the class.
        title: of the class.
        photos: how many are of this class.
        share: of all photos that were graded, 0 to 1.
        unsure: how many of them are, see `is_unsure`.
        first: the least certain ones, the least certain first.
        last: the most certain ones, where not all are shown; the most certain last.
    """

    label: int
    title: str
    photos: int
    share: float
    unsure: int
    first: list[Tile]
    last: list[Tile]

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.photos - len(self.first) - len(self.last)


def choose(certainty: Sequence[float], most: int) -> tuple[list[int], list[int]]:
    """Return which photos of a class are shown: all, or the least and the most certain ones.

    Args:
        certainty: the probability of the class, of each of its photos.
        most: photos that there is room for.

    Returns:
        Positions of the least and of the most certain ones, both in the order of certainty; the
        latter are none where all photos are among the former.
    """
    order = sorted(range(len(certainty)), key=lambda place: (certainty[place], place))
    if len(order) <= most:
        return order, []
    last = most // 3
    return order[: most - last], order[len(order) - last :]


def make_sheets(
    rows: list[dict], graded: list[dict], chunks: Sequence[Path], model: ExportedModel
) -> list[Sheet]:
    """Return a sheet for each class that has photos, in the order of the classes.

    Args:
        rows: of all chunks; tells where the thumbnails are.
        graded: rows of GRADED, in the same order.
        chunks: of `grading.chunks.grade_in_chunks`.
        model: that graded.
    """
    most = samples_of_each(MOST_OF_CLASS, len({row["label"] for row in graded}) or 1, MOST_PHOTOS)
    place_of = {row["image_id"]: place for place, row in enumerate(rows)}
    chosen = {}
    for one in model.classes:
        own = [row for row in graded if row["label"] == one.label]
        first, last = choose([row["probability"] for row in own], most)
        chosen[one.label] = own, [own[place] for place in first], [own[place] for place in last]
    shown = [row["image_id"] for _, first, last in chosen.values() for row in (*first, *last)]
    pictures = _thumbnails(chunks, {name: place_of[name] for name in shown})

    def tile(row: dict) -> Tile:
        return Tile(row["image_id"], jpeg_uri(pictures[row["image_id"]]), _note(row, model.classes))

    return [
        Sheet(
            label,
            class_title(model.classes[label]),
            len(own),
            len(own) / len(graded),
            sum(map(is_unsure, own)),
            [tile(row) for row in first],
            [tile(row) for row in last],
        )
        for label, (own, first, last) in chosen.items()
        if own
    ]


def render(
    competition: str,
    folder: str,
    told: str,
    sheets: list[Sheet],
    problems: list[tuple[str, str]],
) -> str:
    """Return the page.

    Args:
        competition: its name.
        folder: the name of the folder.
        told: of the model, for the foot of the page.
        sheets: of `make_sheets`.
        problems: of `grading.tables.problem_rows`.
    """
    return render_page(
        TEMPLATE,
        competition=competition,
        folder=folder,
        told=told,
        sheets=sheets,
        photos=sum(sheet.photos for sheet in sheets),
        problems=problems[:MOST_PROBLEMS],
        all_problems=len(problems),
    )


def _thumbnails(chunks: Sequence[Path], places: dict[str, int]) -> dict[str, bytes]:
    """Return the thumbnails of photos by their name; one chunk after the other is read."""
    in_chunk: dict[int, dict[int, str]] = {}
    for name, place in places.items():
        in_chunk.setdefault(place // PHOTOS, {})[place % PHOTOS] = name
    found = {}
    for number, names in in_chunk.items():
        pictures = read_pictures(chunks[number], "thumbnail", names)
        found.update({names[row]: data for row, data in pictures.items()})
    return found


def _note(row: dict, classes: list[ClassInfo]) -> str:
    """Say how sure the model is, and of what it would be otherwise where it is not."""
    if not is_unsure(row):
        return f"{row['probability']:.3f}"
    second = classes[_second(row)]
    return f"{row['probability']:.3f}, or {second.name} {row['probabilities'][second.label]:.3f}"


def is_unsure(row: dict) -> bool:
    """Tell whether another class of a photo, a row of GRADED, is at least half as likely.

    A threshold of the probability itself would go by the training: label smoothing lowers all.
    """
    return row["probabilities"][_second(row)] >= UNSURE * row["probability"]


def _second(row: dict) -> int:
    """Return the label of the second likeliest class."""
    return int(np.argsort(row["probabilities"], kind="stable")[-2])
