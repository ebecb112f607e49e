"""Replicas: processes that train one network together, each on its own part of every batch.

Every process keeps the whole network and, after each backward pass, the mean of all gradients, so
that all of them take the same step (Goyal et al. 2017, arXiv:1706.02677, section 2.3). On a CPU
each is one thread, since Paddle gains little from a second one; on GPUs each has a GPU of its own.

    place = launched_as()
    if place is None:
        sys.exit(launch([sys.executable, *sys.orig_argv[1:]], 2))
    join(*place)
    net = ...  # the same initial weights in all, by the same seed or file
    ...
    loss.backward()
    average_gradients(net.parameters())

On a CPU the values meet in shared memory: faster than Paddle's gloo (by a quarter to a half), whose
messages also fail for good when one process lets another wait for 30 seconds.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from zest.engine.launching import DESCRIPTORS, launch, launched_as

if TYPE_CHECKING:  # the process that only launches the others does not need it
    import paddle

__all__ = ["average", "average_gradients", "join", "launch", "launched_as", "total"]


def join(rank: int, world: int, endpoint: str) -> None:
    """Make this process one of a group that `launch` started, and wait until all have come.

    Where Paddle's present device is a GPU, it becomes `gpu:{rank}`, and the values go over NCCL. A
    group of one needs nothing, and the functions below do nothing.

    Args:
        rank: of this process, 0 to world - 1.
        world: number of processes.
        endpoint: "address:port", the same in all processes, where that of rank 0 can listen.
    """
    import paddle

    global _memory
    if world == 1:
        return
    on_gpu = paddle.device.get_device().startswith("gpu")
    os.environ |= {
        "PADDLE_TRAINER_ID": str(rank),
        "PADDLE_TRAINERS_NUM": str(world),
        "PADDLE_MASTER": endpoint,
        "PADDLE_CURRENT_ENDPOINT": endpoint,  # only looked for
        "PADDLE_DISTRI_BACKEND": "nccl" if on_gpu else "gloo",
        "FLAGS_selected_gpus": str(rank),
    }
    if on_gpu:
        paddle.set_device(f"gpu:{rank}")
    else:
        _memory = _SharedMemory(rank, world)
    with contextlib.redirect_stderr(io.StringIO()):  # a list of flags that differ from the defaults
        paddle.distributed.init_parallel_env()


def average_gradients(parameters: Iterable[paddle.Tensor]) -> None:
    """Replace the gradient of each parameter that has one by its mean over all processes.

    The mean has the same bits in all of them and in every run. Each process must have gradients of
    the same parameters, in the same order; to train as one process would on the whole batch, the
    parts of the batch must be equally large.
    """
    average([parameter.grad for parameter in parameters if parameter.grad is not None])


def average(tensors: list[paddle.Tensor]) -> None:
    """Replace each tensor by its mean over all processes, in place, in one exchange for all.

    Args:
        tensors: float32, of the same shapes and in the same order in all processes.

    Raises:
        ConnectionError: another process has ended.
    """
    _exchange(tensors, mean=True)


def total(tensors: list[paddle.Tensor]) -> None:
    """Replace each tensor by its sum over all processes; else as `average`."""
    _exchange(tensors, mean=False)


def _exchange(tensors: list[paddle.Tensor], mean: bool) -> None:
    import paddle

    if _memory is not None:
        views = [np.from_dlpack(tensor.detach()) for tensor in tensors]
        _memory.sum(views, _memory.world if mean else 1)
        return
    world = paddle.distributed.get_world_size()
    if world > 1:
        flat = paddle.concat([tensor.flatten() for tensor in tensors])
        paddle.distributed.all_reduce(flat)
        flat.scale_(1 / world if mean else 1.0)
        parts = flat.split([tensor.size for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            paddle.assign(part.reshape(tensor.shape), output=tensor)


class _SharedMemory:
    """Memory that all processes of a group see: one row of float32 for each.

    Attributes:
        rank: of this process.
        world: number of processes.
        rows: float32, (world, values), as many values as the largest exchange so far had.
    """

    def __init__(self, rank: int, world: int):
        self.rank, self.world = rank, world
        self.rows = np.empty((world, 0), np.float32)
        self._file, *channels = map(int, os.environ[DESCRIPTORS].split(","))
        self._channels = [socket.socket(fileno=channel) for channel in channels]

    def sum(self, arrays: list[np.ndarray], divisor: int) -> None:
        """Replace each array by its sum over all processes, in the order of ranks, / divisor."""
        size = sum(array.size for array in arrays)
        if size > self.rows.shape[1]:
            os.ftruncate(self._file, 4 * self.world * size)
            memory = mmap.mmap(self._file, 4 * self.world * size)
            self.rows = np.frombuffer(memory, np.float32).reshape(self.world, size)
        rows = self.rows[:, :size]
        np.concatenate([array.reshape(-1) for array in arrays], out=rows[self.rank])
        self._meet()
        share = slice(size * self.rank // self.world, size * (self.rank + 1) // self.world)
        for row in rows[1:, share]:
            rows[0, share] += row
        self._meet()
        start = 0
        for array in arrays:
            summed = rows[0, start : start + array.size].reshape(array.shape)
            np.divide(summed, divisor, out=array)
            start += array.size
        self._meet()  # all have read what the next exchange overwrites

    def _meet(self) -> None:
        """Wait until all processes are here: rank 0 hears each of the others, then tells them."""
        if self.rank:
            self._channels[0].sendall(b".")
        for channel in self._channels:
            if not channel.recv(1):
                raise ConnectionError("another replica has ended")
        if self.rank == 0:
            for channel in self._channels:
                channel.sendall(b".")


_memory: _SharedMemory | None = None
