"""Start a command as several processes of one group, which end together."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import BinaryIO

# The variable that tells a process its descriptors: of the file that all share, then of sockets, to
# rank 0 or, in rank 0, to each of the others.
DESCRIPTORS = "ZEST_REPLICA_DESCRIPTORS"

PR_SET_PDEATHSIG = 1  # prctl(2)


def launch(command: list[str], replicas: int) -> int:
    """Run a command as the replicas of one group, on this machine; return when all have ended.

    They share this process's output. When one fails, the others are ended. On Linux none of them
    outlives this process, not even when it is killed.

    Args:
        command: program and arguments; the program calls `launched_as` and `join`.
        replicas: how many processes, each of one thread.

    Returns:
        0, or the exit code of the first that failed; 128 + n where signal n ended it.
    """
    parent, libc = os.getpid(), ctypes.CDLL(None)  # not after a fork

    def die_with_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    started: list[subprocess.Popen] = []
    try:
        with contextlib.ExitStack() as ours:  # closed here, so that they end with the replicas
            for environment, descriptors in _places(replicas, ours):
                started.append(
                    subprocess.Popen(
                        command,
                        env=os.environ | environment,
                        pass_fds=descriptors,
                        preexec_fn=die_with_parent if sys.platform == "linux" else None,
                    )
                )
        while None in [process.poll() for process in started]:
            for process in started:
                if process.returncode:
                    return _exit_code(process)
            time.sleep(0.02)  # short, so that the first failure is seen before those it causes
        return max(map(_exit_code, started))
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def launched_as() -> tuple[int, int, str] | None:
    """Return the arguments of `join` in a process that `launch` started, else None."""
    if DESCRIPTORS not in os.environ:
        return None
    rank, world = (int(os.environ[f"PADDLE_{name}"]) for name in ("TRAINER_ID", "TRAINERS_NUM"))
    return rank, world, os.environ["PADDLE_MASTER"]


def _places(replicas: int, resources: contextlib.ExitStack) -> Iterator[tuple[dict, list]]:
    """Yield the environment of each replica and the descriptors that it inherits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    shared = resources.enter_context(_shared_file())
    first, others = [shared.fileno()], []
    for _ in range(1, replicas):
        ends = [resources.enter_context(end) for end in socket.socketpair()]
        first.append(ends[0].fileno())
        others.append([shared.fileno(), ends[1].fileno()])
    for rank, descriptors in enumerate([first, *others]):
        environment = {
            "PADDLE_TRAINER_ID": str(rank),
            "PADDLE_TRAINERS_NUM": str(replicas),
            "PADDLE_MASTER": endpoint,
            "OMP_NUM_THREADS": "1",
            DESCRIPTORS: ",".join(map(str, descriptors)),
        }
        yield environment, descriptors


def _shared_file() -> BinaryIO:
    """Return a file without a name: in memory on Linux, elsewhere in the temporary folder."""
    if sys.platform == "linux":
        return open(os.memfd_create("replicas"), "r+b")
    return tempfile.TemporaryFile()


def _exit_code(process: subprocess.Popen) -> int:
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
