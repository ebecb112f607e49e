"""The trainer: a network learns, by each setting of its recipe, and goes on as if never stopped."""

import random

import numpy as np
import paddle
import pytest

from tiny_training import dark_and_bright, same, state_of_trained, trainer_of
from zest.engine.checkpoint import Checkpoint
from zest.engine.group import Group
from zest.errors import UserError

FLIP = [{"horizontal_flip": {"probability": 0.5}}, {"colour": {"brightness": 0.2}}]


def test_a_network_learns_and_every_epoch_is_told():
    rows = list(trainer_of(epochs=6).run())
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert rows[-1]["val_accuracy"] > 0.9
    assert rows[-1]["learning_rate"] < rows[0]["learning_rate"]
    assert all(0 < row["input_share"] < 1 for row in rows)


def test_without_a_validation_fold_the_scores_are_null():
    rows = list(trainer_of(validated=False, epochs=1).run())
    assert rows[0]["val_loss"] is None
    assert rows[0]["train_loss"] > 0


def test_fewer_photos_than_a_batch_are_one_batch_and_are_learned_from():
    rows = list(trainer_of(batch_size=1000, epochs=8).run())
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]


def test_a_training_that_diverges_stops_at_its_first_epoch_and_says_what_to_lower():
    trainer = trainer_of(optimizer="sgd")
    trainer.settings["learning_rate"] = 1e38
    told = r"the mean loss of epoch 1 is (nan|inf).*learning_rate.* lower than 1e\+38"
    with pytest.raises(UserError, match=told):
        list(trainer.run())


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first = state_of_trained()
    assert same(first, state_of_trained())
    assert not same(first, state_of_trained(seed=4))


@pytest.mark.parametrize(
    "changes",
    [
        {"mixup": 0.4},
        {"cutmix": 1.0},
        {"online_operations": FLIP},
        {"ema_decay": 0.9},
        {"average_epochs": 2},
        {"label_smoothing": 0.3},
        {"mix_probability": 0.3, "mixup": 0.4},
        {"warmup_epochs": 1},
        {"weight_decay": 0.1},
        {"head_learning_rate_factor": 3},
        {"schedule": "step"},
        {"schedule": "polynomial"},
        {"loss": "focal"},
        {"loss": "squared_emd"},
        {"loss": "soft_ordinal"},
        {"optimizer": "lion"},
        {"optimizer": "sgd"},
        {"layer_decay": 0.5},
        {"gradient_clip_norm": 0.01, "optimizer": "sgd"},
        {"schedule": "one_cycle"},
        {"weights": np.array([0.5, 1.5], np.float32)},
        {"phases": [{"epochs": 1, "image_size": 16}, {"epochs": 2}]},
        {"frozen": 1},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_each_setting_changes_what_is_learned_and_still_learns(changes):
    key = next(iter(changes))
    baseline = state_of_trained(**{other: changes[other] for other in changes if other != key})
    trainer = trainer_of(**changes)
    rows = list(trainer.run())
    assert rows[-1]["val_accuracy"] > 0.7
    found = {name: value.numpy() for name, value in trainer.net.state_dict().items()}
    assert not same(baseline, found)


@pytest.mark.parametrize("shown", [{"mixup": 0.4}, {"phases": [{"epochs": 1, "image_size": 16}]}])
def test_what_is_shown_is_what_the_network_sees(shown):
    trainer = trainer_of(**shown)
    shown = trainer.next_inputs()
    forward, seen = trainer._forward, []
    trainer._forward = lambda x: seen.append(x.numpy()) or forward(x)
    next(trainer.run())
    np.testing.assert_array_equal(shown, seen[0])


def test_layers_that_draw_from_numpy_or_python_train_to_the_same_weights():
    class Noise(paddle.nn.Layer):
        def forward(self, x):
            return x + float(np.random.normal() + random.random())

    def trained():
        trainer = trainer_of(epochs=1)
        trainer.net.second = paddle.nn.Sequential(Noise(), trainer.net.second)
        trainer.enter(trainer.phases[0])
        trainer._forward = trainer.net  # a traced program would draw once for all
        next(trainer.run())
        return {name: value.numpy() for name, value in trainer.net.state_dict().items()}

    assert same(trained(), trained())


def test_the_last_epoch_is_scored_with_the_weights_that_are_kept():
    for changes in ({"ema_decay": 0.9}, {"average_epochs": 2}, {}):
        trainer = trainer_of(**changes)
        rows = list(trainer.run())
        again = trainer._validate()
        assert again["val_loss"] == pytest.approx(rows[-1]["val_loss"], rel=1e-5)


# Freezing.


def test_frozen_layers_keep_their_weights_and_statistics_until_they_are_unfrozen():
    trainer = trainer_of(phases=[{"epochs": 1, "frozen": 1}, {"epochs": 1, "frozen": 0}])
    before = {name: value.numpy() for name, value in trainer.net.state_dict().items()}
    states = []
    for _ in trainer.run():
        states.append({name: value.numpy() for name, value in trainer.net.state_dict().items()})
    first = [name for name in before if name.startswith("first.")]
    assert "first.1._mean" in first
    assert all((states[0][name] == before[name]).all() for name in first)
    assert any((states[0][name] != before[name]).any() for name in before if name not in first)
    assert all((states[1][name] != before[name]).any() for name in first)


def test_a_frozen_trunk_leaves_only_the_classifier():
    trainer = trainer_of(frozen="trunk", epochs=1)
    before = {name: value.numpy() for name, value in trainer.net.state_dict().items()}
    list(trainer.run())
    changed = {
        name
        for name, value in trainer.net.state_dict().items()
        if (value.numpy() != before[name]).any()
    }
    assert changed == {"head.weight", "head.bias"}


# Early stopping and the plateau.


@pytest.mark.parametrize(
    "changes", [{"early_stopping_patience": 2}, {"schedule": "plateau"}], ids=lambda one: str(one)
)
def test_what_needs_a_validation_is_refused_without_one(changes):
    with pytest.raises(UserError, match=rf"models\.\*\.{next(iter(changes))}: .*validation score"):
        trainer_of(validated=False, **changes)


def test_a_training_set_too_small_for_its_replicas_is_refused_with_the_way_out():
    with pytest.raises(UserError, match=r"64 rows .* less than two for each of 33 .*replicas"):
        trainer_of(group=Group(0, 33), replicas=33, batch_size=66)


def test_early_stopping_on_a_score_that_is_no_number_says_so():
    trainer = trainer_of(epochs=4, early_stopping_patience=2)
    trainer.settings["metric"] = "roc_auc"
    trainer.validation.labels[:] = 0
    with pytest.raises(UserError, match="roc_auc of the validation fold is nan"):
        list(trainer.run())


def test_early_stopping_ends_after_its_patience_and_keeps_the_best_weights():
    trainer = trainer_of(epochs=40, early_stopping_patience=2, learning_rate=0.003)
    rows = list(trainer.run())
    scores = [row["val_accuracy"] for row in rows]
    best = scores.index(max(scores))
    assert len(rows) == best + 3 < 40
    assert trainer._validate()["val_accuracy"] == scores[best]


def test_on_a_plateau_the_learning_rate_falls():
    rows = list(
        trainer_of(epochs=12, schedule="plateau", schedule_patience=1, schedule_factor=0.5).run()
    )
    rates = [row["learning_rate"] for row in rows]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0]


# Soft targets.


def test_soft_targets_are_used_as_given():
    labels = dark_and_bright(64, 0)[1]
    inverted = np.eye(2, dtype=np.float32)[1 - labels]
    rows = list(trainer_of(targets=inverted, epochs=6).run())
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert rows[-1]["val_accuracy"] < 0.1


def test_a_student_believes_its_teacher():
    labels = dark_and_bright(64, 0)[1]
    lies = np.eye(2, dtype=np.float32)[1 - labels] * 0.98 + 0.01
    teaching = {"teacher": "linear_probe", "weight": 1.0, "temperature": 1.0}
    rows = list(trainer_of(teacher=lies, distillation=teaching, epochs=6).run())
    assert rows[-1]["val_accuracy"] < 0.1


# Resuming.


class Killed(Exception):
    """Stands for the end of the process."""


EVERYTHING = {
    "ema_decay": 0.9,
    "mixup": 0.2,
    "online_operations": FLIP,
    "early_stopping_patience": 3,
    "phases": [{"epochs": 2, "image_size": 16, "frozen": 1}, {"epochs": 2}],
}


@pytest.mark.parametrize(
    "changes",
    [
        EVERYTHING,
        {"average_epochs": 2, "optimizer": "sgd"},
        {"optimizer": "lion"},
        {"optimizer": "adam", "schedule": "plateau", "schedule_patience": 1, "epochs": 6},
    ],
)
@pytest.mark.parametrize("steps", [1, 8, 13, 21])
def test_a_training_that_is_killed_goes_on_to_the_same_bytes(tmp_path, changes, steps):
    whole = trainer_of(**changes)
    rows = list(whole.run())
    expected = {name: value.numpy() for name, value in whole.net.state_dict().items()}

    killed = trainer_of(Checkpoint(tmp_path / "state.npz", "key", seconds=0), **changes)
    learn, left = killed.learn, steps

    def learn_and_die(batch, rate):
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return learn(batch, rate)

    killed.learn = learn_and_die
    with pytest.raises(Killed):
        list(killed.run())

    resumed = trainer_of(Checkpoint(tmp_path / "state.npz", "key", seconds=0), **changes)
    earlier = resumed.resume()
    later = list(resumed.run())
    found = {name: value.numpy() for name, value in resumed.net.state_dict().items()}
    assert same(expected, found)
    assert len(later) < len(rows) or steps < 8
    for one, other in zip(rows, earlier + later, strict=True):
        timed = ("photos_per_second", "input_share")
        assert {k: v for k, v in one.items() if k not in timed} == {
            k: v for k, v in other.items() if k not in timed
        }


def test_a_checkpoint_of_another_run_is_not_taken_up(tmp_path):
    path = tmp_path / "state.npz"
    list(trainer_of(Checkpoint(path, "one", seconds=0), epochs=1).run())
    assert trainer_of(Checkpoint(path, "one", seconds=0), epochs=1).resume() != []
    other = trainer_of(Checkpoint(path, "other", seconds=0), epochs=1)
    assert other.resume() == []
    assert len(list(other.run())) == 1


def test_a_broken_checkpoint_is_told_and_training_starts_anew(tmp_path, capsys):
    path = tmp_path / "state.npz"
    path.write_bytes(b"PK\x03\x04 half of a file")
    trainer = trainer_of(Checkpoint(path, "one", seconds=0), epochs=1)
    assert trainer.resume() == []
    assert "cannot be read" in capsys.readouterr().err
    assert len(list(trainer.run())) == 1


def test_there_is_never_more_than_one_checkpoint(tmp_path):
    list(trainer_of(Checkpoint(tmp_path / "state.npz", "key", seconds=0)).run())
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
