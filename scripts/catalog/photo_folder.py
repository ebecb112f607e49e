"""A folder of photos: the names in it, and the photo that an id of the label file means."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.names import listing, path_fault
from zest.errors import UserError
from zest.inventory import is_junk
from zest.sources import without_archive_suffix
from zest.spelling import nfc


class NoPhoto(LookupError):
    """No photo, or no single photo, has this id; the message is the reason, for problems.csv."""


@dataclass(frozen=True)
class PhotoFolder:
    """The files below one folder of the competition.

    Attributes:
        name: the folder, relative to the root of the competition, with "/".
        files: name relative to the folder in Unicode form NFC, to the name on disk; sorted by NFC.
        folders: the folders directly in it, sorted, as on disk.
    """

    name: str
    files: dict[str, str]
    folders: list[str]
    _by_stem: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_casefold: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        for name in self.files:
            self._by_stem[posixpath.splitext(name)[0]].append(name)
            self._by_casefold.setdefault(name.casefold(), name)

    def path(self, name: str) -> str:
        """Return the path relative to the root of the competition, as on disk."""
        return posixpath.normpath(posixpath.join(self.name, self.files[name]))

    def paths(self) -> Iterator[tuple[str, str]]:
        """Yield the key in `files` and the path of every photo."""
        return ((name, self.path(name)) for name in self.files)

    def find(self, image_id: str) -> str:
        """Return the key in `files` that an id means: its full name, or else its only stem.

        Raises:
            NoPhoto: no such photo, or several photos that differ in their suffix only.
        """
        name = self.find_name(image_id)
        if name is not None:
            return name
        stems = self._by_stem.get(nfc(image_id), [])
        if len(stems) == 1:
            return stems[0]
        if stems:
            raise NoPhoto(f"several photos in {self.name} have this name: {', '.join(stems)}")
        raise NoPhoto(f"there is no such photo in {self.name}{self._other_case(image_id)}")

    def find_name(self, image_id: str) -> str | None:
        """Return the key in `files` of the photo with exactly this name, or None."""
        name = nfc(posixpath.normpath(image_id))
        return name if name in self.files else None

    def _other_case(self, image_id: str) -> str:
        other = self._by_casefold.get(nfc(image_id).casefold())
        return f" (but there is {other}: upper and lower case differ)" if other else ""


def scan_photos(root: Path, setting: str, key: str) -> PhotoFolder:
    """List every file below a folder of the competition, hidden and system files left out.

    Args:
        root: the competition folder.
        setting: the folder as the config names it; the suffix of an archive is dropped, because
            the archive has been extracted into a folder of that name.
        key: the config key, for messages.

    Raises:
        UserError: there is no such folder, no file in it, or a name that cannot be used.
    """
    name = without_archive_suffix(setting.rstrip("/"))
    fault = path_fault(name)
    if fault:
        raise UserError(f"data.{key}: {setting!r} {fault}. Name a folder below {root}.")
    top = root / name
    if not top.is_dir():
        raise UserError(
            f"{top}: there is no such folder. Check data.{key} (now {setting!r}); "
            f"{root} holds: {listing(root)}."
        )
    on_disk = _walk(top, "", ())
    files: dict[str, str] = {}
    for one in sorted(on_disk, key=lambda path: (nfc(path), path)):
        if nfc(one) in files:
            raise UserError(
                f"{top}: two files are called {nfc(one)!r} and differ in the Unicode form of the "
                "name only (NFC and NFD). Rename or delete one."
            )
        files[nfc(one)] = one
    if not files:
        raise UserError(f"{top}: the folder is empty. Put the photos of the competition there.")
    folders = sorted(one.name for one in top.iterdir() if one.is_dir() and not is_junk(one.name))
    return PhotoFolder(posixpath.normpath(name), files, folders)


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> list[str]:
    """Return the paths of all files, with "/"; follow links to folders, but never in a circle."""
    real = os.path.realpath(folder)
    if real in above:
        raise UserError(f"{folder}: this link leads back to a folder above it. Remove the link.")
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_junk(entry.name):
                continue
            _check_file_name(folder, entry.name)
            if entry.is_dir():
                found += _walk(Path(entry.path), f"{prefix}{entry.name}/", (*above, real))
            else:
                found.append(prefix + entry.name)
    return found


def _check_file_name(folder: Path, name: str) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{folder}: the file name {name!a} is not UTF-8. Rename it.") from error
    fault = path_fault(name)
    if fault:
        raise UserError(f"{folder}: the file name {name!r} {fault}. Rename it.")
