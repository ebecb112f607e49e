"""The fingerprint of a folder of photos, which decides whether the catalog must be built again.

It depends on names and contents alone: a photo that was copied, touched or checked out anew is the
same photo.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zest.files import sha256
from zest.stat_cache import facts_of_files

_MANY = 5000  # files to read before the user is told why it takes long


def inventory(root: Path, names: list[str], cache: Path | None = None) -> str:
    """Return a fingerprint of files, and of all files in folders: their names and contents.

    A name that does not exist, a broken link and a file that cannot be read are part of the
    fingerprint as such. What operating systems leave behind (`is_junk`) is left out.

    Args:
        root: the folder that the names are relative to; where it lies does not matter.
        names: of files and folders.
        cache: see `zest.stat_cache.facts_of_files`.
    """
    found = [name for start in names for name in files_below(root, start)]

    def notice(count: int) -> None:
        if count > _MANY:
            print(f"reading {count} files of {root} once, to notice changes", file=sys.stderr)

    digests = facts_of_files(root, found, _digest, cache, notice)
    lines = [f"{name} {digest}" for name, digest in digests.items()]
    lines += [f"{name} absent" for name in names if not os.path.lexists(root / name)]
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def is_junk(name: str) -> bool:
    """Tell whether a file or folder is left by an operating system: hidden, or known by name."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def files_below(root: Path, name: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the files of a folder and its subfolders, sorted in each, as `name/...`.

    A subfolder that cannot be read is a file here: who reads it can tell of it.

    Args:
        root: the folder that the names are relative to.
        name: of the folder; of a file, it is the one that is yielded.
        above: where the folders that it lies in really are; a link to one of them is a file here.

    Raises:
        PermissionError: the folder itself cannot be read.
    """
    path = root / name
    inside = None
    try:
        if path.is_dir() and (real := os.path.realpath(path)) not in above:
            inside = sorted(path.iterdir())
    except PermissionError:
        if not above:
            raise
    if inside is not None:
        for entry in inside:
            if not is_junk(entry.name):
                yield from files_below(root, f"{name}/{entry.name}", above | {real})
    elif above or os.path.lexists(path):
        yield name


def _digest(path: Path) -> str:
    try:
        if not path.is_file():
            return "not a file"
        return sha256(path)
    except OSError as error:
        return f"unreadable: {error.strerror}"
