"""What a person sees of a training: progress lines, and curves, images and weights in VisualDL."""

import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from visualdl import LogWriter

from zest.models.groups import LayerGroup

_IMAGES = 8  # of a batch, shown


class Journal:
    """Tells each epoch on the terminal and in VisualDL.

    Args:
        name: of the training, at the head of each line.
        epochs: how many there will be at most.
        folder: of VisualDL's files.
    """

    def __init__(self, name: str, epochs: int, folder: Path):
        self.name, self.epochs = name, epochs
        self.writer = LogWriter(str(folder), display_name=name)
        self.started = time.monotonic()
        self.resumed = 0  # epochs that an earlier process has done

    def go_on(self, rows: list[dict]) -> None:
        """Record the epochs that an earlier process has done."""
        self.resumed = len(rows)
        for row in rows:
            self._record(row)
        if rows:
            print(f"[{self.name}] goes on after epoch {rows[-1]['epoch']}", flush=True)

    def add(self, row: dict) -> None:
        """Record one row of the HISTORY table, and tell it."""
        self._record(row)
        print(f"[{self.name}] {self._told(row)}", flush=True)

    def _record(self, row: dict) -> None:
        for key, value in row.items():
            if key != "epoch" and value is not None:
                self.writer.add_scalar(_tag(key), value, row["epoch"])
        self.writer.flush()

    def _told(self, row: dict) -> str:
        epoch = row["epoch"]
        spent = time.monotonic() - self.started
        left = spent / max(1, epoch - self.resumed) * (self.epochs - epoch)
        scores = ""
        if row["val_loss"] is not None:
            scores = (
                f"validation loss {row['val_loss']:.3f}, accuracy {row['val_accuracy']:.3f}, "
                f"macro F1 {row['val_macro_f1']:.3f}, "
            )
        return (
            f"epoch {epoch}/{self.epochs}: {row['image_size']} px, loss {row['train_loss']:.3f}, "
            f"{scores}{row['photos_per_second']:.0f} photos/s, {_clock(left)} left"
        )

    def show_settings(self, settings: dict) -> None:
        """Record the hyper-parameters, so that VisualDL compares models by them."""
        plain = {k: v for k, v in settings.items() if isinstance(v, int | float | str)}
        values = {k: int(v) if isinstance(v, bool) else v for k, v in plain.items()}
        self.writer.add_hparams(values, ["validation/accuracy", "validation/loss"])

    def show_batch(self, inputs: np.ndarray, normalisation: tuple[tuple, tuple]) -> None:
        """Record images as the network sees them.

        Args:
            inputs: float32, (batch, 3, height, width), normalised.
            normalisation: mean and std of the channels, on [0, 1].
        """
        mean, std = (np.asarray(values, np.float32) for values in normalisation)
        images = inputs[:_IMAGES].transpose(0, 2, 3, 1) * std + mean
        strip = np.concatenate(list((images * 255).round().clip(0, 255).astype(np.uint8)), axis=1)
        self.writer.add_image("training/batch", strip, 0)

    def show_weights(self, net: nn.Layer, groups: Sequence[LayerGroup], epoch: int) -> None:
        """Record a histogram of the weights of each group, those of more than one dimension.

        One of each weight would be too many: VisualDL draws them all at once, and then shows none.
        """
        weights = {name: one.numpy() for name, one in net.named_parameters() if one.ndim > 1}
        for group in groups:
            values = [weights[name].ravel() for name in group.parameters if name in weights]
            if values:
                self.writer.add_histogram(f"weights/{group.name}", np.concatenate(values), epoch)

    def show_graph(self, net: nn.Layer, image_size: int) -> None:
        """Record the graph of a network, which is of no use for anything else afterwards.

        VisualDL adds hooks to it and exports it in Paddle's older program format, which refuses
        some operators (`tanh`, `sigmoid`, `gelu`, `matmul`); then there is a warning and no graph.
        """
        spec = paddle.static.InputSpec([1, 3, image_size, image_size], "float32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # VisualDL leaves out an argument that Paddle wants
            try:
                self.writer.add_graph(model=net, input_spec=[spec])
            except Exception as error:  # whatever Paddle's export raises
                reason = str(error).strip().rpartition("\n")[2]
                print(f"warning: [{self.name}] VisualDL shows no graph: {reason}", file=sys.stderr)

    def close(self) -> None:
        """Write what is still in memory."""
        self.writer.close()


def _tag(key: str) -> str:
    """Group the validation scores and the training values of VisualDL under a heading each."""
    return key.replace("val_", "validation/") if key.startswith("val_") else f"training/{key}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
