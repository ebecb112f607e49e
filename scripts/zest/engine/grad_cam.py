"""Where a network looks: heat maps of what in a photo speaks for a class, by Grad-CAM.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017, https://arxiv.org/abs/1610.02391, section 3.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn

from zest.engine.batches import normalise

# Of how much two photos' logits differ, and of the logits: what rounding may do to them.
TOLERANCE, ROUNDING = 1e-3, 1e-5


class NoHeatMaps(Exception):
    """The network has no layer that heat maps can be made of; the message says why."""


@dataclass(frozen=True)
class LayerCall:
    """One call of a layer in a forward pass; a network may call a layer more than once.

    Attributes:
        name: of the layer, as in `net.named_sublayers()`; empty for the network itself.
        layer: that is called.
        number: of the call, 0 for the layer's first.
        shape: of what it gives.
    """

    name: str
    layer: nn.Layer
    number: int
    shape: tuple[int, ...]


def find_last_maps(net: nn.Layer, size: int) -> LayerCall:
    """Find the last layer that gives maps and that all of the photo goes through.

    The layers are watched in a forward pass on noise, so it is the order of their calls that
    counts, not that of their names. A layer that others bypass (one branch of several, what is
    added to a shortcut by an operation that is no layer) sees a part only: for another photo's maps
    in its place, the network must give the other photo's logits.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to logits (batch, K). Its
            layers have the channels first.
        size: width and height of the images.

    Returns:
        Of a layer that gives (batch, channels, h, w) with h and w above 1.

    Raises:
        NoHeatMaps: there is none, or behind it the network has rows of tokens, as a vision
            transformer has.
    """
    noise = np.random.default_rng(0).standard_normal((2, 3, size, size), np.float32)
    batch = paddle.to_tensor(noise)
    with paddle.no_grad():
        calls, logits = _watch(net, batch)
        swapped = logits.flip(0)
        allowed = TOLERANCE * _largest(logits - swapped) + ROUNDING * _largest(logits)
        for call in reversed(calls):
            if len(call.shape) == 3 and min(call.shape[:2]) > 1:
                raise NoHeatMaps(
                    f"its layer {call.name} gives a row of tokens, as in a vision transformer, and "
                    "Grad-CAM needs maps of the photo"
                )
            if len(call.shape) == 4 and call.shape[0] == len(batch) and min(call.shape[2:]) > 1:
                with _output_changed(call, lambda maps: maps.flip(0)):
                    found = net(batch)
                if not _largest(found - swapped) > allowed:  # a diverged training gives NaN
                    return call
    raise NoHeatMaps(
        "no layer that all of the photo goes through gives maps of more than one pixel"
    )


def _watch(net: nn.Layer, batch: paddle.Tensor) -> tuple[list[LayerCall], paddle.Tensor]:
    """Return the calls of all layers that give one tensor, as they end, and the logits."""
    names = {id(layer): name for name, layer in net.named_sublayers(include_self=True)}
    numbers: Counter[int] = Counter()
    calls = []

    def note(layer: nn.Layer, inputs: paddle.Tensor, output: paddle.Tensor) -> paddle.Tensor:
        if isinstance(output, paddle.Tensor):  # and not several of them
            number, shape = numbers[id(layer)], tuple(output.shape)
            calls.append(LayerCall(names[id(layer)], layer, number, shape))
        numbers[id(layer)] += 1
        return output

    with contextlib.ExitStack() as hooks:
        for layer in net.sublayers(include_self=True):
            hooks.callback(layer.register_forward_post_hook(note).remove)
        logits = net(batch)
    return calls, logits


def _largest(values: paddle.Tensor) -> float:
    return float(values.abs().max())


@contextlib.contextmanager
def _output_changed(
    call: LayerCall, change: Callable[[paddle.Tensor], paddle.Tensor]
) -> Iterator[None]:
    """Within the block, let the network go on with `change` of what the layer gives."""
    done = 0

    def hook(layer: nn.Layer, inputs: paddle.Tensor, output: paddle.Tensor) -> paddle.Tensor:
        nonlocal done
        done += 1
        return change(output) if done == call.number + 1 else output

    handle = call.layer.register_forward_post_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextlib.contextmanager
def _weights_without_gradients(net: nn.Layer) -> Iterator[None]:
    """Let nothing be recorded for the gradients of the weights, within the block."""
    flags = [(tensor, tensor.stop_gradient) for tensor in (*net.parameters(), *net.buffers())]
    try:
        for tensor, _ in flags:
            tensor.stop_gradient = True
        yield
    finally:
        for tensor, flag in flags:
            tensor.stop_gradient = flag


def grad_cam(net: nn.Layer, call: LayerCall, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return what in each photo speaks for a class.

    A channel of the maps counts as much as the class's logit grows with it, averaged over the map;
    the heat is the weighted sum of the channels where that is positive. Only what comes after the
    maps is recorded for gradients, so it takes little longer than a forward pass. The network stays
    as it is.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to logits (batch, K).
        call: that gives the maps, see `find_last_maps`.
        inputs: as the network takes them: float32, (photos, 3, size, size).
        classes: int, (photos,), 0..K-1: which class of each photo is asked about.

    Returns:
        float32, (photos, h, w), of the maps' height and width: 0 to 1, with the largest value of
        each photo 1; all 0 where nothing speaks for the class.
    """
    held = []

    def hold(maps: paddle.Tensor) -> paddle.Tensor:
        leaf = maps.detach()
        leaf.stop_gradient = False
        held.append(leaf)
        return leaf + 0  # what follows may work in place, which a leaf does not allow

    with _weights_without_gradients(net), _output_changed(call, hold):
        logits = net(paddle.to_tensor(inputs))
        # In evaluation mode no photo changes another one's logits: one sum serves them all.
        asked = paddle.nn.functional.one_hot(paddle.to_tensor(classes), logits.shape[1])
        (gradient,) = paddle.grad((logits * asked).sum(), held, allow_unused=True)
    maps = held[0].numpy()
    if gradient is None:
        return np.zeros((len(maps), *maps.shape[2:]), np.float32)
    weights = gradient.numpy().mean(axis=(2, 3))
    heat = np.maximum(np.einsum("pc,pchw->phw", weights, maps), 0)
    peak = heat.max(axis=(1, 2), keepdims=True)
    speaks = np.isfinite(peak) & (peak > 0)  # the weights of a diverged training are no numbers
    return np.where(speaks, heat / np.where(speaks, peak, 1), 0).astype(np.float32)


def explain_images(
    net: nn.Layer,
    images: np.ndarray,
    classes: np.ndarray,
    mean: tuple,
    std: tuple,
    batch_size: int = 16,
) -> np.ndarray:
    """Return the heat maps of `grad_cam` for images.

    The last batch is filled up with black images, so that no photo's heat depends on the number of
    the others.

    Args:
        net: in evaluation mode.
        images: uint8 RGB, (photos, size, size, 3), at least one.
        classes: int, (photos,), 0..K-1.
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
        batch_size: images at once.

    Returns:
        float32, (photos, h, w), 0 to 1.

    Raises:
        NoHeatMaps: as of `find_last_maps`.
    """
    call = find_last_maps(net, images.shape[1])
    results = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        missing = batch_size - len(batch)
        padded = np.pad(batch, [(0, missing), (0, 0), (0, 0), (0, 0)])
        asked = np.pad(classes[start : start + batch_size], (0, missing))
        heat = grad_cam(net, call, normalise(padded, mean, std), asked)
        results.append(heat[: len(batch)])
    return np.concatenate(results)
