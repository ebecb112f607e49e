"""Writing files whole or not at all, and naming their content."""

import contextlib
import csv
import dataclasses
import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

PART = ".part-"  # how the name of a temporary file begins; a kill may leave one


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends without an error.

    After an error, a full disk or a kill, `path` is what it was before: whole, or absent. The
    temporary file keeps the suffix of `path`, because writers choose their format by it.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=PART, suffix=final.suffix, dir=final.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8 with the line ends it has, whole or not at all."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write a value as JSON for people, whole or not at all.

    Dataclasses become objects; NaN and infinities, which JSON does not know, become null.
    """
    text = json.dumps(_as_json(value), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _as_json(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def csv_text(header: Sequence, rows: Iterable[Sequence]) -> str:
    """Return a header and rows as CSV, with one line feed at the end of each line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def read_csv(path: str | os.PathLike) -> list[dict[str, str]]:
    """Return the rows of a CSV file of our own by their header."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sha256(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
