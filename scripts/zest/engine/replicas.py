"""Replicas: processes that train one network together, each on its own part of every batch.

Every process keeps the whole network and, after each backward pass, the mean of all gradients, so
that all of them take the same step (Goyal et al. 2017, arXiv:1706.02677, section 2.3). On a CPU
each is one thread, since Paddle gains little from a second one; on GPUs each has a GPU of its own.

    place = launched_as()
    if place is None:
        sys.exit(launch([sys.executable, *sys.orig_argv[1:]], 2))
    join(*place)
    net = ...  # the same initial weights in all, by the same seed or file
    loss.backward()
    average_gradients(net.parameters())

Paddle is imported only where it is used: the process that launches the others does not need it.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import paddle

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    shared = {"PADDLE_TRAINERS_NUM": str(replicas), "PADDLE_MASTER": endpoint}
    # On the loopback device: what the name of the machine resolves to may not be reachable.
    shared |= {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def die_with_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    running: list[subprocess.Popen] = []
    try:
        for rank in range(replicas):
            environment = os.environ | shared | {"PADDLE_TRAINER_ID": str(rank)}
            prepare = die_with_parent if sys.platform == "linux" else None
            running.append(subprocess.Popen(command, env=environment, preexec_fn=prepare))
        while running:
            for process in running:
                if code := process.poll():
                    return code if code > 0 else 128 - code
            running = [process for process in running if process.returncode is None]
            time.sleep(0.02)  # short, so that the first failure is seen before those it causes
        return 0
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def launched_as() -> tuple[int, int, str] | None:
    """Return the arguments of `join` in a process that `launch` started, else None."""
    if "PADDLE_TRAINER_ID" not in os.environ:
        return None
    rank, world = (int(os.environ[f"PADDLE_{name}"]) for name in ("TRAINER_ID", "TRAINERS_NUM"))
    return rank, world, os.environ["PADDLE_MASTER"]


def join(rank: int, world: int, endpoint: str) -> None:
    """Make this process one of a group, and wait until all of the group have come.

    The messages go over gloo on a CPU, over NCCL where Paddle's present device is a GPU; there the
    device becomes `gpu:{rank}`. A group of one needs nothing, and the functions below do nothing.

    Args:
        rank: of this process, 0 to world - 1.
        world: number of processes.
        endpoint: "address:port", the same in all processes, where that of rank 0 can listen.

    Raises:
        RuntimeError: from Paddle, here or in a later exchange: another process has ended.
    """
    import paddle

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
    """Replace each tensor by its mean over all processes, in place, with one message for all.

    Args:
        tensors: float32, of the same shapes and in the same order in all processes.
    """
    import paddle

    world = paddle.distributed.get_world_size()
    if world == 1:
        return
    flat = paddle.concat([tensor.flatten() for tensor in tensors])
    paddle.distributed.all_reduce(flat)
    flat.scale_(1 / world)
    if flat.place.is_cpu_place():  # a third of the time goes into Paddle's own copies
        mean, start = np.from_dlpack(flat), 0
        for tensor in tensors:
            view = np.from_dlpack(tensor.detach())
            view[...] = mean[start : start + view.size].reshape(view.shape)
            start += view.size
    else:
        for tensor, part in zip(tensors, flat.split([t.size for t in tensors]), strict=True):
            paddle.assign(part.reshape(tensor.shape), output=tensor)
