"""Photos of all requests on their way through decoding and the network, in batches.

Each core has one thread that decodes and one that runs the network. While all of the latter are at
work, photos gather into the next batches; several predictions of one thread each share the cores
better than one prediction of several threads, which wait for each other at every layer.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

MOST_IN_BATCH = 8
WAIT_SECONDS = 0.004  # of a photo, for others that are being decoded

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 (n, size, size, 3) to float32 (n, K)


@dataclass
class _Waiting:
    image: np.ndarray
    answer: asyncio.Future


class Pipeline:
    """Decoding and prediction, shared by all requests; to be used within one event loop.

    Args:
        predict: may be called by several threads at once.
        cores: that may be busy.
        on_batch: called with the number of photos of each batch.
    """

    def __init__(self, predict: Predict, cores: int, on_batch: Callable[[int], None]):
        self._predict, self._cores, self._on_batch = predict, cores, on_batch
        self._coming = 0  # photos that are being decoded, or wait for that
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        """Begin to take photos, within the event loop that runs."""
        self._decoders = ThreadPoolExecutor(self._cores, "decode")
        self._runners = ThreadPoolExecutor(self._cores, "predict")
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._cores)]

    @property
    def is_running(self) -> bool:
        """Whether photos are taken from the queue."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def stop(self) -> None:
        """End, when the batches that are being computed are done; whoever still waits is told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait().answer.cancel()
        for pool in (self._decoders, self._runners):
            pool.shutdown(cancel_futures=True)

    async def grade(self, prepare: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the probabilities of a photo: float32, (K,).

        Cancelled, the photo is taken out at the next step: it is not decoded, or not predicted.

        Args:
            prepare: returns the photo as the network takes it; called in another thread. What it
                raises, this raises.
        """
        loop = asyncio.get_running_loop()
        self._coming += 1
        try:
            image = await loop.run_in_executor(self._decoders, prepare)
        finally:
            self._coming -= 1
        waiting = _Waiting(image, loop.create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def _work(self) -> None:
        """Predict one batch after the other."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [one for one in await self._next_batch() if not one.answer.done()]
            if not batch:
                continue
            images = np.stack([one.image for one in batch])
            try:
                rows = await loop.run_in_executor(self._runners, self._predict, images)
                self._on_batch(len(batch))
                for one, row in zip(batch, rows, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(row)
            except Exception as error:  # it is of this batch; the next one may be better
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error)
            finally:
                for one in batch:
                    one.answer.cancel()  # of a service that stops; else it is done already

    async def _next_batch(self) -> list[_Waiting]:
        """Wait for a photo, take those that wait too, and give those being decoded a moment."""
        batch = [await self._queue.get()]
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_SECONDS
        while len(batch) < MOST_IN_BATCH:
            if not self._queue.empty():
                batch.append(self._queue.get_nowait())
                continue
            remaining = until - loop.time()
            if not self._coming or remaining <= 0:
                break
            try:
                batch.append(await asyncio.wait_for(self._queue.get(), remaining))
            except TimeoutError:
                break
        return batch
