"""How many images a second a training or a prediction goes through, by a few steps of it."""

import statistics
import time

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional

from zest.engine.fast_conv import accelerate, release_programs
from zest.engine.inference import compile_inference
from zest.models.groups import LayerGroup, freeze, split
from zest.phases import Phase

STEPS = 3  # timed, after one that traces the network and claims its memory
BATCHES = 7  # timed of a prediction


def images_per_second(
    net: nn.Layer,
    architecture: str,
    groups: list[LayerGroup],
    phase: Phase,
    batch_size: int,
    cached: bool,
) -> float:
    """Measure the steps of one process: forward and backward, on images of noise.

    Making the images and the optimiser's step are left out; they take a few percent.

    Args:
        net: the network; afterwards it is in training mode and everything in it learns.
        architecture: its name.
        groups: of the network.
        phase: its image size, and what is frozen.
        batch_size: images in a step of this process.
        cached: the frozen layers are not run: the training starts from their activations.
    """
    release_programs()
    learnable = {name: one for name, one in net.named_parameters() if not one.stop_gradient}
    frozen = freeze(groups, phase.frozen, learnable)
    inputs = paddle.rand([batch_size, 3, phase.image_size, phase.image_size])
    learner = net
    if cached:
        front, learner = split(net, architecture, phase.frozen)
        front.eval()
        forward = accelerate(front)
        with paddle.no_grad():
            inputs = forward(inputs)
    net.train()
    for group in frozen:
        for layer in group.layers:
            layer.eval()
    forward = accelerate(learner)
    seconds = []
    for _ in range(STEPS + 1):
        started = time.perf_counter()
        logits = forward(inputs)
        labels = paddle.arange(batch_size) % logits.shape[1]
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        loss.item()
        if paddle.device.get_device().startswith("gpu"):
            paddle.device.synchronize()
        seconds.append(time.perf_counter() - started)
        for parameter in net.parameters():
            parameter.clear_gradient()
    freeze(groups, 0, learnable)
    net.train()
    return batch_size / statistics.median(seconds[1:])


def predictions_per_second(net: nn.Layer, image_size: int, batch_size: int = 16) -> float:
    """Measure the prediction of one process, as `predict_images` does it, on images of noise.

    Args:
        net: in evaluation mode.
        image_size: width and height of its input, in pixels.
        batch_size: images at once.
    """
    forward = compile_inference(net, image_size, batch_size)
    shape = (batch_size, 3, image_size, image_size)
    images = np.random.default_rng(0).standard_normal(shape, np.float32)
    forward(images)
    seconds = []
    for _ in range(BATCHES):
        started = time.perf_counter()
        forward(images)
        seconds.append(time.perf_counter() - started)
    return batch_size / statistics.median(seconds)
