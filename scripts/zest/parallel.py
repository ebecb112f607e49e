"""Work on many items, in several processes and in order, with a progress line."""

import contextlib
import ctypes
import itertools
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import cv2

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 16  # photos a task: long enough to hide the pipe, short enough to share the work evenly
_SECONDS_BETWEEN_LINES = 2.0
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


class Progress:
    """A line on standard output about every two seconds: `label: n/total photos, photos/s`."""

    def __init__(self, label: str, total: int):
        self._label, self._total = label, total
        self._started = self._shown = time.monotonic()

    def show(self, done: int) -> None:
        """Say how many are done, if it is time to; the last is always told."""
        now = time.monotonic()
        if now - self._shown >= _SECONDS_BETWEEN_LINES or done == self._total:
            self._shown = now
            rate = done / max(now - self._started, 1e-9)
            print(f"{self._label}: {done}/{self._total} photos, {rate:.0f} photos/s", flush=True)


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    total: int,
    workers: int,
    label: str,
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items, whatever the worker count.

    Only a few chunks are under way at once, so a slow consumer does not fill the memory. Progress
    goes to standard output.

    Args:
        function: importable by name, because it is sent to other processes.
        items: what it is called with, one after the other.
        total: number of items, for the progress line.
        workers: number of processes; 1 works in this one.
        label: what is being done, at the head of the progress line.
    """
    progress = Progress(label, total)
    for done, result in enumerate(_results(function, items, workers), 1):
        yield result
        progress.show(done)


def _results(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    if workers == 1:
        settle_process()
        yield from map(function, items)
        return
    source = iter(items)
    chunks = iter(lambda: list(itertools.islice(source, _CHUNK)), [])
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, initializer=settle_process) as pool:
        waiting: deque = deque()
        for chunk in itertools.islice(chunks, 2 * workers):
            waiting.append(pool.submit(_run_chunk, function, chunk))
        while waiting:
            results = waiting.popleft().result()
            for chunk in itertools.islice(chunks, 1):
                waiting.append(pool.submit(_run_chunk, function, chunk))
            yield from results


def _run_chunk(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]


def settle_process() -> None:
    """Give this process one thread of OpenCV's, and memory that it keeps.

    OpenCV would start a thread per core in every process. glibc would give memory back to the
    kernel after each photo, which clears it for the next one; here it keeps up to 64 MB.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    cv2.setNumThreads(1)
    with contextlib.suppress(AttributeError):  # no glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # the largest value it takes
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)
