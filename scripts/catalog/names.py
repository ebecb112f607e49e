"""Which names of files are safe, and what a folder holds."""

import re
from pathlib import Path

from zest.inventory import is_junk


def path_fault(name: str) -> str | None:
    """Say what is wrong with a relative path from outside, or None if it is safe.

    Subfolders (`a/b.jpg`) are fine; whatever could lead out of the folder, here or on another
    operating system, is not.
    """
    if not name:
        return "is empty"
    if re.search(r"[\x00-\x1f\x7f]", name):
        return "holds a control character"
    if "\\" in name:
        return "holds a backslash; write folders with '/'"
    if name.startswith("/"):
        return "is an absolute path"
    if re.match(r"[A-Za-z]:", name):
        return "starts with a drive letter"
    if ".." in name.split("/"):
        return "leads out of the folder with '..'"
    if name.endswith("/"):
        return "ends with '/': it names a folder, not a file"
    return None


def listing(folder: Path) -> str:
    """Name what a folder holds, for a message about what it lacks."""
    if not folder.is_dir():
        return "nothing, for it is not a folder"
    names = sorted(one.name for one in folder.iterdir() if not is_junk(one.name))
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") or "nothing"
