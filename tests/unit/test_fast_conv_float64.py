"""Gradients with convolutions on oneDNN are as near to those of float64 as Paddle's own float32."""

import numpy as np
import paddle
import pytest

from zest.engine.fast_conv import accelerate, fault
from zest.models.registry import build

BATCH, PIXELS, CLASSES = 8, 32, 5
SEEDS = range(10)

# Of the norm of a tensor; a bias that the next batch normalisation takes away has no gradient but
# rounding errors, so also of the norm of the whole gradient.
ROUNDING, ROUNDING_OF_NOTHING = 1e-5, 1e-7

# Without a kink the error of the whole gradient is below a fifth of this, with one above it.
KINK = 5e-4


def network(architecture, dtype):
    """Build it with the same weights in either type, without dropout."""
    paddle.set_default_dtype("float32")
    weights = build({"architecture": architecture}, CLASSES, seed=0).state_dict()
    try:
        paddle.set_default_dtype(dtype)
        net = build({"architecture": architecture}, CLASSES, seed=0)
    finally:
        paddle.set_default_dtype("float32")
    net.set_state_dict({name: value.numpy().astype(dtype) for name, value in weights.items()})
    for layer in net.sublayers():
        if isinstance(layer, paddle.nn.Dropout):
            layer.p = 0.0
    return net


def gradients(net, forward, seed, dtype):
    """Return the gradient of each parameter, float64, on photos of noise."""
    random = np.random.default_rng(seed)
    photos = random.normal(size=(BATCH, 3, PIXELS, PIXELS)).astype(np.float32).astype(dtype)
    labels = paddle.to_tensor(random.integers(0, CLASSES, BATCH))
    paddle.nn.functional.cross_entropy(forward(paddle.to_tensor(photos)), labels).backward()
    found = {}
    for name, parameter in net.named_parameters():
        if not parameter.stop_gradient:
            found[name] = parameter.grad.numpy().astype(np.float64)
            parameter.clear_gradient()
    return found


def errors(found, exact):
    """Return the norm of the error of each tensor, and of all together."""
    each = {name: np.linalg.norm(found[name] - exact[name]) for name in exact}
    return each | {"all": np.linalg.norm(list(each.values()))}


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "mobilenet_v2", "resnet18"])
def test_gradients_are_as_exact_as_those_of_the_plain_path(architecture):
    """In one of some batches: a fault of a path is in all of them.

    In others a value lies so near to a kink of an activation that one path rounds it to the other
    side. Then that path's error is a hundred times larger, and no path is to blame.
    """
    assert fault() is None
    double, plain, fast = (network(architecture, t) for t in ("float64", "float32", "float32"))
    forward = accelerate(fast)
    assert forward is not fast
    worse = None
    for seed in SEEDS:
        exact = gradients(double, double, seed, "float64")
        norm = errors(dict.fromkeys(exact, 0.0), exact)
        of_plain = errors(gradients(plain, plain, seed, "float32"), exact)
        if of_plain["all"] < KINK * norm["all"]:
            of_fast = errors(gradients(fast, forward, seed, "float32"), exact)
            rounding = ROUNDING_OF_NOTHING * norm["all"]
            worse = [
                name
                for name in norm
                if of_fast[name] > 2 * of_plain[name] + ROUNDING * norm[name] + rounding
            ]
            if not worse:
                return
    pytest.fail(f"in no batch without a kink as exact: {worse}")
