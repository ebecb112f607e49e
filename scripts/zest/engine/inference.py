"""Prediction and feature extraction on a CPU, some nine times as fast as by calling the network.

The network is traced and given to Paddle Inference, which folds batch normalisation and activations
into the convolutions and sends them to oneDNN:
https://www.paddlepaddle.org.cn/inference/master/guides/introduction/index_intro.html

The same photo gives the same bytes, whatever the number of processes and whatever the other photos:
oneDNN chooses its order of summation by the shape of a batch and the number of threads, so every
batch has one shape, every process one thread, and more cores are used by more processes.
"""

import multiprocessing
import os
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import paddle
from paddle import inference, nn

from zest.engine.batches import normalise

Forward = Callable[[np.ndarray], np.ndarray]
Model = tuple[bytes, bytes]  # the program and its weights, as Paddle Inference reads them

_predict_here: Forward  # in a process that works for another one

# Of the largest value. Another order of summation costs about 1e-6.
TOLERANCE = 1e-4

# One more process first imports paddle, for about three seconds of one core.
SECONDS_WORTH_A_PROCESS = 8.0


def compile_inference(net: nn.Layer, image_size: int, batch_size: int) -> Forward:
    """Return a function that computes `net(x)` with the present weights, on one thread.

    On a GPU, and where compiling fails or gives other results than `net`, the function calls `net`;
    the latter is told in one line on stderr. `net` itself stays as it is.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to one tensor, float32 (batch, ...).
        image_size: width and height of the images.
        batch_size: of every call.

    Returns:
        float32 (batch_size, 3, image_size, image_size) -> float32 (batch_size, ...).
    """
    return _compile(net, image_size, batch_size)[0]


def predict_images(
    net: nn.Layer, images: np.ndarray, mean: tuple, std: tuple, workers: int, batch_size: int = 16
) -> np.ndarray:
    """Run a network over all images: `predict_views` of the images as they are.

    Returns:
        float32, (n, ...): what `net` makes of each image.
    """
    return predict_views(net, [images], mean, std, workers, batch_size)[0]


def predict_views(
    net: nn.Layer,
    views: Sequence[np.ndarray],
    mean: tuple,
    std: tuple,
    workers: int,
    batch_size: int = 16,
) -> np.ndarray:
    """Run a network over several views of the same images, compiled once for all of them.

    A batch is of one view; the last one is filled up with black images, whose results are dropped.
    Another process is started only where it has `SECONDS_WORTH_A_PROCESS` to do, judged by the
    first batch.

    Args:
        net: in evaluation mode: float32 (batch, 3, size, size) to one tensor, float32 (batch, ...).
        views: one or more, each uint8 RGB, (n, size, size, 3); may be memory maps.
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
        workers: the largest number of processes, this one included.
        batch_size: images at once; the last digits of the results may depend on it.

    Returns:
        float32, (views, n, ...): what `net` makes of each image in each view.
    """
    forward, model = _compile(net, views[0].shape[1], batch_size)
    predict = _predictor(forward, mean, std, batch_size)
    views = [np.asarray(view) for view in views]  # no part of a memory map can be sent elsewhere
    count = len(views[0])
    starts = range(0, max(1, count), batch_size)  # without images, one batch gives the shape
    first, *batches = [view[start : start + batch_size] for view in views for start in starts]
    started = time.perf_counter()
    results = [predict(first)]
    seconds = (time.perf_counter() - started) * len(batches)
    others = min(workers - 1, int(seconds / SECONDS_WORTH_A_PROCESS))
    if model and others > 0:
        results += _share(predict, batches, others, (model, mean, std, batch_size))
    else:
        results += map(predict, batches)
    together = np.concatenate(results)
    return together.reshape(len(views), count, *together.shape[1:])


def _predictor(forward: Forward, mean: tuple, std: tuple, batch_size: int) -> Forward:
    """Return a function from uint8 (up to batch_size, size, size, 3) to float32 of as many rows."""

    def predict(images: np.ndarray) -> np.ndarray:
        padded = np.pad(images, [(0, batch_size - len(images)), (0, 0), (0, 0), (0, 0)])
        return forward(normalise(padded, mean, std))[: len(images)]

    return predict


def _share(predict: Forward, batches: list, others: int, settings: tuple) -> list[np.ndarray]:
    """Return `predict` of each batch, computed in this and in other processes.

    This one works from the end backwards while the others start and come from the front.
    """
    # Before anything of ours could run in them, they import paddle and would print its warning.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:No ccache found")
    # A fork of this process, with the threads and locks of paddle in it, could hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(others, context, initializer=_start, initargs=settings)
    try:
        futures = [pool.submit(_predict_there, batch) for batch in batches]
        results = []
        for future, batch in zip(reversed(futures), reversed(batches), strict=True):
            # Not begun, or lost with its process, which the system may end for want of memory.
            is_ours = future.cancel() or future.exception()
            results.append(predict(batch) if is_ours else future.result())
    finally:
        pool.shutdown(cancel_futures=True)
    return results[::-1]


def _start(model: Model, mean: tuple, std: tuple, batch_size: int) -> None:
    """Prepare a process that works for another one, and ends when that one is killed."""
    global _predict_here
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _predict_here = _predictor(load_program(model), mean, std, batch_size)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _predict_there(images: np.ndarray) -> np.ndarray:
    return _predict_here(images)


def _compile(net: nn.Layer, image_size: int, batch_size: int) -> tuple[Forward, Model | None]:
    """Return `net` as a function, and what other processes can load, where there is that."""
    if not paddle.device.get_device().startswith("cpu"):
        return _plain(net), None
    shape = (batch_size, 3, image_size, image_size)
    try:
        if paddle.__version__.startswith("2."):
            raise NotImplementedError("before version 3, Paddle's compiler crashes")
        model = _export(net, shape)
        forward = load_program(model)
        reason = _difference(net, forward, shape)
    except Exception as error:  # a layer that cannot be traced can fail in any way
        reason = textwrap.shorten(f"it cannot be compiled: {error!r}", 300)
    if reason is None:
        return forward, model
    print(f"warning: {type(net).__name__} predicts slowly, uncompiled: {reason}", file=sys.stderr)
    return _plain(net), None


def _plain(net: nn.Layer) -> Forward:
    def forward(batch: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return net(paddle.to_tensor(batch)).numpy()

    return forward


def _export(net: nn.Layer, shape: tuple[int, ...]) -> Model:
    # The newer program format: in the older one, which zest.runtime sets, no layer that calls
    # matmul, sum or tanh can be traced (Paddle 3.3).
    with tempfile.TemporaryDirectory() as folder, paddle.pir_utils.IrGuard():
        paddle.jit.save(net, f"{folder}/net", [paddle.static.InputSpec(shape, "float32")])
        return Path(folder, "net.json").read_bytes(), Path(folder, "net.pdiparams").read_bytes()


def load_program(model: Model, threads: int = 1) -> Forward:
    """Return a program of one input and one output as a function, by Paddle Inference.

    With one thread, the default, the same input gives the same bytes.
    """
    with tempfile.TemporaryDirectory() as folder:  # this format cannot be given in memory
        program, weights = Path(folder, "net.json"), Path(folder, "net.pdiparams")
        program.write_bytes(model[0])
        weights.write_bytes(model[1])
        config = inference.Config(str(program), str(weights))
        config.disable_gpu()
        config.enable_new_executor()
        config.enable_new_ir()
        config.enable_mkldnn()
        config.set_cpu_math_library_num_threads(threads)
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
