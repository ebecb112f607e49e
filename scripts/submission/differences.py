"""What has changed since a submission was written: files, photos, values, rows."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from zest.files import sha256
from zest.parallel import ordered_map
from zest.provenance import data_hash


class RowDifference(NamedTuple):
    """The first row in which two files differ: its line, 1 is the first, and both as they stand.

    A row that a file does not have is None.
    """

    row: int
    handed_in: str | None
    predicted: str | None


def file_hash(path: Path) -> str | None:
    """Return the SHA-256 of a file, or None where there is none."""
    try:
        return sha256(path)
    except (FileNotFoundError, IsADirectoryError):
        return None


def changed_files(recorded: Mapping[str, str]) -> list[str]:
    """Say of each file, by its path, that is not the recorded one what is wrong with it."""
    found = ((path, file_hash(Path(path)), known) for path, known in recorded.items())
    return [_fault(path, now, known) for path, now, known in found if now != known]


def _fault(path: str | Path, now: str | None, known: str) -> str:
    if now is None:
        return f"{path} is missing"
    return f"{path} has changed: its SHA-256 was {known[:12]}... and is {now[:12]}..."


def read_hashes(catalog: pa.Table, root: Path, threads: int) -> list[str | None]:
    """Read the files of a CATALOG table anew; return the SHA-256 of each, None where it is missing.

    Args:
        catalog: the photos.
        root: what their paths are relative to.
        threads: number of processes.
    """
    paths = [root / path for path in catalog["path"].to_pylist()]
    return list(ordered_map(file_hash, paths, len(paths), threads, "hash"))


def changed_photos(
    catalog: pa.Table, root: Path, hashes: list[str | None], recorded: str
) -> list[str]:
    """Say which photos are not those that were predicted.

    Args:
        catalog: CATALOG table of the test photos.
        root: what their paths are relative to.
        hashes: of their files as they are now, see `read_hashes`.
        recorded: `data_hash` of the catalog that was predicted.
    """
    place = catalog.schema.get_field_index("sha256")
    now = catalog.set_column(place, "sha256", pa.array(hashes, pa.string()))
    if data_hash(now) == recorded:
        return []
    rows = zip(catalog["path"].to_pylist(), hashes, catalog["sha256"].to_pylist(), strict=True)
    changed = [_fault(root / path, now, known) for path, now, known in rows if now != known]
    return changed or ["the catalog lists other test photos than those that were predicted"]


def changed_values(recorded: Mapping, now: Mapping) -> list[str]:
    """Return the keys whose values differ, in their order; those of sections joined by dots."""
    then, later = dict(_leaves(recorded)), dict(_leaves(now))
    missing = object()
    return [
        key
        for key in dict.fromkeys([*then, *later])
        if then.get(key, missing) != later.get(key, missing)
    ]


def _leaves(section: Mapping, above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def compare_rows(handed_in: bytes, predicted: bytes) -> tuple[int, RowDifference | None]:
    """Compare two files line by line; return how many lines differ, and the first of them.

    Line ends belong to the lines, so files are the same bytes if and only if no line differs.
    """
    pairs = itertools.zip_longest(handed_in.splitlines(True), predicted.splitlines(True))
    differing = [(row, *pair) for row, pair in enumerate(pairs, 1) if pair[0] != pair[1]]
    if not differing:
        return 0, None
    row, *both = differing[0]
    texts = [None if one is None else one.decode("utf-8", "replace") for one in both]
    stripped = [None if one is None else one.rstrip("\r\n") for one in texts]
    # Where only the ends of the lines differ, these are what there is to see.
    return len(differing), RowDifference(row, *(texts if stripped[0] == stripped[1] else stripped))
