"""The text tables of a competition: the label file as it is read, the sample submission as a form.

A submission is the sample file with other values: the same rows in the same order, the same header
or none, the same delimiter, byte order mark and line ends. `read_sample` reads that form and
`Sample.write` fills it in.
"""

import csv
import difflib
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from zest.errors import UserError
from zest.files import write_text

DELIMITERS = ",;\t"
BOM = "\ufeff"
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif")


class Row(NamedTuple):
    """One row of a text table, with the line of the file on which it starts (1 is the first)."""

    line: int
    fields: list[str]


@dataclass(frozen=True)
class TextTable:
    """A delimited text file: its rows as written, blank lines left out, and its outer shape."""

    path: Path
    delimiter: str
    line_end: str
    ends_with_line_end: bool
    bom: bool
    rows: list[Row]


def read_text(path: str | os.PathLike) -> str:
    """Return the text of a UTF-8 file, byte order mark included.

    Raises:
        UserError: there is no such file, it is empty or blank, or it is not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file{_nearest(path)}. Check the name in the data section."
        )
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, row {line}: the text is not UTF-8 (byte 0x{data[error.start]:02x}). "
            "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')."
        ) from error
    if not text.removeprefix(BOM).strip():
        raise UserError(f"{path}: the file is empty. Put the file of the competition there.")
    return text


def _nearest(path: Path) -> str:
    """Name the file of the same folder that is called most nearly the same."""
    names = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, sorted(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def read_lines(path: str | os.PathLike) -> list[str]:
    """Return the lines of a UTF-8 file, without byte order mark and line ends; see `read_text`."""
    return re.split(r"\r\n|\n|\r", read_text(path).removeprefix(BOM))


def read_delimited(path: str | os.PathLike) -> TextTable:
    """Read a table whose delimiter (comma, semicolon or tab) is the commonest in its first line.

    Quotes follow RFC 4180; any of LF, CRLF and CR ends a line; a byte order mark is accepted.

    Raises:
        UserError: as `read_text`; broken quotes; a row with more or fewer fields than the first.
    """
    path = Path(path)
    text = read_text(path)
    body = text.removeprefix(BOM)
    delimiter = _commonest_delimiter(re.split(r"[\r\n]", body.lstrip("\r\n "), maxsplit=1)[0])
    line_end = re.search(r"\r\n|\n|\r", body)
    return TextTable(
        path=path,
        delimiter=delimiter,
        line_end=line_end.group() if line_end else "\n",
        ends_with_line_end=body.endswith(("\n", "\r")),
        bom=text.startswith(BOM),
        rows=_parse(path, body, delimiter),
    )


def _commonest_delimiter(line: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=unquoted.count)


def _parse(path: Path, body: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                rows.append(Row(line, fields))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{path}, row {line}: broken quotes or delimiters ({error}). Correct this row."
        ) from error
    for row in rows:
        if len(row.fields) != len(rows[0].fields):
            raise UserError(
                f"{path}, row {row.line}: {len(row.fields)} fields, but row {rows[0].line} has "
                f"{len(rows[0].fields)} (delimiter {delimiter!r}). Correct this row."
            )
    return rows


@dataclass(frozen=True)
class Sample:
    """The form of a submission.

    Attributes:
        table: the file as read.
        columns: names of the columns, the id and one or more values; None without a header.
        rows: (line, [id, value ...]) in order, without the header.
        ids: the ids that want a prediction, in order: those of `rows` that are not dummies.
        dummy: ids that keep the values they have in the sample file.
    """

    table: TextTable
    columns: list[str] | None
    rows: list[Row]
    ids: list[str]
    dummy: frozenset[str]

    @property
    def value_columns(self) -> int:
        """Number of columns beside the id."""
        return len(self.rows[0].fields) - 1

    def write(self, path: str | os.PathLike, values: dict[str, list[str]]) -> None:
        """Write the submission: the sample file with `values` (of each id) behind the ids.

        Raises:
            UserError: `values` lacks an id of `ids`, or holds one that the sample does not ask for.
        """
        missing = [name for name in self.ids if name not in values]
        wanted = set(self.ids)
        extra = [name for name in values if name not in wanted]
        for what, names in (("no prediction for", missing), ("does not ask for", extra)):
            if names:
                raise UserError(
                    f"{self.table.path}: {what} {len(names)} of the ids, first {names[0]!r}. "
                    "A submission needs exactly one prediction for each id of the sample file. "
                    "Build the catalog and the predictions again from the same sample file."
                )
        text = io.StringIO(newline="")
        writer = csv.writer(
            text, delimiter=self.table.delimiter, lineterminator=self.table.line_end
        )
        if self.columns is not None:
            writer.writerow(self.columns)
        for _, (name, *own_values) in self.rows:
            writer.writerow([name, *values.get(name.strip(), own_values)])
        body = text.getvalue()
        if not self.table.ends_with_line_end:
            body = body.removesuffix(self.table.line_end)
        write_text(path, (BOM if self.table.bom else "") + body)


def read_sample(path: str | os.PathLike, dummy_ids: Sequence[str] = ()) -> Sample:
    """Read a sample submission: the id, and a value or one column (a probability) per class.

    The first row is data rather than a header when its first field
    - ends in the suffix of an image file (`0001.jpg`), or
    - holds a digit and is built like the id of the next row: the same when every run of digits is
      taken for one (`test_9`, `test_10`), or as long (`3fa9`, `b01c`).
    It is a header in every other case. A file of one row has no header if that row holds a digit.

    Args:
        path: the sample file.
        dummy_ids: glob patterns of ids that have no photo; their rows keep their values.

    Raises:
        UserError: a table of one column, no rows, an empty id, or the same id twice.
    """
    table = read_delimited(path)
    if len(table.rows[0].fields) < 2:
        raise UserError(
            f"{path}, row {table.rows[0].line}: one column ({table.rows[0].fields[0]}). A sample "
            "file has an id and a value, with a comma, semicolon or tab."
        )
    has_header = not _first_is_data([row.fields[0].strip() for row in table.rows[:2]])
    columns = table.rows[0].fields if has_header else None
    rows = table.rows[1:] if has_header else table.rows
    if not rows:
        raise UserError(f"{path}: a header, but no rows. Use the complete sample file.")
    seen: dict[str, int] = {}
    for line, (field, *_) in rows:
        name = field.strip()
        if not name:
            raise UserError(f"{path}, row {line}: the id is empty. Write the id or delete the row.")
        if name in seen:
            raise UserError(
                f"{path}, rows {seen[name]} and {line}: the same id {name!r} twice. Delete one row."
            )
        seen[name] = line
    dummy = frozenset(name for name in seen if any(fnmatchcase(name, one) for one in dummy_ids))
    return Sample(table, columns, rows, [name for name in seen if name not in dummy], dummy)


def _first_is_data(names: list[str]) -> bool:
    first = names[0]
    if PurePosixPath(first).suffix.lower() in IMAGE_SUFFIXES:
        return True
    if not re.search(r"\d", first):
        return False
    if len(names) == 1:
        return True
    following = names[1]
    if PurePosixPath(following).suffix.lower() in IMAGE_SUFFIXES:
        return False
    return _digits_as_one(first) == _digits_as_one(following) or len(first) == len(following)


def _digits_as_one(name: str) -> str:
    return re.sub(r"\d+", "0", name)
