"""Convolutions on oneDNN: a CPU trains more than twice as fast as with Paddle as it comes.

Paddle's own depthwise convolution is slow, and oneDNN for all operators is slower still, because
tensors then change their layout between forward and backward. So the network is traced into a
program, and only the convolutions of that program, forward and backward, are sent to oneDNN.

Channels stay first. With the channels last, oneDNN gives the gradient of a filter in another order
(out, height, width, in), takes some fifty times as long for that of a wide depthwise filter where
there is no AVX-512, and Paddle's batch normalisation sums pixel after pixel in float32, which makes
gradients up to a hundred times less exact. All of that can be worked around but the last; tried on
a machine with AVX2, it was no faster.

This leans on private parts of Paddle (`paddle.jit.dy2static.partial_program`, the same in 2.6.2 and
3.3.1, and `paddle.base.core.clear_executor_cache`). Where they are missing, or where one small step
does not give the gradients of the plain path, `accelerate` says so in one line and returns the
network as it is: slower, and as right.
"""

import gc
import linecache
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.base import core
from paddle.nn import functional

CONVOLUTIONS = {"conv2d", "depthwise_conv2d", "conv2d_grad", "depthwise_conv2d_grad"}

# Of the norm of a tensor. Two correct orders of summation differ by less than 1e-5 in this network.
TOLERANCE = 1e-3

Forward = Callable[[paddle.Tensor], paddle.Tensor]


def accelerate(net: nn.Layer) -> Forward:
    """Return a function that computes `net(x)`, in its present mode, with convolutions on oneDNN.

    It shares the parameters with `net`, which itself stays as it is, and follows `net.train()` and
    `net.eval()`. For each mode and each shape of `x` a program is traced once, which takes about a
    second; so keep batches of one size. (A program for any batch size exists, but ShuffleNet's
    backward pass fails in it.) On a GPU, and where `fault()` finds one, the function is `net`. It
    becomes `net` where that cannot be traced: Paddle 3.3 refuses `tanh`, `sigmoid`, `gelu` and
    `matmul` in its older program format, and LeNet-5 and vision transformers need them.
    """
    if not paddle.device.get_device().startswith("cpu"):
        return net
    _keep_sources()
    reason = fault()
    if reason:
        print(f"warning: convolutions run without oneDNN, slower: {reason}", file=sys.stderr)
        return net
    return _or_plain(_trace(net), net)


def release_programs() -> None:
    """Give back the memory of programs that are no longer used.

    Paddle keeps the executor of every program, and with it all that the last step computed. What is
    still in use gets a new one at its next call, in a fraction of a second.
    """
    clear = getattr(core, "clear_executor_cache", None)
    if clear and paddle.device.get_device().startswith("cpu"):
        gc.collect()  # a traced function and its network hold each other
        clear()


def _or_plain(traced: Forward, net: nn.Layer) -> Forward:
    """Return `traced`, which gives way to the plain network for good once it cannot be traced."""
    plain = False

    def forward(x: paddle.Tensor) -> paddle.Tensor:
        nonlocal plain
        if not plain:
            try:
                return traced(x)
            except _Untraceable as error:
                plain = True
                print(
                    f"warning: {type(net).__name__} runs without oneDNN, slower: {error}",
                    file=sys.stderr,
                )
        return net(x)

    return forward


class _Untraceable(Exception):
    """A network that cannot be traced into a program; the message is one line."""


def fault() -> str | None:
    """Return why convolutions cannot be sent to oneDNN in this process, or None where they can.

    One step of a small network must give the plain path's outputs and gradients. It takes a quarter
    of a second and does not touch Paddle's random generator.
    """
    if paddle.get_flags("FLAGS_enable_pir_api")["FLAGS_enable_pir_api"]:
        return "tune_process() of zest.runtime was not called before paddle was imported"
    try:
        net = _SmallConvNet()
        x = paddle.to_tensor(_ramp(2, 4, 9, 9))
        fast = _step(net, _trace(net), x)
    except Exception as error:  # a private part that moved can fail in any way
        return f"this version of Paddle ({paddle.__version__}) has other inner parts ({error!r})"
    for name, expected in _step(net, net, x).items():
        if np.linalg.norm(fast[name] - expected) > TOLERANCE * np.linalg.norm(expected):
            return f"{name} of a small network differs from Paddle's own"
    return None


def _keep_sources() -> None:
    """Keep the source of all that is loaded as it is now.

    Paddle reads the source of what it traces, at each trace anew: what is edited while a training
    runs would else be trained from the next image size on, or not be found at its line.
    """
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) or ""
        if path.endswith(".py") and "site-packages" not in path:
            # An entry without a time of change is not compared with the file.
            linecache.cache[path] = (0, None, linecache.getlines(path), path)


def _trace(net: nn.Layer) -> Forward:
    from paddle.jit.dy2static.partial_program import PartialProgramLayerHook

    class ConvolutionsOnOneDNN(PartialProgramLayerHook):
        """Called by Paddle when it builds a program: with its backward part, or for inference."""

        def before_append_backward(self, forward_program):
            return forward_program

        def after_append_backward(self, whole_program, backward_start):
            return _send_to_onednn(whole_program), backward_start

        def after_infer(self, infer_program):
            return _send_to_onednn(infer_program)

    hook = ConvolutionsOnOneDNN()
    traced = paddle.jit.to_static(net.forward, full_graph=True)

    def forward(x: paddle.Tensor) -> paddle.Tensor:
        # The program is in Paddle's cache from the second call on; it is built at its first run.
        program: Any
        try:
            _, program = traced.get_concrete_program(x, is_train=net.training)
        except Exception as error:  # what a network does can fail in any way
            last = str(error).strip().rpartition("\n")[2].strip()
            raise _Untraceable(f"it cannot be traced ({last})") from error
        program.set_hooker(hook)
        return traced(x)

    return forward


def _send_to_onednn(program):
    for block in program.blocks:
        for operator in block.ops:
            if operator.type in CONVOLUTIONS:
                operator._set_attr("use_mkldnn", True)
                # With is_test, the first run's weights are kept in oneDNN's layout for good, and a
                # validation after more training would silently use old weights.
                operator._set_attr("is_test", False)
    return program


class _SmallConvNet(nn.Layer):
    """A dense and a depthwise convolution with padding that is not symmetric."""

    def __init__(self):
        super().__init__()
        self.dense = self.create_parameter([8, 4, 3, 3], attr=_constant(8, 4, 3, 3))
        self.depthwise = self.create_parameter([8, 1, 3, 3], attr=_constant(8, 1, 3, 3))

    def forward(self, x):
        x = functional.relu6(functional.conv2d(x, self.dense, padding=1))
        return functional.conv2d(x, self.depthwise, stride=2, padding=[0, 1, 0, 1], groups=8)


def _constant(*shape: int) -> paddle.ParamAttr:
    return paddle.ParamAttr(initializer=nn.initializer.Assign(_ramp(*shape)))


def _ramp(*shape: int) -> np.ndarray:
    return np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)


def _step(net: _SmallConvNet, forward: Forward, x: paddle.Tensor) -> dict[str, np.ndarray]:
    y = forward(x)
    (y * y).sum().backward()
    found = {"the output": y.numpy()}
    for name, parameter in net.named_parameters():
        found[f"the gradient of {name}"] = np.asarray(parameter.grad)
        parameter.clear_gradient()
    net.eval()
    found["the output in eval mode"] = forward(x).numpy()
    net.train()
    return found
