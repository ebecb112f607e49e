"""The learning curves of a training as a picture."""

import itertools
from pathlib import Path

from matplotlib.figure import Figure

from zest.figures import save_figure
from zest.metrics import TITLES

_SCORES = {
    f"val_{name}": TITLES[name] for name in ("accuracy", "macro_f1", "quadratic_weighted_kappa")
}


def draw_curves(rows: list[dict], title: str, path: Path) -> None:
    """Draw losses, scores and learning rate over the epochs, and mark where the image size changes.

    Args:
        rows: of the HISTORY table.
        title: above the figure.
        path: of the PNG file, written.
    """
    figure = Figure(figsize=(12, 3.4), dpi=110, layout="constrained")
    axes = figure.subplots(1, 3)
    epochs = [row["epoch"] for row in rows]
    validated = rows[0]["val_loss"] is not None
    axes[0].plot(epochs, [row["train_loss"] for row in rows], "o-", label="training")
    if validated:
        axes[0].plot(epochs, [row["val_loss"] for row in rows], "o-", label="validation")
        for key, label in _SCORES.items():
            axes[1].plot(epochs, [row[key] for row in rows], "o-", label=label)
    axes[2].plot(epochs, [row["learning_rate"] for row in rows], "o-")
    for axis, name in zip(axes, ("loss", "validation scores", "learning rate"), strict=True):
        axis.set(xlabel="epoch", title=name)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        for before, after in itertools.pairwise(rows):
            if before["image_size"] != after["image_size"]:
                axis.axvline(after["epoch"] - 0.5, color="grey", linestyle=":")
                axis.annotate(
                    f"{after['image_size']} px",
                    (after["epoch"] - 0.45, 1),
                    xycoords=("data", "axes fraction"),
                    va="top",
                    fontsize=8,
                )
    for axis in axes[: 2 if validated else 1]:
        axis.legend(fontsize=8)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)
