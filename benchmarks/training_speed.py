"""Time training steps of whole batches on two cores, in turn: ours, Paddle as it comes, and torch.

A step is forward, backward and SGD with momentum on 32 photos: in one process, or in two with half
of them each, which exchange their gradients. Run it in the environment:

    python benchmarks/training_speed.py [--torch-python PYTHON] [--models NAME ...] [--rounds N]

PYTHON is an interpreter that has torch; without it, torch is left out.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.engine.launching import launch, launched_as
from zest.runtime import MALLOC, SETTINGS, tune_process

HERE = Path(__file__).parent
BATCH, CLASSES, LEARNING_RATE, MOMENTUM = 32, 10, 0.01, 0.9
MODELS = ("mobilenet_v2", "efficientnet_lite0", "resnet18")
PLAIN, OURS = "Paddle as it comes", "ours, two processes"
TORCH_ONE, TORCH_TWO = "torch, one process of two threads", "torch, two processes"


def serve(step: Callable[[], object], rank: int, agree: Callable[[int], int]) -> None:
    """Do as many steps as each line of the standard input says; answer the seconds of each.

    Args:
        step: does one.
        rank: of this process among those that step together. Rank 0 alone reads and answers.
        agree: gives all processes the number that rank 0 knows, where the others say 0.
    """
    while steps := agree(int(sys.stdin.readline() or 0) if rank == 0 else 0):
        started = time.perf_counter()
        for _ in range(steps):
            step()
        if rank == 0:
            print((time.perf_counter() - started) / steps, flush=True)


def work(architecture: str, pixels: int, fast: bool) -> None:
    """Be one of the processes that train with Paddle."""
    import paddle

    from zest.engine import replicas
    from zest.engine.fast_conv import accelerate
    from zest.models.registry import build

    rank, world, endpoint = launched_as() or (0, 1, "")
    replicas.join(rank, world, endpoint)
    net = build({"architecture": architecture}, CLASSES, seed=0)
    forward = accelerate(net) if fast else net
    learning = [parameter for parameter in net.parameters() if not parameter.stop_gradient]
    optimizer = paddle.optimizer.Momentum(LEARNING_RATE, MOMENTUM, learning)
    images = paddle.rand([BATCH // world, 3, pixels, pixels])
    labels = paddle.randint(0, CLASSES, [BATCH // world])

    def step() -> None:
        paddle.nn.functional.cross_entropy(forward(images), labels).backward()
        replicas.average_gradients(learning)
        optimizer.step()
        optimizer.clear_grad()

    def agree(steps: int) -> int:
        number = paddle.full([1], float(steps))
        replicas.total([number])
        return int(number.item())

    serve(step, rank, agree)


class Contender:
    """Processes that train one network in one way, and rest until they are asked for steps."""

    def __init__(self, command: list[str], **settings: str):
        clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        clean.pop("GLIBC_TUNABLES", None)
        self._process = subprocess.Popen(
            command,
            env=clean | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def speed(self, steps: int) -> float:
        """Return the photos per second of so many steps."""
        print(steps, file=self._process.stdin, flush=True)
        return BATCH / float(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()


def contenders(architecture: str, pixels: int, torch_python: str | None) -> dict[str, Contender]:
    """Start all that compete with one network."""
    network = [architecture, str(pixels)]
    paddle_step = [sys.executable, "-W", "ignore", str(HERE / "training_speed.py")]
    found = {
        PLAIN: Contender([*paddle_step, "--work", "plain", *network], GLOG_minloglevel="2"),
        OURS: Contender([*paddle_step, "--work", "ours", *network]),
    }
    if torch_python:
        torch_step = [torch_python, str(HERE / "torch_step.py"), *network]
        found[TORCH_ONE] = Contender([*torch_step, "1"], GLIBC_TUNABLES=MALLOC)
        found[TORCH_TWO] = Contender([*torch_step, "2"], GLIBC_TUNABLES=MALLOC)
    return found


def compare(architecture: str, pixels: int, torch_python: str | None, rounds: int) -> None:
    """Print the median speeds with one network, and the medians of the ratios of each round."""
    with contextlib.ExitStack() as ends:
        speeds: dict[str, list[float]] = {}
        started = contenders(architecture, pixels, torch_python)
        for name, contender in started.items():
            ends.enter_context(contender)
            contender.speed(3)  # tracing, and the memory of the first steps
            speeds[name] = []
        for _ in range(rounds):
            for name, contender in started.items():
                speeds[name].append(contender.speed(2))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    rivals = [PLAIN]
    if torch_python:
        rivals.append(max(TORCH_ONE, TORCH_TWO, key=medians.__getitem__))
    print(f"{architecture} at {pixels} pixels, photos/s:")
    for name, median in medians.items():
        print(f"  {name}: {median:.1f}")
    for rival in rivals:
        ratios = [one / other for one, other in zip(speeds[OURS], speeds[rival], strict=True)]
        print(f"  ours against {rival}: x{statistics.median(ratios):.2f}", flush=True)


def main() -> None:
    """Compare, or be one of the processes that are compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", help="an interpreter that has torch")
    parser.add_argument("--models", nargs="+", default=MODELS, help="architectures")
    parser.add_argument("--pixels", type=int, default=128, help="width and height of the photos")
    parser.add_argument("--rounds", type=int, default=7, help="times that each takes its turn")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work is None:
        for architecture in args.models:
            compare(architecture, args.pixels, args.torch_python, args.rounds)
        return
    kind, architecture, pixels = args.work
    if kind == "ours":
        tune_process()
        if launched_as() is None:
            sys.exit(launch([sys.executable, *sys.orig_argv[1:]], 2))
    work(architecture, int(pixels), fast=kind == "ours")


if __name__ == "__main__":
    main()
