"""The processes that train one network together, as the trainer sees them."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle

from zest.engine import replicas
from zest.errors import UserError

_PATIENCE = 60  # seconds


@dataclass(frozen=True)
class Group:
    """This process's place among the replicas.

    Attributes:
        rank: of this process, 0 to size - 1.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    def average(
        self,
        parameters: list[paddle.Tensor],
        statistics: list[paddle.Tensor],
        loss: paddle.Tensor,
    ) -> float:
        """Give all replicas the same values after a backward pass; return the mean loss.

        Args:
            parameters: their gradients become the means over the replicas.
            statistics: of batch normalisation; they become the means too.
            loss: float32, of one element.
        """
        if self.size > 1:
            gradients = [one.grad for one in parameters if one.grad is not None]
            replicas.average([*gradients, *statistics, loss.detach()])
        return float(loss)

    def combine(self, part: np.ndarray) -> np.ndarray:
        """Return the sum over the replicas of arrays of one shape, float32.

        Where only one replica has a value and the others zero, that value is exact.
        """
        if self.size == 1:
            return part
        tensor = paddle.to_tensor(part)
        replicas.total([tensor])
        return tensor.numpy()


ALONE = Group()


def size_of_group(wanted: int) -> int:
    """Return how many processes share each batch: on GPUs at most as many as there are GPUs.

    On a CPU, Paddle before version 3 cannot lend its memory to the exchange, so there it is one.
    """
    if paddle.device.get_device().startswith("gpu"):
        return min(wanted, paddle.device.cuda.device_count())
    return wanted if hasattr(paddle.Tensor, "__dlpack__") else 1


def _train_as(group: Group, train: Callable[[Group], None]) -> None:
    """Train as one of the group: what all would say, the first one says."""
    with open(os.devnull, "w") as nowhere:
        output = nowhere if group.rank else sys.stdout
        try:
            with contextlib.redirect_stdout(output):
                train(group)
        except UserError:
            if group.rank:
                time.sleep(_PATIENCE)  # the first one meets the same fault, says so and ends this
            raise


def train_in_group(wanted: int, train: Callable[[Group], None]) -> None:
    """Run a training in as many replicas as are wanted, and end when all have ended.

    On GPUs there are at most as many as there are GPUs. The replicas run this process's own command
    again and come here a second time, to join the group and train.

    Args:
        wanted: number of replicas.
        train: the training in one process of the group.
    """
    place = replicas.launched_as()
    if place is not None:
        replicas.join(*place)
        _train_as(Group(rank=place[0], size=place[1]), train)
        return
    size = size_of_group(wanted)
    if size == 1:
        train(ALONE)
        return
    code = replicas.launch([sys.executable, *sys.orig_argv[1:]], size)
    if code:
        sys.exit(code)
