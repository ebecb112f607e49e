"""The processes that train one network together, as the trainer sees them."""

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle

from zest.engine import replicas


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
        # What all would say, the first one says.
        with (
            open(os.devnull, "w") as nowhere,
            contextlib.redirect_stdout(nowhere if place[0] else sys.stdout),
        ):
            train(Group(rank=place[0], size=place[1]))
        return
    on_gpu = paddle.device.get_device().startswith("gpu")
    size = min(wanted, paddle.device.cuda.device_count()) if on_gpu else wanted
    if size == 1:
        train(ALONE)
        return
    code = replicas.launch([sys.executable, *sys.orig_argv[1:]], size)
    if code:
        sys.exit(code)
