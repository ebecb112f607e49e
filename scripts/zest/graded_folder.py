"""The folder of new photos that is graded: where it is, what its results are called, its state.

The Snakefile imports this module at every call, so it imports nothing slow.
"""

import hashlib
import os
import re
from pathlib import Path

from zest.errors import UserError
from zest.inventory import files_below, inventory


def folder_of(setting: str | None) -> Path | None:
    """Return the folder that the key `folder` names, absolute, links followed; None for none."""
    return None if setting is None else Path(setting).expanduser().resolve()


def check_folder(folder: Path, results: Path) -> None:
    """Refuse a folder that cannot be graded.

    Args:
        folder: of `folder_of`.
        results: the folder of all results, which must not be below it.

    Raises:
        UserError: there is no such folder, it may not be read, or the results are in it.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - Path's raises in a folder that may not be read
        raise UserError(
            f"folder: there is no folder {folder}. Name one that holds photos: snakemake "
            "predict_folder --config folder=PATH"
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(
            f"folder: {folder} may not be read by you. Allow it (chmod u+rx), or name another one."
        )
    if results.resolve().is_relative_to(folder):
        raise UserError(
            f"folder: {folder} also holds {results}, where the grades are written. Name a folder "
            "that holds the new photos alone."
        )


def name_of(folder: Path) -> str:
    """Return what the results of a folder are called: its own name, without what paths mean.

    A hash of its path follows, so that another folder of the same name has results of its own.
    """
    name = re.sub(r"[^\w.-]+", "_", folder.name).lstrip(".") or "photos"
    return f"{name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:6]}"


def names_in(folder: Path) -> list[str]:
    """Return the files in a folder and its subfolders, with "/", each folder sorted.

    What operating systems leave behind (`zest.inventory.is_junk`) is left out.
    """
    start = len(folder.name) + 1
    return [name[start:] for name in files_below(folder.parent, folder.name)]


def state_of(folder: Path, cache: Path) -> str:
    """Return a fingerprint of the names and contents of the files in a folder.

    Args:
        folder: of `folder_of`, checked.
        cache: see `zest.inventory.inventory`.
    """
    return inventory(folder.parent, [folder.name], cache)
