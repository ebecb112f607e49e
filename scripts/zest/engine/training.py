"""The trainer: phases of epochs over a training set in memory, with a validation after each epoch.

All randomness is a function of the seed and of the position (epoch, step, replica), and all
replicas hold the same values after every step. So a state is the weights, their averages, the
optimiser, the position and the history; from it a training goes on to the very same bytes.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import paddle
from paddle import nn

from zest.config_training import needs_validation
from zest.contracts import VALIDATION_SCORES
from zest.engine.averaging import EpochAverage, WeightAverage
from zest.engine.batches import TrainingSet, ValidationSet, training_batches
from zest.engine.checkpoint import Checkpoint
from zest.engine.fast_conv import accelerate, release_programs
from zest.engine.group import Group
from zest.engine.losses import distillation_loss, make_loss
from zest.engine.mixing import mix_batch
from zest.engine.optimizers import make_optimizer
from zest.engine.precision import Precision
from zest.engine.prediction import predict_logits, softmax
from zest.engine.schedules import Plateau, make_schedule
from zest.engine.state import restore_training, training_state
from zest.errors import UserError
from zest.metrics import LOWER_IS_BETTER, validation_scores
from zest.models.groups import LayerGroup, freeze
from zest.models.seeding import seed_everything
from zest.models.state import load_state, state_of
from zest.phases import Phase, phases_of
from zest.randomness import seed_from


class Trainer:
    """Trains a network in place.

    The weights are those of the last epoch (or their average, as the settings say): choosing the
    best epoch by its validation score would flatter that score. Only early stopping does so.

    Args:
        net: float32 (batch, 3, height, width) to logits (batch, K).
        groups: its layers from the input to the classifier.
        learner: what the inputs pass through: the network, or where they are activations the part
            of it behind the frozen layers.
        normalisation: mean and std of the channels, on [0, 1].
        training: what it learns from.
        validation: what it is judged on; None trains without.
        settings: of the model, as config/schema.yaml describes them, with `image_size` in pixels
            and `metric`, the contest's.
        weights: float32, (K,): of the classes in the loss, or None for equal ones.
        seed: of all that is random.
        group: the processes that share each batch.
        checkpoint: where the state is kept, or None.
    """

    def __init__(
        self,
        *,
        net: nn.Layer,
        groups: list[LayerGroup],
        learner: nn.Layer,
        normalisation: tuple[tuple, tuple],
        training: TrainingSet,
        validation: ValidationSet | None,
        settings: dict,
        weights: np.ndarray | None,
        seed: int,
        group: Group,
        checkpoint: Checkpoint | None = None,
    ):
        self.net, self.groups, self.learner = net, groups, learner
        self.normalisation = normalisation
        parameters = list(net.named_parameters())
        # Paddle counts the statistics of batch normalisation among the parameters.
        self.learnable = {name: value for name, value in parameters if not value.stop_gradient}
        self.statistics = {name: value for name, value in parameters if value.stop_gradient}
        self.training, self.validation = training, validation
        self.settings, self.seed = settings, seed
        self.group, self.checkpoint = group, checkpoint

        rows = len(training.targets)
        _refuse_what_cannot_be_trained(settings, rows, group.size, validation is not None)
        share = max(1, min(settings["batch_size"], rows) // group.size)
        self.batch_size = share * group.size
        self.steps_per_epoch = rows // self.batch_size
        self.phases = [phase for phase in phases_of(settings) for _ in range(phase.epochs)]
        self.epochs = len(self.phases)

        names = [list(group.parameters) for group in groups]
        self.optimizer = make_optimizer(net, settings, names)
        self.schedule = make_schedule(
            settings, self.epochs * self.steps_per_epoch, self.steps_per_epoch
        )
        self.plateau = Plateau(settings["schedule_factor"], settings["schedule_patience"])
        self.loss = make_loss(settings, weights)
        self.precision = Precision(settings["amp"])
        decay = settings["ema_decay"]
        self.average = WeightAverage(net, decay) if decay else None
        self.epoch_average = EpochAverage(settings["average_epochs"])
        self.best: dict[str, np.ndarray] = {}
        self.best_epoch = 0

        self.epoch = 1  # the one that is under way
        self.step = 0  # in this epoch, the next one to do
        self.losses: list[float] = []  # of the steps of this epoch
        self.history: list[dict[str, Any]] = []
        self._phase: Phase | None = None
        self._frozen_layers: list[nn.Layer] = []
        self._learning: list[paddle.Tensor] = []
        self._statistics: list[paddle.Tensor] = []
        self._forward: Callable[[paddle.Tensor], paddle.Tensor] = learner

    def run(self) -> Iterator[dict]:
        """Train to the end; yield a row of the HISTORY table after each epoch.

        Raises:
            UserError: the training diverged: the mean loss of an epoch is not finite.
        """
        while self.epoch <= self.epochs and not self._stopped():
            self.enter(self.phases[self.epoch - 1])
            row = self._train_epoch()
            self.history.append(row)
            self.epoch, self.step, self.losses = self.epoch + 1, 0, []
            self._save()
            yield row
        if self.best:
            load_state(self.net, self.best)
        elif self.average:
            self.average.write()

    def enter(self, phase: Phase) -> None:
        """Freeze, resize and trace the network anew where a phase begins."""
        if phase == self._phase:
            return
        self._phase = phase
        self.training.source.resize(phase.image_size)
        frozen = freeze(self.groups, phase.frozen, self.learnable)
        learning = self.groups[len(frozen) :]
        self._frozen_layers = [layer for group in frozen for layer in group.layers]
        names = [name for group in learning for name in group.parameters]
        self._learning = [self.learnable[name] for name in names if name in self.learnable]
        self._statistics = [self.statistics[name] for name in names if name in self.statistics]
        self._forward = self.learner
        release_programs()
        self._forward = accelerate(self.learner)

    def set_mode(self) -> None:
        """Put what learns into training mode; what is frozen keeps its batch statistics."""
        self.net.train()
        self.learner.train()
        for layer in self._frozen_layers:
            layer.eval()

    def _batches_left(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the steps of this epoch that are still to be done: number, rows of the batch."""
        rng = np.random.default_rng(seed_from(self.seed, "order", self.epoch))
        batches = training_batches(len(self.training.targets), self.batch_size, rng)
        return itertools.islice(enumerate(batches), self.step, None)

    def next_inputs(self) -> np.ndarray:
        """Return what the network sees in the next step: (batch of this replica, ...)."""
        self.enter(self.phases[self.epoch - 1])
        _, batch = next(self._batches_left())
        return self._inputs_of(batch)[0]

    def _train_epoch(self) -> dict:
        started = time.perf_counter()
        done_before, waited = self.step, 0.0
        self.set_mode()
        for step, batch in self._batches_left():
            done = (self.epoch - 1) * self.steps_per_epoch + step
            rate = self.settings["learning_rate"] * self.schedule(done) * self.plateau.scale
            waited += self.learn(batch, rate)
            if self.checkpoint and self.step < self.steps_per_epoch and self.checkpoint.due():
                self._save()
        seconds = time.perf_counter() - started
        return self._finish_epoch(
            {
                "epoch": self.epoch,
                "image_size": self.phases[self.epoch - 1].image_size,
                "photos": self.steps_per_epoch * self.batch_size,
                "learning_rate": self.optimizer.get_lr(),
                "train_loss": self._mean_loss(),
                "photos_per_second": (self.step - done_before) * self.batch_size / seconds,
                "input_share": waited / seconds,
            }
        )

    def learn(self, batch: np.ndarray, rate: float) -> float:
        """Do one step; return the seconds spent on making its input.

        Args:
            batch: numbers of the rows, of which each replica takes its share.
            rate: learning rate.
        """
        started = time.perf_counter()
        inputs, targets, teacher = self._inputs_of(batch)
        inputs_here, targets_here = paddle.to_tensor(inputs), paddle.to_tensor(targets)
        input_seconds = time.perf_counter() - started

        seed_everything(seed_from("dropout", *self._position()) % 2**31)
        self.optimizer.set_lr(rate)
        with self.precision.autocast():
            logits = self._forward(inputs_here)
        logits = logits.astype("float32")
        loss = self.loss(logits, targets_here)
        if teacher is not None:
            weight, temperature = (
                self.settings["distillation"][key] for key in ("weight", "temperature")
            )
            taught = distillation_loss(logits, paddle.to_tensor(teacher), temperature)
            loss = (1 - weight) * loss + weight * taught
        self.precision.scale(loss).backward()
        self.losses.append(self.group.average(self._learning, self._statistics, loss))
        self.precision.step(self.optimizer)
        self.optimizer.clear_grad(set_to_zero=False)
        if self.average:
            self.average.update((self.epoch - 1) * self.steps_per_epoch + self.step)
        self.step += 1
        return input_seconds

    def _position(self) -> tuple[int, ...]:
        """What the randomness of a step depends on."""
        return (self.seed, self.epoch, self.step, self.group.rank)

    def _inputs_of(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return this replica's share of a batch: inputs, targets, the teacher's probabilities."""
        rows = batch[self.group.rank :: self.group.size]
        return mix_batch(
            self.training.source.batch(rows, self.epoch),
            self.training.targets[rows],
            None if self.training.teacher is None else self.training.teacher[rows],
            self.settings,
            np.random.default_rng(seed_from("mix", *self._position())),
        )

    def _mean_loss(self) -> float:
        loss = float(np.mean(self.losses))
        if not math.isfinite(loss):
            raise UserError(
                f"the training diverged: the mean loss of epoch {self.epoch} is {loss}. Choose a "
                f"learning_rate of this model (models.*.learning_rate) that is lower than "
                f"{self.settings['learning_rate']}; snakemake find_learning_rate helps."
            )
        return loss

    def _finish_epoch(self, row: dict) -> dict:
        """Average, validate and judge at the end of an epoch; return its row of the history."""
        if self.epochs - self.epoch < self.settings["average_epochs"]:
            self.epoch_average.add(self.net)
            if self.epoch == self.epochs:
                self.epoch_average.write(self.net)
        if self.validation is None:
            return row | dict.fromkeys(VALIDATION_SCORES)
        if self.average:
            with self.average.swapped():
                row |= self._validate()
                self._keep_if_best(row)
        else:
            row |= self._validate()
            self._keep_if_best(row)
        if self.settings["schedule"] == "plateau":
            self.plateau.update(row["val_loss"])
        return row

    def _validate(self) -> dict[str, float]:
        validation = self.validation
        assert validation is not None
        self.net.eval()
        self.learner.eval()
        share = slice(self.group.rank, None, self.group.size)
        logits = predict_logits(
            self._forward, validation.images[share], self.normalisation, self.batch_size
        )
        every = np.zeros((len(validation.labels), self.training.targets.shape[1]), np.float32)
        if len(logits):
            every[share] = logits
        return validation_scores(softmax(self.group.combine(every)), validation.labels)

    def _keep_if_best(self, row: dict) -> None:
        if self.settings["early_stopping_patience"] is None:
            return
        key = score_key(self.settings["metric"])
        if not math.isfinite(row[key]):
            raise UserError(
                f"models.*.early_stopping_patience: {self.settings['metric']} of the validation "
                f"fold is {row[key]} in epoch {self.epoch}, as where all its photos are of one "
                "class. Choose another rules.metric or other folds, or no early stopping."
            )
        sign = -1 if self.settings["metric"] in LOWER_IS_BETTER else 1
        earlier = [sign * past[key] for past in self.history]
        if not earlier or sign * row[key] > max(earlier):
            self.best = state_of(self.net)
            self.best_epoch = self.epoch

    def _stopped(self) -> bool:
        patience = self.settings["early_stopping_patience"]
        return patience is not None and self.epoch - 1 - self.best_epoch >= patience

    def _save(self) -> None:
        if self.checkpoint and self.group.rank == 0:
            self.checkpoint.save(*training_state(self))

    def resume(self) -> list[dict]:
        """Take up the state of the checkpoint, if there is one; return its rows of the history.

        No replica goes on before all have read it.
        """
        saved = self.checkpoint.load() if self.checkpoint else None
        if saved:
            restore_training(self, *saved)
        here = np.array([self.epoch, self.step], np.float32)
        if not np.array_equal(self.group.combine(here), here * self.group.size):
            raise RuntimeError("the replicas have read different checkpoints")
        return list(self.history)


def _refuse_what_cannot_be_trained(
    settings: dict, rows: int, replicas: int, validated: bool
) -> None:
    """Raise a UserError for what the configuration alone cannot tell."""
    if rows < 2 * replicas:
        raise UserError(
            f"{rows} rows in the training set are less than two for each of {replicas} processes; "
            "lower models.*.replicas, or raise recipes.*.copies"
        )
    if not validated:
        for key in needs_validation(settings):
            raise UserError(
                f"models.*.{key}: {settings[key]} needs a validation score, and a training on all "
                "photos has none; change it, or train on folds"
            )


def score_key(metric: str) -> str:
    """Return the column of HISTORY that holds a metric of `rules.metric`."""
    return "val_loss" if metric == "log_loss" else f"val_{metric}"
