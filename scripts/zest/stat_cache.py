"""Facts about files that are computed once, and again only when a file's size or time changes."""

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from zest.files import write_text


def facts_of_files(
    root: Path,
    names: Iterable[str],
    compute: Callable[[Path], Any],
    cache: Path | None,
    notice: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Return `compute(root / name)` of each file, from the cache where that still holds.

    Args:
        root: the folder that the names are relative to.
        names: of files that exist.
        compute: returns what JSON can hold; called from several threads.
        cache: JSON of [size, time of change in ns, fact] by name, brought up to date. It may be
            deleted at any time; one that cannot be written only costs time. None for no cache.
        notice: called with the number of files to compute, before that.
    """
    known = _read(cache) if cache else {}
    stamps = {name: _stamp(root / name) for name in names}
    new = [name for name, stamp in stamps.items() if known.get(name, [])[:2] != stamp]
    notice(len(new))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        computed = pool.map(compute, [root / name for name in new])
        fresh = dict(zip(new, computed, strict=True))
    entries = {
        name: [*stamp, fresh[name]] if name in fresh else known[name]
        for name, stamp in stamps.items()
    }
    if cache and entries != known:
        with contextlib.suppress(OSError):
            write_text(cache, json.dumps(entries))
    return {name: entry[2] for name, entry in entries.items()}


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except PermissionError:  # its folder tells its name alone
        return [0, 0]
    except OSError:  # a link that leads nowhere
        status = path.lstat()
    return [status.st_size, status.st_mtime_ns]


def _read(path: Path) -> dict[str, list]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
