"""The pipeline by itself: how it ends."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from service import pipeline
from service.limits import Refused
from service.pipeline import Pipeline

IMAGE = np.zeros((2, 2, 3), np.uint8)


class Stuck:
    """Work that has begun, and ends when it is let.

    Attributes:
        begun: set when it has.
        go_on: to be set.
    """

    def __init__(self):
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *_: np.ndarray) -> np.ndarray:
        self.begun.set()
        self.go_on.wait(10)
        return IMAGE


def statuses_at_the_end(predict: Callable, prepare: list[Callable], stuck: Stuck) -> list[int]:
    """Stop a pipeline of one core when work in it is stuck; return the statuses of its photos."""

    async def main() -> list[int]:
        made = Pipeline(predict, 1, lambda _: None)
        made.start()
        tasks = [asyncio.create_task(made.grade(one)) for one in prepare]
        assert await asyncio.to_thread(stuck.begun.wait, 5)
        for _ in range(10):
            await asyncio.sleep(0)  # what came before that is on its way
        stopping = asyncio.create_task(made.stop())
        try:
            async with asyncio.timeout(5):
                ends = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            stuck.go_on.set()
            await stopping
        with pytest.raises(Refused):
            await made.grade(lambda: IMAGE)
        return [one.status for one in ends if isinstance(one, Refused)]

    return asyncio.run(main())


def test_a_lack_of_memory_for_a_batch_is_told_of_its_photos_and_the_next_one_is_predicted(
    monkeypatch,
):
    stack, calls = np.stack, []

    def fail_once(images):
        calls.append(len(images))
        if len(calls) == 1:
            raise MemoryError
        return stack(images)

    async def main() -> tuple:
        made = Pipeline(lambda images: images[:, 0, 0, :], 1, lambda _: None)
        made.start()
        async with asyncio.timeout(5):
            (first,) = await asyncio.gather(made.grade(lambda: IMAGE), return_exceptions=True)
            is_running = made.is_running
            second = await made.grade(lambda: IMAGE)
        await made.stop()
        return first, is_running, second

    monkeypatch.setattr(np, "stack", fail_once)
    first, is_running, second = asyncio.run(main())
    assert (first.status, is_running, second.tolist()) == (503, True, [0, 0, 0])


def test_photos_that_gather_and_photos_that_are_decoded_are_refused_at_the_end(monkeypatch):
    monkeypatch.setattr(pipeline, "WAIT_SECONDS", 60)  # the first gathers until the second comes
    stuck = Stuck()
    assert statuses_at_the_end(len, [lambda: IMAGE, stuck, lambda: IMAGE], stuck) == [503] * 3


def test_photos_in_the_network_and_behind_it_are_refused_at_the_end(monkeypatch):
    monkeypatch.setattr(pipeline, "MOST_IN_BATCH", 1)
    stuck = Stuck()
    assert statuses_at_the_end(stuck, [lambda: IMAGE] * 3, stuck) == [503] * 3
