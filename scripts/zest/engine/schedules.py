"""Learning-rate schedules: the factor on `learning_rate` at each step of a training."""

import math
from collections.abc import Callable

# `one_cycle` begins at START, is highest after RISE of the training and ends near END, as in fastai
# and PyTorch.
START = 1 / 25
RISE = 0.3
END = START / 1e4


def make_schedule(settings: dict, total_steps: int, steps_per_epoch: int) -> Callable[[int], float]:
    """Return the factor on `learning_rate` at a step, counted from 0.

    All but `one_cycle` rise linearly from zero over `warmup_epochs` (Goyal et al. 2017,
    arXiv:1706.02677, section 2.2): (step + 1) / (warmup steps + 1). Then, with t from 0 after the
    warm-up to 1 at `total_steps`, which is one step beyond the last:

    - `constant` and `plateau`: 1 (and `Plateau` lowers it),
    - `cosine`: (1 + cos(pi t)) / 2 (Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5, without
      restarts),
    - `polynomial`: (1 - t) ** schedule_power,
    - `step`: schedule_factor to the power of the thirds of the whole training that are over.

    `one_cycle` (Smith & Topin 2018, arXiv:1708.07120) rises from a 25th to 1 over the first 30 % of
    the training and falls to nearly nothing. Each is half a cosine, as in fastai, where the paper
    has straight lines; there is no warm-up before it.

    Args:
        settings: of the model: schedule, warmup_epochs and those of the schedule.
        total_steps: batches in the whole training.
        steps_per_epoch: batches in an epoch.

    Returns:
        A function of the step, 0..total_steps-1; its values are in (0, 1].
    """
    kind = settings["schedule"]
    warmup = round(settings["warmup_epochs"] * steps_per_epoch)

    def after_warmup(step: int) -> float:
        t = min(1.0, (step - warmup) / max(1, total_steps - warmup))
        if kind == "cosine":
            return _half_cosine(1.0, 0.0, t)
        if kind == "polynomial":
            return (1 - t) ** settings["schedule_power"]
        if kind == "step":
            return settings["schedule_factor"] ** (3 * step // total_steps)
        return 1.0

    def one_cycle(step: int) -> float:
        t = min(1.0, step / total_steps)
        if t < RISE:
            return _half_cosine(START, 1.0, t / RISE)
        return _half_cosine(1.0, END, (t - RISE) / (1 - RISE))

    def with_warmup(step: int) -> float:
        return (step + 1) / (warmup + 1) if step < warmup else after_warmup(step)

    return one_cycle if kind == "one_cycle" else with_warmup


def _half_cosine(start: float, end: float, t: float) -> float:
    """Go from `start` (t = 0) to `end` (t = 1), flat at both ends."""
    return end + (start - end) * (1 + math.cos(math.pi * t)) / 2


class Plateau:
    """Lowers the learning rate when the validation loss falls no more.

    Each time the loss has not been below its lowest for `patience` epochs in a row, the rate is
    multiplied by `factor`, and the count begins anew; He et al. 2016, arXiv:1512.03385, section
    3.4, divide it by 10 "when the error plateaus". A loss that is not a number has not fallen.

    Args:
        factor: in (0, 1).
        patience: epochs; 0 is as 1.

    Attributes:
        scale: the product of the factors so far; the trainer multiplies its rate by it.
    """

    def __init__(self, factor: float, patience: int):
        self.factor, self.patience = factor, patience
        self.scale = 1.0
        self._lowest: float | None = None
        self._waited = 0

    def update(self, val_loss: float) -> None:
        """Take note of the validation loss of an epoch."""
        lowest = math.inf if self._lowest is None else self._lowest
        if val_loss < lowest:
            self._lowest, self._waited = float(val_loss), 0
            return
        self._waited += 1
        if self._waited >= self.patience:
            self.scale, self._waited = self.scale * self.factor, 0

    def state(self) -> dict:
        """Return what it remembers, as values that JSON can hold."""
        return {"scale": self.scale, "lowest": self._lowest, "waited": self._waited}

    def restore(self, state: dict) -> None:
        """Go on where `state()` was taken."""
        self.scale, self._lowest, self._waited = (
            state[name] for name in ("scale", "lowest", "waited")
        )
