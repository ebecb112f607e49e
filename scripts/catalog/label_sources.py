"""Where the labels of the training photos come from: a CSV, class folders or a PaddleClas list.

Each source gives the same thing, a `LabelledPhoto` per row in the order of the file (folders: in
the order of the paths), and raises a `UserError` with file and row for what makes the whole
source doubtful. A single photo that is missing becomes a `Problem`.
"""

import difflib
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.names import path_fault
from catalog.photo_folder import NoPhoto, PhotoFolder, scan_photos
from catalog.problems import Problem
from zest.errors import UserError
from zest.sample_file import TextTable, read_delimited, read_lines
from zest.sources import label_files
from zest.spelling import nfc


@dataclass(frozen=True)
class LabelledPhoto:
    """One row of a label source.

    Attributes:
        file: the source, relative to the root of the competition; for class folders the photo.
        row: the line in the source; None for class folders.
        image_id: as the source writes it.
        path: of the photo, relative to the root; None where there is no such photo.
        class_num: as the source writes it, without blanks around it.
        group: value of the group column; None without one.
    """

    file: str
    row: int | None
    image_id: str
    path: str | None
    class_num: str
    group: str | None = None


@dataclass(frozen=True)
class Labels:
    """What a label source says: its rows, and the problems found while matching them."""

    rows: list[LabelledPhoto]
    problems: list[Problem]


def read_labels(cfg: dict, root: Path) -> Labels:
    """Read the labels of the training photos in the way that `cfg["kind"]` asks for."""
    photos = scan_photos(root, cfg["train_images"], "train_images")
    if cfg["kind"] in ("csv", "demo"):
        labels = read_csv_labels(cfg, root, photos)
    elif cfg["group_column"] is not None:
        raise UserError(
            f"data.group_column: {cfg['group_column']!r} names a column of a label CSV, but "
            f"data.kind is {cfg['kind']!r}. Set data.group_column to null."
        )
    elif cfg["kind"] == "folders":
        labels = read_class_folders(photos)
    else:
        labels = read_list_labels(label_files(cfg), root, photos)
    check_some_match(labels, photos)
    used = {row.path for row in labels.rows}
    return Labels(labels.rows, labels.problems + list(_unlabelled(photos, used)))


def read_csv_labels(cfg: dict, root: Path, photos: PhotoFolder) -> Labels:
    """Read a label CSV: any column names, delimiter comma, semicolon or tab.

    Raises:
        UserError: see zest.sample_file.read_delimited; a missing column, an empty label or group,
            an unsafe id, or two rows for one photo.
    """
    table = read_delimited(root / cfg["labels"])
    id_column = _column(table, cfg["id_column"], "id_column")
    label_column = _column(table, cfg["label_column"], "label_column")
    group_column = None
    if cfg["group_column"] is not None:
        group_column = _column(table, cfg["group_column"], "group_column")
    if len(table.rows) == 1:
        raise UserError(f"{table.path}: a header, but no rows. Add the labels of the photos.")
    rows, problems = [], []
    for line, fields in table.rows[1:]:
        image_id = fields[id_column].strip()
        check_id(table.path, line, image_id)
        path = None
        try:
            path = photos.path(photos.find(image_id))
        except NoPhoto as error:
            problems.append(Problem(cfg["labels"], line, image_id, str(error)))
        rows.append(
            LabelledPhoto(
                file=cfg["labels"],
                row=line,
                image_id=image_id,
                path=path,
                class_num=_filled(table, line, fields, label_column),
                group=None if group_column is None else _filled(table, line, fields, group_column),
            )
        )
    check_unique(root, rows)
    return Labels(rows, problems)


def read_class_folders(photos: PhotoFolder) -> Labels:
    """Read one folder per class: the name of the folder is the class_num of the photos below it.

    A photo that lies beside the class folders has no class and becomes a remark.

    Raises:
        UserError: there are no class folders, or one of them is empty.
    """
    if not photos.folders:
        raise UserError(
            f"{photos.name}: no class folders in it. With data.kind: folders, every class has a "
            f"folder of its own, such as {photos.name}/0/photo.jpg."
        )
    rows = []
    for name, path in photos.paths():
        class_num, _, below = name.partition("/")
        if below:
            rows.append(LabelledPhoto(path, None, name, path, class_num))
    filled = {row.class_num for row in rows}
    for folder in photos.folders:
        if nfc(folder) not in filled:
            raise UserError(
                f"{photos.name}/{folder}: a class folder without any photo. Add photos or delete "
                "the folder."
            )
    return Labels(rows, [])


def read_list_labels(names: Sequence[str], root: Path, photos: PhotoFolder) -> Labels:
    """Read PaddleClas lists, `path label` on each line, split at the last blank or tab.

    Several lists, such as those of training and validation, are read one after the other as one;
    the split is made anew. Paths are relative to the root of the competition or to the folder of
    the training photos.
    https://github.com/PaddlePaddle/PaddleClas, docs, "Image Classification Datasets".

    Raises:
        UserError: see zest.sample_file.read_text; a line of another form, a label that is not an
            integer, an unsafe path, or two lines for one photo.
    """
    everything = scan_photos(root, ".", "root")
    rows, problems = [], []
    for name in names:
        for line, content in enumerate(read_lines(root / name), 1):
            if not content.strip():
                continue
            image_id, label = _listed(root / name, line, content)
            found = _find_listed(image_id, everything, photos)
            if found is None:
                reason = f"there is no such photo, neither in the root nor in {photos.name}"
                problems.append(Problem(name, line, image_id, reason))
            rows.append(LabelledPhoto(name, line, image_id, found, label))
    check_unique(root, rows)
    return Labels(rows, problems)


def _listed(path: Path, line: int, content: str) -> tuple[str, str]:
    """Return the path and the label on a line of a list."""
    parts = content.strip().rsplit(maxsplit=1)
    if len(parts) != 2 or not re.fullmatch(r"[+-]?[0-9]+", parts[1]):
        raise UserError(
            f"{path}, row {line}: {content.strip()!r} is not `path label` with an integer "
            "label at the end. Correct this line."
        )
    check_id(path, line, parts[0])
    return parts[0], parts[1]


def _find_listed(image_id: str, everything: PhotoFolder, photos: PhotoFolder) -> str | None:
    for folder in (everything, photos):
        name = folder.find_name(image_id)
        if name is not None:
            return folder.path(name)
    return None


def check_id(path: Path, line: int, image_id: str) -> None:
    """Raise a UserError if an id is empty or could lead out of the folder of photos."""
    fault = path_fault(image_id)
    if fault:
        raise UserError(
            f"{path}, row {line}: the id {image_id!r} {fault}. Write the name of a photo, relative "
            "to its folder."
        )


def check_unique(root: Path, rows: Iterable[LabelledPhoto]) -> None:
    """Raise a UserError if two rows have one id, or mean one photo (`a` and `a.jpg`)."""
    seen: dict[str, LabelledPhoto] = {}
    for row in rows:
        photo = row.path or nfc(posixpath.normpath(row.image_id))
        if photo in seen:
            first = seen[photo]
            where = f"{root / first.file}, rows {first.row} and {row.row}"
            if first.file != row.file:
                where = f"{root / first.file}, row {first.row}, and {row.file}, row {row.row}"
            raise UserError(
                f"{where}: the ids {first.image_id!r} and {row.image_id!r} mean the same photo. "
                "Delete one row."
            )
        seen[photo] = row


def check_some_match(labels: Labels, photos: PhotoFolder) -> None:
    """Raise a UserError if no row has a photo: then the ids do not belong to this folder."""
    if not any(row.path for row in labels.rows):
        first = labels.rows[0]
        raise UserError(
            f"{first.file}: none of its {len(labels.rows)} ids has a photo in {photos.name} (first "
            f"id {first.image_id!r}, first file {next(iter(photos.files))!r}). Check "
            "data.train_images, data.labels and data.id_column."
        )


def _unlabelled(photos: PhotoFolder, used: set[str | None]) -> Iterable[Problem]:
    for name, path in photos.paths():
        if path not in used:
            yield Problem(path, None, name, "not used: no label names this photo", stops=False)


def _column(table: TextTable, name: str, key: str) -> int:
    columns = [field.strip() for field in table.rows[0].fields]
    if columns.count(name) == 1:
        return columns.index(name)
    if name in columns:
        raise UserError(
            f"{table.path}, row {table.rows[0].line}: {columns.count(name)} columns are called "
            f"{name!r} (data.{key}). Rename one."
        )
    near = difflib.get_close_matches(name, columns, n=1)
    raise UserError(
        f"{table.path}, row {table.rows[0].line}: no column {name!r} (data.{key}). Found: "
        f"{', '.join(columns)}." + (f" Did you mean {near[0]!r}?" if near else "")
    )


def _filled(table: TextTable, line: int, fields: list[str], column: int) -> str:
    value = fields[column].strip()
    if not value:
        name = table.rows[0].fields[column].strip()
        raise UserError(
            f"{table.path}, row {line}: {name!r} is empty. Fill it in or delete the row."
        )
    return nfc(value)
