"""Where an interrupted training goes on: one file, replaced whole, that fits one run alone."""

import fcntl
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zest.files import PART, atomic_path

_META = "meta.json"


class Checkpoint:
    """The last state of one training, on disk.

    There is one file, so the space is bounded; it is written beside its place and moved there, so
    it is whole whenever the process is killed. It holds the key of the run that wrote it, and
    another run (other settings, code or inputs) does not take it up.

    Args:
        path: of the file, in a folder that Snakemake does not know, because it deletes the outputs
            of a failed job.
        key: of the run: a hash of its settings, code and inputs.
        seconds: the least time between two checkpoints within an epoch.
    """

    def __init__(self, path: Path, key: str, seconds: float):
        self.path = path
        self.key = key
        self.seconds = seconds
        self.written = time.monotonic()

    def load(self) -> tuple[dict[str, np.ndarray], dict] | None:
        """Return the arrays and the plain values of the last state, or None.

        A file of another run, or one that cannot be read, is left to be replaced.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                meta = json.loads(bytes(file[_META]))
                if meta.pop("key") != self.key:
                    return None
                return {name: file[name] for name in file.files if name != _META}, meta
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            print(f"warning: {self.path} cannot be read ({error}); starting anew", file=sys.stderr)
            return None

    def due(self) -> bool:
        """Tell whether enough time has passed since the last one."""
        return time.monotonic() - self.written >= self.seconds

    def save(self, arrays: dict[str, np.ndarray], meta: dict) -> None:
        """Replace the last state by this one: arrays, and values that JSON can hold."""
        text = json.dumps({**meta, "key": self.key}).encode()
        with atomic_path(self.path) as part, open(part, "wb") as file:
            everything: dict[str, Any] = {**arrays, _META: np.frombuffer(text, np.uint8)}
            np.savez(file, **everything)
        self.written = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the training is finished, and its outputs are in place."""
        self.path.unlink(missing_ok=True)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let no two processes work in one folder at once; the second waits for the first.

    A training whose Snakemake was killed may go on for a while beside the one that replaces it.
    What a kill left of a half-written checkpoint is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"waiting for another process that trains the same model, in {folder}", flush=True
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        for part in folder.glob(f"{PART}*"):
            part.unlink()
        yield
    finally:
        os.close(lock)
