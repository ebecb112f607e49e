"""The fingerprint of a folder of photos, which decides whether the catalog must be built again.

It depends on names and contents alone: a photo that was copied, touched or checked out anew is the
same photo. Contents are read once; as long as size and time of change stay, a cache stands for
them.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zest.files import sha256, write_text

_MANY = 5000  # files to read before the user is told why it takes long


def inventory(root: Path, names: list[str], cache: Path | None = None) -> str:
    """Return a fingerprint of files, and of all files in folders: their names and contents.

    A name that does not exist is part of the fingerprint as such. Hidden files are left out, so a
    file manager's droppings change nothing.

    Args:
        root: the folder that the names are relative to; where it lies does not matter.
        names: of files and folders.
        cache: JSON of [size, time of change, SHA-256] by name, read and brought up to date. It may
            be deleted at any time, and a folder that cannot be written to only costs time.
    """
    known = _read_cache(cache) if cache else {}
    found = {name: stamp for start in names for name, stamp in _listing(root, start)}
    unread = [name for name, stamp in found.items() if stamp and known.get(name, [])[:2] != stamp]
    if len(unread) > _MANY:
        print(f"reading {len(unread)} files of {root} once, to notice changes", file=sys.stderr)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = dict(zip(unread, pool.map(lambda name: sha256(root / name), unread), strict=True))
    entries = {
        name: [*stamp, digests[name]] if name in digests else known[name]
        for name, stamp in found.items()
        if stamp
    }
    if cache and entries != known:
        with contextlib.suppress(OSError):
            write_text(cache, json.dumps(entries))
    lines = [f"{name} {entries[name][2] if stamp else 'absent'}" for name, stamp in found.items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _listing(root: Path, name: str) -> Iterator[tuple[str, list[int] | None]]:
    """Yield names with [size, time of change in ns]; None for one that does not exist."""
    path = root / name
    if path.is_dir():
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    yield from _listing(root, f"{name}/{entry.name}")
                else:
                    yield f"{name}/{entry.name}", _stamp(entry.stat())
    else:
        yield name, _stamp(path.stat()) if path.exists() else None


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns]


def _read_cache(path: Path) -> dict[str, list]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
