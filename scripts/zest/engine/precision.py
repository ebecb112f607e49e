"""Mixed precision where the device has it: GPUs. A CPU computes in float32."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
import paddle


class Precision:
    """How a training step computes (Micikevicius et al. 2018, arXiv:1710.03740).

    On a GPU with bfloat16 (Ampere and newer) matrix products and convolutions run in it, and need
    no more; on an older one they run in float16, and the loss is scaled so that small gradients do
    not vanish. https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/amp/Overview_en.html

    Args:
        wanted: whether to use it where it can be had.
    """

    def __init__(self, wanted: bool):
        self.dtype: Literal["bfloat16", "float16"] | None = None
        if wanted and paddle.device.get_device().startswith("gpu"):
            self.dtype = "bfloat16" if paddle.amp.is_bfloat16_supported() else "float16"
        self._scaler = paddle.amp.GradScaler() if self.dtype == "float16" else None

    def autocast(self) -> AbstractContextManager:
        """Return the context in which the network runs forward."""
        if self.dtype is None:
            return nullcontext()
        return paddle.amp.auto_cast(dtype=self.dtype, level="O1")

    def scale(self, loss: paddle.Tensor) -> paddle.Tensor:
        """Return what `backward()` is to be called of."""
        return self._scaler.scale(loss) if self._scaler else loss

    def step(self, optimizer: paddle.optimizer.Optimizer) -> None:
        """Let the optimiser do its step; one with gradients that overflowed is left out."""
        if self._scaler:
            self._scaler.step(optimizer)
            self._scaler.update()
        else:
            optimizer.step()

    def state(self) -> dict:
        """Return the state of the loss scaling, as values that JSON can hold."""
        state: Any = self._scaler.state_dict() if self._scaler else {}
        return {name: np.asarray(value).tolist() for name, value in state.items()}

    def restore(self, state: dict) -> None:
        """Take up a state."""
        if self._scaler and state:
            scaling: Any = {**state, "scale": np.asarray(state["scale"])}
            self._scaler.load_state_dict(scaling)
