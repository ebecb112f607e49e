"""Prediction on a CPU, some nine times as fast as by calling the network.

The network is traced and given to Paddle Inference, which folds batch normalisation and activations
into the convolutions and runs all on oneDNN:
https://www.paddlepaddle.org.cn/inference/master/guides/introduction/index_intro.html

The same photo gives the same bytes, whatever the number of processes and whatever the other photos:
oneDNN chooses its order of summation by the shape of a batch and the number of threads, so every
batch has one shape, every process one thread, and more cores are used by more processes.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import paddle
from paddle import inference, nn

from zest.engine.batches import normalise

Forward = Callable[[np.ndarray], np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]

# Of the largest value. Folding batch normalisation into the convolutions costs about 1e-6.
TOLERANCE = 1e-4

# One more process first imports paddle, for about three seconds of one core.
SECONDS_WORTH_A_PROCESS = 8.0

_BATCH_SIZE = 16


def compile_inference(net: nn.Layer, image_size: int, batch_size: int) -> Forward:
    """Return a function that computes `net(x)` with the present weights, on one thread.

    On a GPU, and where compiling fails or gives other results than `net`, the function calls `net`;
    the latter is told in one line on stderr.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to one tensor, float32 (batch, ...).
        image_size: width and height of the images.
        batch_size: of every call.

    Returns:
        float32 (batch_size, 3, image_size, image_size) -> float32 (batch_size, ...).
    """
    return _compile(net, image_size, batch_size)[0]


def predict_images(
    net: nn.Layer,
    images: np.ndarray,
    mean: tuple,
    std: tuple,
    workers: int,
    batch_size: int = _BATCH_SIZE,
) -> np.ndarray:
    """Run a network over all images.

    The last batch is filled up with black images, whose results are dropped. This process works on
    the batches from the end backwards while the other processes start and come from the front; each
    of them is only started where it has `SECONDS_WORTH_A_PROCESS` to do, judged by the first batch.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to one tensor, float32 (batch, ...).
        images: uint8 RGB, (n, size, size, 3); may be a memory map.
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
        workers: the largest number of processes, with this one.
        batch_size: images at once; the last digits of the results depend on it.

    Returns:
        float32, (n, ...): what `net` makes of each image.
    """
    forward, model = _compile(net, images.shape[1], batch_size)
    predict = _predictor(forward, mean, std, batch_size)
    plain = np.asarray(images)  # a memory map would reach the other processes as a strange type
    batches = [plain[start : start + batch_size] for start in range(0, len(plain), batch_size)]
    started = time.perf_counter()
    results = [predict(batch) for batch in batches[:1] or [plain]]
    seconds = (time.perf_counter() - started) * (len(batches) - 1)
    others = min(workers - 1, int(seconds / SECONDS_WORTH_A_PROCESS)) if model else 0
    if others > 0:
        results += _share(predict, batches[1:], others, (model, mean, std, batch_size))
    else:
        results += map(predict, batches[1:])
    return np.concatenate(results)


def _predictor(forward: Forward, mean: tuple, std: tuple, batch_size: int) -> Predict:
    """Return a function from uint8 (up to batch_size, size, size, 3) to float32 of as many rows."""

    def predict(images: np.ndarray) -> np.ndarray:
        missing = batch_size - len(images)
        padded = np.pad(images, [(0, missing), (0, 0), (0, 0), (0, 0)])
        return forward(normalise(padded, mean, std))[: len(images)]

    return predict


def _share(predict: Predict, batches: list, others: int, model: tuple) -> list[np.ndarray]:
    """Return `predict` of each batch, from this and from other processes."""
    # A fork of this process, with paddle's threads and locks in it, could hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(others, context, initializer=_start, initargs=model) as pool:
        futures = [pool.submit(_predict_there, batch) for batch in batches]
        pairs = reversed(list(zip(futures, batches, strict=True)))
        # A future that can be cancelled has not been begun.
        results = [
            predict(batch) if future.cancel() else future.result() for future, batch in pairs
        ]
    return results[::-1]


def _start(model: tuple[bytes, bytes], mean: tuple, std: tuple, batch_size: int) -> None:
    global _predict_here
    _predict_here = _predictor(_load(model), mean, std, batch_size)


def _predict_there(images: np.ndarray) -> np.ndarray:
    return _predict_here(images)


def _compile(
    net: nn.Layer, image_size: int, batch_size: int
) -> tuple[Forward, tuple[bytes, bytes] | None]:
    """Return `net` as a function, and what other processes can load, where there is that."""
    if not paddle.device.get_device().startswith("cpu"):
        return _plain(net), None
    shape = (batch_size, 3, image_size, image_size)
    try:
        model = _export(net, shape)
        forward = _load(model)
        reason = _difference(net, forward, shape)
    except Exception as error:  # a layer that cannot be traced can fail in any way
        reason = f"it cannot be compiled ({' '.join(repr(error).split())})"
    if reason is None:
        return forward, model
    print(
        f"warning: {type(net).__name__} predicts without oneDNN, slower: {reason}", file=sys.stderr
    )
    return _plain(net), None


def _plain(net: nn.Layer) -> Forward:
    def forward(batch: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return net(paddle.to_tensor(batch)).numpy()

    return forward


def _export(net: nn.Layer, shape: tuple[int, ...]) -> tuple[bytes, bytes]:
    """Return the traced program and its weights, in the older format: the newer has no folding."""
    inputs = [paddle.static.InputSpec(shape, "float32")]
    with tempfile.TemporaryDirectory() as folder, paddle.pir_utils.OldIrGuard():
        paddle.jit.save(net, f"{folder}/net", inputs)
        program, weights = (Path(folder, f"net.{end}") for end in ("pdmodel", "pdiparams"))
        return program.read_bytes(), weights.read_bytes()


def _load(model: tuple[bytes, bytes]) -> Forward:
    program, weights = model
    config = inference.Config()
    config.set_model_buffer(program, len(program), weights, len(weights))
    config.disable_gpu()
    config.enable_mkldnn()
    config.set_cpu_math_library_num_threads(1)
    config.enable_memory_optim()
    config.disable_glog_info()
    predictor = inference.create_predictor(config)
    (given,) = (predictor.get_input_handle(name) for name in predictor.get_input_names())
    (made,) = (predictor.get_output_handle(name) for name in predictor.get_output_names())

    def forward(batch: np.ndarray) -> np.ndarray:
        given.copy_from_cpu(batch)
        predictor.run()
        return made.copy_to_cpu()

    return forward


def _difference(net: nn.Layer, forward: Forward, shape: tuple[int, ...]) -> str | None:
    """Return what is wrong with `forward` on noise, or None. One photo is enough for slow `net`."""
    batch = np.random.default_rng(0).standard_normal(shape, np.float32)
    expected = _plain(net)(batch[:1])
    error, scale = np.abs(forward(batch)[:1] - expected).max(), np.abs(expected).max()
    if error <= TOLERANCE * scale:
        return None
    return f"its compiled results differ by {error:.2g} of {scale:.2g}"
