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

    A name that does not exist is part of the fingerprint as such. Hidden files are left out, so a
    file manager's droppings change nothing.

    Args:
        root: the folder that the names are relative to; where it lies does not matter.
        names: of files and folders.
        cache: see `zest.stat_cache.facts_of_files`.
    """
    found = [name for start in names for name in _listing(root, start)]

    def notice(count: int) -> None:
        if count > _MANY:
            print(f"reading {count} files of {root} once, to notice changes", file=sys.stderr)

    digests = facts_of_files(root, found, sha256, cache, notice)
    lines = [f"{name} {digest}" for name, digest in digests.items()]
    lines += [f"{name} absent" for name in names if not (root / name).exists()]
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _listing(root: Path, name: str) -> Iterator[str]:
    path = root / name
    if path.is_dir():
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    yield from _listing(root, f"{name}/{entry.name}")
                else:
                    yield f"{name}/{entry.name}"
    elif path.exists():
        yield name
