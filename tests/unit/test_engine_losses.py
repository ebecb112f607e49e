"""Losses: their formulas in numpy, their gradients, and that they stand extreme logits."""

import numpy as np
import paddle
import pytest

from zest.engine.losses import class_weights, distillation_loss, make_loss, make_targets

SETTINGS = {
    "loss": "cross_entropy",
    "focal_gamma": 2.0,
    "ordinal_sharpness": 2.0,
    "label_smoothing": 0.1,
}
LOSSES = ["cross_entropy", "focal", "soft_ordinal", "squared_emd"]
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (6, 4))
TARGETS = RNG.dirichlet(np.ones(4), 6)
WEIGHTS = np.array([0.5, 1.0, 2.0, 1.5], np.float32)


def settings(loss: str, **changed) -> dict:
    return {**SETTINGS, "loss": loss, **changed}


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def expected_losses(loss: str, logits: np.ndarray, targets: np.ndarray, gamma=2.0) -> np.ndarray:
    """Return the loss of each row, written as a sum over the classes one by one."""
    found = []
    for p, t in zip(softmax(logits), targets, strict=True):
        if loss == "squared_emd":
            found.append(sum((p[: k + 1].sum() - t[: k + 1].sum()) ** 2 for k in range(len(p))))
        else:
            power = gamma if loss == "focal" else 0
            found.append(sum(-t[k] * (1 - p[k]) ** power * np.log(p[k]) for k in range(len(p))))
    return np.array(found)


def value(loss, logits, targets, *more, dtype="float32") -> float:
    tensors = (paddle.to_tensor(np.asarray(one, dtype)) for one in (logits, targets, *more))
    return loss(*tensors).item()


# Class weights.


@pytest.mark.parametrize("kind", ["none", "inverse", "effective_number"])
def test_the_mean_weight_of_the_training_rows_is_1(kind):
    counts = np.array([400, 255, 0, 235, 7])
    weights = class_weights(kind, counts)
    assert weights.dtype == np.float32
    assert (counts * weights).sum() / counts.sum() == pytest.approx(1, rel=1e-6)
    assert weights[2] == 1


def test_inverse_weights_give_each_class_the_same_sum():
    counts = np.array([10, 40, 50])
    np.testing.assert_allclose(counts * class_weights("inverse", counts), 100 / 3, rtol=1e-6)


def test_effective_numbers_are_geometric_sums():
    counts = np.array([10, 40, 50])
    effective = np.array([sum(0.99**i for i in range(n)) for n in counts])
    weights = class_weights("effective_number", counts)
    np.testing.assert_allclose(weights * effective / (weights[0] * effective[0]), 1, rtol=1e-5)
    np.testing.assert_allclose(class_weights("effective_number", 7 * counts), weights, rtol=1e-2)


@pytest.mark.parametrize("kind", ["none", "inverse", "effective_number"])
def test_equal_classes_have_equal_weights_and_one_row_is_enough(kind):
    np.testing.assert_allclose(class_weights(kind, np.array([6, 6])), 1, rtol=1e-6)
    np.testing.assert_allclose(class_weights(kind, np.array([0, 1])), 1)


# Targets.


def test_smoothing_spreads_its_share_over_all_classes():
    found = make_targets(np.array([1, 0]), 4, SETTINGS)
    assert found.dtype == np.float32
    expected = [[0.025, 0.925, 0.025, 0.025], [0.925, 0.025, 0.025, 0.025]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    plain = make_targets(np.array([1, 0]), 4, settings("focal", label_smoothing=0.0))
    assert plain.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]


def test_ordinal_targets_fall_with_the_squared_distance_and_are_not_smoothed():
    found = make_targets(np.array([1, 3]), 4, settings("soft_ordinal", ordinal_sharpness=0.7))
    squares = np.array([[1, 0, 1, 4], [9, 4, 1, 0]])
    np.testing.assert_allclose(found, softmax(-0.7 * squares), rtol=1e-6)


# Losses.


@pytest.mark.parametrize("loss", LOSSES)
def test_each_is_the_mean_of_its_formula_over_the_batch(loss):
    found = value(make_loss(settings(loss), None), LOGITS, TARGETS)
    assert found == pytest.approx(expected_losses(loss, LOGITS, TARGETS).mean(), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_class_weights_are_mixed_as_the_target_is(loss):
    rows = expected_losses(loss, LOGITS, TARGETS)
    found = value(make_loss(settings(loss), WEIGHTS), LOGITS, TARGETS)
    assert found == pytest.approx((rows * (TARGETS @ WEIGHTS)).mean(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 5.0])
def test_focal_looks_away_by_its_gamma_and_is_cross_entropy_at_0(gamma):
    loss = make_loss(settings("focal", focal_gamma=gamma), None)
    for logits in (LOGITS, 3 * LOGITS):  # unsure and sure
        expected = expected_losses("focal", logits, TARGETS, gamma).mean()
        assert value(loss, logits, TARGETS) == pytest.approx(expected, rel=1e-5)
        if gamma == 0:
            plain = value(make_loss(SETTINGS, None), logits, TARGETS)
            assert plain == pytest.approx(expected, rel=1e-5)


def test_squared_emd_grows_with_the_distance_of_the_wrong_grade():
    loss = make_loss(settings("squared_emd"), None)
    sure = [value(loss, 50 * np.eye(4)[[grade]], np.eye(4)[[0]]) for grade in range(4)]
    np.testing.assert_allclose(sure, [0, 1, 2, 3], atol=1e-6)


def loss_under_test(name: str):
    """Return a loss by name; the distillation has a batch of teachers in the place of targets."""
    if name == "distillation":
        return lambda logits, targets: distillation_loss(logits, targets, 3.0)
    return make_loss(settings(name.removesuffix(" 0.5"), focal_gamma=0.5), WEIGHTS)


@pytest.mark.parametrize("name", [*LOSSES, "distillation"])
def test_gradients_are_those_of_finite_differences(name):
    loss = loss_under_test(name)
    logits = paddle.to_tensor(LOGITS, dtype="float64", stop_gradient=False)
    loss(logits, paddle.to_tensor(TARGETS, dtype="float64")).backward()
    numeric = np.empty_like(LOGITS)
    for place in np.ndindex(*LOGITS.shape):
        step = np.zeros_like(LOGITS)
        step[place] = 1e-5
        ends = (value(loss, LOGITS + sign * step, TARGETS, dtype="float64") for sign in (1, -1))
        numeric[place] = (next(ends) - next(ends)) / 2e-5
    np.testing.assert_allclose(np.asarray(logits.grad), numeric, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", [*LOSSES, "distillation"])
def test_extreme_logits_have_finite_losses_and_gradients(name):
    extreme = np.array([[1e4, 0, -1e4, 0], [-1e4, 30, 0, 0], [0, 0, 0, 0]], np.float32)
    logits = paddle.to_tensor(extreme, stop_gradient=False)
    loss = loss_under_test(name)(logits, paddle.to_tensor(np.eye(4, dtype=np.float32)[:3]))
    loss.backward()
    assert np.isfinite(loss.item())
    assert np.isfinite(np.asarray(logits.grad)).all()


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_logits_are_judged_in_the_precision_of_the_targets(name):
    loss = make_loss(settings(name), WEIGHTS)
    half = paddle.to_tensor(LOGITS.astype(np.float16))
    found = loss(half, paddle.to_tensor(TARGETS.astype(np.float32)))
    assert found.dtype == paddle.float32
    exact = value(loss, LOGITS.astype(np.float16), TARGETS)
    assert found.item() == pytest.approx(exact, rel=1e-6)


# Distillation.


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_the_divergence_of_the_softened_distributions(temperature):
    teacher = softmax(np.log(TARGETS) / temperature)
    student = softmax(LOGITS / temperature)
    divergences = (teacher * np.log(teacher / student)).sum(axis=1)
    loss = distillation_loss(
        paddle.to_tensor(LOGITS, dtype="float32"),
        paddle.to_tensor(TARGETS, dtype="float32"),
        temperature,
    )
    assert loss.item() == pytest.approx(temperature**2 * divergences.mean(), rel=1e-4)


def test_a_student_that_agrees_with_its_teacher_has_no_loss():
    teacher = paddle.to_tensor(softmax(LOGITS), dtype="float32")
    loss = distillation_loss(paddle.to_tensor(LOGITS + 5, dtype="float32"), teacher, 2.0)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_a_teacher_that_is_wholly_sure_can_be_learned_from():
    logits = paddle.to_tensor(np.zeros((1, 4), np.float32), stop_gradient=False)
    loss = distillation_loss(logits, paddle.to_tensor(np.eye(4, dtype=np.float32)[:1]), 1.0)
    assert loss.item() == pytest.approx(np.log(4), rel=1e-6)
