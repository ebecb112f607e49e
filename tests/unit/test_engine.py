"""The training engine: schedules, optimisers, loss, batches, and a network that learns."""

import math

import numpy as np
import paddle
import pyarrow as pa
import pytest
from paddle import nn

from zest.contracts import FOLDS, write_table
from zest.engine.batches import normalise, training_batches
from zest.engine.optimisation import learning_rate_factor, make_optimizer, smoothed_cross_entropy
from zest.engine.prediction import predict_logits, softmax
from zest.engine.training import Photos, train
from zest.engine.validation import rows_of_fold
from zest.errors import UserError

MODEL = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "head_learning_rate_factor": 1,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "warmup_epochs": 1,
    "epochs": 4,
    "batch_size": 8,
    "label_smoothing": 0.1,
}


def test_cosine_rises_linearly_then_falls_to_zero():
    factor = learning_rate_factor(MODEL, steps_per_epoch=10)
    rates = [factor(step) for step in range(41)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 11)
    assert rates[10] == 1
    assert rates[25] == pytest.approx(0.5)
    assert rates[40] == pytest.approx(0, abs=1e-12)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_constant_stays_after_the_warm_up():
    factor = learning_rate_factor({**MODEL, "schedule": "constant"}, steps_per_epoch=10)
    assert {factor(step) for step in range(10, 40)} == {1.0}


def one_step(optimizer: str, gradient: float, **settings) -> dict[str, float]:
    """Return what one step makes of ones, by parameter, where all gradients are `gradient`."""
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    for parameter in net.parameters():
        parameter.set_value(paddle.ones_like(parameter))
    cfg = {**MODEL, "optimizer": optimizer, "schedule": "constant", "warmup_epochs": 0, **settings}
    made, _ = make_optimizer(net, {"1.weight", "1.bias"}, cfg, steps_per_epoch=1)
    sum((parameter * gradient).sum() for parameter in net.parameters()).backward()
    made.step()
    return {name: parameter.mean().item() for name, parameter in net.named_parameters()}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_the_head_learns_faster_by_its_factor(optimizer):
    after = one_step(optimizer, 1.0, head_learning_rate_factor=5)
    body, head = 1 - after["0.weight"], 1 - after["1.weight"]
    assert body > 0
    assert head == pytest.approx(5 * body, rel=1e-3)
    assert 1 - after["1.bias"] == pytest.approx(5 * body, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_weight_decay_shrinks_weights_and_spares_biases(optimizer):
    after = one_step(optimizer, 0.0, weight_decay=0.5)
    assert after["0.weight"] < 1
    assert after["0.bias"] == 1


def test_adamw_decays_by_rate_times_decay():
    assert one_step("adamw", 0.0, weight_decay=0.5)["0.weight"] == pytest.approx(1 - 0.01 * 0.5)


def test_smoothing_spreads_its_share_over_all_classes():
    logits = np.array([[2.0, 1.0, 0.0]], np.float32)
    logs = logits[0] - math.log(np.exp(logits).sum())
    target = np.array([0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3])
    loss = smoothed_cross_entropy(paddle.to_tensor(logits), paddle.to_tensor([1]), 0.1)
    assert loss.item() == pytest.approx(-(target * logs).sum(), rel=1e-5)


def test_batches_are_full_and_hold_no_row_twice():
    batches = list(training_batches(21, 4, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [4] * 5
    assert len({*np.concatenate(batches)}) == 20


def test_normalisation_is_per_channel_and_channels_come_first():
    images = np.zeros((1, 2, 2, 3), np.uint8)
    images[..., 1] = 255
    found = normalise(images, (0.5, 0.25, 0.0), (0.5, 0.5, 1.0))
    assert found.shape == (1, 3, 2, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, :, 0, 0], [-1, 1.5, 0], rtol=1e-6)


def test_softmax_sums_to_one_and_stands_large_logits():
    found = softmax(np.array([[1000.0, 999.0, -1000.0], [0, 0, 0]]))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found[1], 1 / 3, rtol=1e-6)


class TinyNet(nn.Layer):
    """Two convolutions, enough to tell dark from bright."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2D(3, 8, 3, stride=2), nn.BatchNorm2D(8), nn.ReLU(), nn.Conv2D(8, 8, 3)
        )
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.body(x).mean(axis=[2, 3]))


def dark_and_bright(n: int, seed: int) -> Photos:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    base = np.where(labels, 170, 85)[:, None, None, None]
    images = base + rng.integers(-40, 40, (n, 16, 16, 3))
    return Photos(images.astype(np.uint8), labels.astype(np.int64))


def trained(seed: int = 3, **settings) -> tuple[nn.Layer, list[dict]]:
    paddle.seed(seed)
    net = TinyNet()
    rows = list(
        train(
            net,
            {"head.weight", "head.bias"},
            ((0.5,) * 3, (0.5,) * 3),
            dark_and_bright(64, 0),
            dark_and_bright(21, 1),
            {**MODEL, **settings},
            seed,
        )
    )
    return net, rows


def test_a_network_learns_and_every_epoch_is_told():
    _, rows = trained(epochs=6)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert rows[-1]["val_accuracy"] == 1
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)


def test_fewer_photos_than_a_batch_are_one_batch_and_are_learned_from():
    _, rows = trained(batch_size=1000, epochs=6)
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]


def test_a_training_that_diverges_stops_at_its_first_epoch_and_says_what_to_lower():
    told = r"the mean loss of epoch 1 is (nan|inf).*learning_rate.* lower than 1e\+30"
    with pytest.raises(UserError, match=told):
        trained(learning_rate=1e30, optimizer="sgd", warmup_epochs=0)


def test_the_validation_rows_are_those_of_the_fold_in_the_order_of_the_images(tmp_path):
    columns = [["a", "b", "c"], [2, 0, 1], [1, 0, 1], [None] * 3]
    folds = pa.table(dict(zip(FOLDS.names, columns, strict=True)), schema=FOLDS)
    write_table(folds, tmp_path / "folds.parquet", FOLDS)
    assert rows_of_fold(["c", "b", "a"], tmp_path / "folds.parquet", 1) == ([0, 2], [1, 2])
    with pytest.raises(UserError, match=r"1 photos of fold 1 .*first of them a"):
        rows_of_fold(["c", "b"], tmp_path / "folds.parquet", 1)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (trained(seed)[0].state_dict() for seed in (3, 3, 4))
    assert all((first[name].numpy() == again[name].numpy()).all() for name in first)
    assert any((first[name].numpy() != other[name].numpy()).any() for name in first)


def test_prediction_does_not_depend_on_the_size_of_the_batches():
    net, _ = trained(epochs=1)
    net.eval()
    images = dark_and_bright(13, 2).images
    whole = predict_logits(net, images, (0.5,) * 3, (0.5,) * 3, 13)
    parts = predict_logits(net, images, (0.5,) * 3, (0.5,) * 3, 4)
    assert whole.shape == (13, 2)
    np.testing.assert_allclose(whole, parts, atol=1e-5)
