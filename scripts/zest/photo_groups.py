"""Photos that must stay on one side of a split, joined into groups."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zest.errors import UserError

Links = Sequence[tuple[int, int]]  # pairs of rows that belong together


def join(photos: int, *links: Links) -> np.ndarray:
    """Join photos that are linked, directly or by way of others.

    Args:
        photos: how many there are.
        links: pairs of rows that belong together, from any number of reasons.

    Returns:
        int, (photos,): the number of each photo's group; groups are numbered in the order of their
        first photo.
    """
    pairs = np.array([pair for reason in links for pair in reason], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (photos, photos))
    _, found = connected_components(graph, directed=False)
    _, first = np.unique(found, return_index=True)
    return np.argsort(np.argsort(first))[found]


def links_of_pairs(ids: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[tuple[int, int]]:
    """Return pairs of image_id as pairs of rows of `ids`."""
    row = {image_id: number for number, image_id in enumerate(ids)}
    return [(row[first], row[second]) for first, second in pairs]


def links_of_names(names: Sequence[str | int | None]) -> list[tuple[int, int]]:
    """Link the photos whose groups have one name; a photo without a name is linked to none."""
    first: dict[str | int, int] = {}
    return [
        (first.setdefault(name, row), row) for row, name in enumerate(names) if name is not None
    ]


def names_by_pattern(ids: Sequence[str], pattern: str) -> list[str]:
    """Take the name of each photo's group from its image_id.

    Args:
        ids: image_id of the photos.
        pattern: a regular expression, found anywhere in the image_id; what its first parentheses
            take is the name, without parentheses the whole of what it finds.

    Raises:
        UserError: it is not found in some image_id, or finds nothing there.
    """
    names = names_where_found(ids, pattern)
    missed = [image_id for image_id, name in zip(ids, names, strict=True) if name is None]
    if missed:
        raise UserError(
            f"split.group_pattern: {pattern!r} is not found in {len(missed)} of {len(ids)} ids, "
            f"the first of them {missed[0]!r}. Correct the pattern; to leave such photos in groups "
            "of their own, let it match them whole, as in ^.*?(lemon\\d+)_|^.*"
        )
    if "" in names:
        raise UserError(
            f"split.group_pattern: {pattern!r} finds nothing in {ids[names.index('')]!r}, so that "
            "all such photos would be one group. Let it match at least one character"
        )
    return [name for name in names if name is not None]


def names_where_found(ids: Sequence[str], pattern: str) -> list[str | None]:
    """Take the names of `names_by_pattern`; None where the pattern is not found.

    The pattern is written for training photos, so of test photos it may not be found.
    """
    compiled = re.compile(pattern)
    found = [compiled.search(image_id) for image_id in ids]
    return [one and (one.group(min(1, compiled.groups)) or one.group()) for one in found]
