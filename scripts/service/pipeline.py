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

from service.limits import Refused, no_memory

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
        self._answers: set[asyncio.Future] = set()  # of all photos, wherever they are
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
        """Refuse every photo that is not graded yet, and wait for the threads."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for answer in self._answers:
            if not answer.done():
                answer.set_exception(_ends())
        for pool in (self._decoders, self._runners):
            # In a thread: the event loop has refusals to send meanwhile.
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def grade(self, prepare: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the probabilities of a photo: float32, (K,).

        Cancelled, the photo is taken out at the next step: it is not decoded, or not predicted.

        Args:
            prepare: returns the photo as the network takes it; called in another thread. What it
                raises, this raises.

        Raises:
            Refused: 503, the service ends, or there is no memory for the batch of the photo.
        """
        if not self.is_running:
            raise _ends()
        answer = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        try:
            image = await self._decode(prepare, answer)
            if image is not None:
                self._queue.put_nowait(_Waiting(image, answer))
            return await answer
        finally:
            self._answers.discard(answer)

    async def _decode(
        self, prepare: Callable[[], np.ndarray], answer: asyncio.Future
    ) -> np.ndarray | None:
        """Return what `prepare` does; None where there is an answer before."""
        loop = asyncio.get_running_loop()
        self._coming += 1
        decoding = loop.run_in_executor(self._decoders, prepare)
        try:
            await asyncio.wait((decoding, answer), return_when=asyncio.FIRST_COMPLETED)
            return None if answer.done() else decoding.result()
        finally:
            self._coming -= 1
            decoding.cancel()

    async def _work(self) -> None:
        """Predict one batch after the other."""
        loop = asyncio.get_running_loop()
        while True:
            batch = [one for one in await self._next_batch() if not one.answer.done()]
            if not batch:
                continue
            try:
                images = np.stack([one.image for one in batch])
                rows = await loop.run_in_executor(self._runners, self._predict, images)
                self._on_batch(len(batch))
                for one, row in zip(batch, rows, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(row)
            except Exception as error:  # it is of this batch; the next one may be better
                told = no_memory() if isinstance(error, MemoryError) else error
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(told)

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


def _ends() -> Refused:
    return Refused(503, "the service ends; try again in a moment")
