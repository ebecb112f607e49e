"""A trained network with its preprocessing inside, as programs of Paddle."""

import tempfile
from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from paddle.base.proto.framework_pb2 import ProgramDesc

from deployment.names import OLD_PROGRAM, PROGRAM, WEIGHTS
from zest.errors import UserError
from zest.files import atomic_path

INPUT = "images"


class Deployed(nn.Layer):
    """From photos as `zest.images.fit` makes them to probabilities.

    The normalisation and the softmax are part of the program, so that no client can forget them or
    do them in another way.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to logits (batch, K).
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
    """

    def __init__(self, net: nn.Layer, mean: tuple, std: tuple):
        super().__init__()
        self.net = net
        scale = 1 / (255 * np.asarray(std, np.float32))
        offset = np.asarray(mean, np.float32) / np.asarray(std, np.float32)
        self.register_buffer("scale", paddle.to_tensor(scale.reshape(1, 3, 1, 1)))
        self.register_buffer("offset", paddle.to_tensor(offset.reshape(1, 3, 1, 1)))

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Return the probabilities: uint8 RGB (batch, size, size, 3) to float32 (batch, K)."""
        # Transposed first: three factors along the last axis took ONNX Runtime a fifth of the time
        # of MobileNetV2 at 224 pixels. As float32: Paddle Lite transposes no bytes.
        channels_first = paddle.transpose(images.astype("float32"), [0, 3, 1, 2])
        logits = self.net(channels_first * self.scale - self.offset)
        return nn.functional.softmax(logits)


def export_programs(layer: nn.Layer, image_size: int, folder: Path) -> str | None:
    """Write a layer as programs of Paddle 3 and of Paddle 2, which share their weights.

    Args:
        layer: a `Deployed`, in evaluation mode.
        image_size: width and height of the images; their number is free.
        folder: inference.json, inference.pdmodel and inference.pdiparams are written into it.

    Returns:
        Why there is no inference.pdmodel, where Paddle cannot write the network in the older
        format; None where it can.

    Raises:
        UserError: Paddle cannot write the network in the newer format either.
    """
    with tempfile.TemporaryDirectory() as made:
        try:
            with paddle.pir_utils.IrGuard():
                paddle.jit.save(layer, f"{made}/new", [_images(image_size)])
        except Exception as error:  # a layer that cannot be traced can fail in any way
            raise UserError(
                f"Paddle cannot write the network as a program ({_last_line(error)}). Write its "
                "forward without what Paddle cannot trace, or leave the model out of deploy.models."
            ) from error
        reason = _save_old(layer, image_size, f"{made}/old")
        new, old = Path(made, "new.pdiparams").read_bytes(), Path(made, "old.pdiparams")
        if not reason and old.read_bytes() != new:
            reason = "Paddle orders its weights otherwise than those of the newer program"
        _write(folder / PROGRAM, Path(made, "new.json").read_bytes())
        _write(folder / WEIGHTS, new)
        (folder / OLD_PROGRAM).unlink(missing_ok=True)
        if not reason:
            old_program = Path(made, "old.pdmodel").read_bytes()
            _write(folder / OLD_PROGRAM, _without_callstacks(old_program))
    return reason


def _images(size: int) -> paddle.static.InputSpec:
    return paddle.static.InputSpec([None, size, size, 3], "uint8", INPUT)


def _save_old(layer: nn.Layer, image_size: int, path: str) -> str | None:
    try:
        with paddle.pir_utils.OldIrGuard():
            # All attributes stay: Paddle Lite knows no defaults, for example of relu6's threshold.
            paddle.jit.save(layer, path, [_images(image_size)], clip_extra=False)
    except Exception as error:  # a layer that cannot be traced can fail in any way
        return _last_line(error)
    return None


def _without_callstacks(program: bytes) -> bytes:
    """Take out of a program of Paddle 2 where on this machine the code of each operator is."""
    told = ProgramDesc.FromString(program)
    for block in told.blocks:
        for operator in block.ops:
            kept = [one for one in operator.attrs if one.name != "op_callstack"]
            del operator.attrs[:]
            operator.attrs.extend(kept)
    return told.SerializeToString()


def _last_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]}"


def _write(path: Path, content: bytes) -> None:
    with atomic_path(path) as part:
        part.write_bytes(content)
