"""Locks of Snakemake that a killed run left behind."""

import contextlib
import fcntl
import os
from pathlib import Path

_held: dict[Path, int] = {}  # the folders where this process runs a workflow


def hold(folder: Path) -> None:
    """Say, to the end of this process, that a workflow runs in a folder; remove locks of the dead.

    Snakemake's locks are files: they outlive a kill or a power cut and refuse every later run. A
    lock of the operating system (flock) ends with its process, so whoever can have it alone knows
    that no run is left to which those files could belong. Where files cannot be written or locked,
    nothing is done.
    """
    state = folder.resolve() / ".snakemake"
    if state in _held:
        return
    with contextlib.suppress(OSError):
        state.mkdir(exist_ok=True)
        _held[state] = os.open(state, os.O_RDONLY)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(_held[state], fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in state.glob("locks/*.lock"):
                left.unlink()
        fcntl.flock(_held[state], fcntl.LOCK_SH)
