"""Time prediction and the exports against the network as Paddle comes, in turn.

From uint8 images to probabilities: the network called, as a beginners' loop would with batches of
16; what the workflow predicts with, Paddle Inference in two processes; and what `snakemake deploy`
exports, in ONNX Runtime and, where it is installed (pip install openvino), in OpenVINO. Weights are
random.

Run it in the environment: python benchmarks/inference.py [architecture pixels]
"""

import contextlib
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

CASES = [
    ("mobilenet_v2", "224"),
    ("efficientnet_lite0", "224"),
    ("efficientnet_lite0", "128"),
    ("resnet18", "224"),
]
BATCH, PAIRS = 16, 5
MEAN, STD = (0.5,) * 3, (0.25,) * 3
EAGER, COMPILED, ONNX, OPENVINO = "eager", "Paddle Inference", "ONNX Runtime", "OpenVINO"
PROCESSES = {EAGER: 1, COMPILED: 2, ONNX: 2, OPENVINO: 2}  # of one thread each, but for the first
BATCHES = {EAGER: 1, COMPILED: 4, ONNX: 4, OPENVINO: 4}  # of a process, in one turn


def build_net(architecture: str):
    """Return a network of 1,000 classes in evaluation mode."""
    from zest.models.registry import build

    net = build({"architecture": architecture}, 1000, seed=0)
    net.eval()
    return net


def export(architecture: str, pixels: int, folder: str) -> None:
    """Write what `snakemake deploy` would, into a folder."""
    from deployment.conversion import program_to_onnx
    from deployment.program import Deployed, export_programs

    export_programs(Deployed(build_net(architecture), MEAN, STD), pixels, Path(folder))
    told = {"architecture": architecture, "classes": []}
    told["preprocessing"] = {"fit": "crop", "image_size": pixels, "colour": "RGB"}
    program_to_onnx(Path(folder), told, Path(folder, "model.onnx"))


def predictor(
    kind: str, architecture: str, pixels: int, folder: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from a batch of uint8 images to probabilities."""
    if kind in (ONNX, OPENVINO):
        from deployment.paths import onnx_path, openvino_path

        return (onnx_path if kind == ONNX else openvino_path)(Path(folder, "model.onnx"))
    import paddle

    from zest.engine.batches import normalise
    from zest.engine.inference import compile_inference
    from zest.engine.prediction import softmax

    net = build_net(architecture)

    def eager(batch: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return net(paddle.to_tensor(batch)).numpy()

    forward = eager if kind == EAGER else compile_inference(net, pixels, BATCH)
    return lambda images: softmax(forward(normalise(images, MEAN, STD)))


def serve(kind: str, architecture: str, pixels: int, folder: str) -> None:
    """Write the probabilities of a batch, then predict a few batches for each line."""
    if kind == COMPILED:
        from zest.runtime import tune_process

        tune_process()
    predict = predictor(kind, architecture, pixels, folder)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, pixels, pixels, 3), np.uint8)
    np.save(Path(folder, f"{kind}.npy"), predict(images))
    print("ready", flush=True)
    for _ in sys.stdin:
        for _ in range(BATCHES[kind]):
            predict(images)
        print("done", flush=True)


class Contender:
    """Processes that predict in one way, and rest until they are asked."""

    def __init__(self, kind: str, *case: str):
        self._kind = kind
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", __file__, kind, *case],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                bufsize=1,
            )
            for _ in range(PROCESSES[kind])
        ]
        self._await("ready\n")

    def speed(self) -> float:
        """Return the photos per second of one turn."""
        started = time.perf_counter()
        for process in self._processes:
            process.stdin.write("\n")
        self._await("done\n")
        photos = BATCH * BATCHES[self._kind] * len(self._processes)
        return photos / (time.perf_counter() - started)

    def _await(self, line: str) -> None:
        for process in self._processes:
            while (said := process.stdout.readline()) != line:
                if not said:
                    raise RuntimeError(f"{self._kind}: a process has ended")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.communicate()


def compare(architecture: str, pixels: str) -> None:
    """Print the medians, the medians of the ratios and the largest differences of one case."""
    kinds = [EAGER, COMPILED, ONNX]
    if importlib.util.find_spec("openvino"):
        kinds.append(OPENVINO)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        case = (architecture, pixels, folder)
        command = [sys.executable, "-W", "ignore", __file__, "export", *case]
        subprocess.run(command, check=True, capture_output=True)
        contenders = [ends.enter_context(Contender(kind, *case)) for kind in kinds]
        turns = [[contender.speed() for contender in contenders] for _ in range(PAIRS)]
        given = {kind: np.load(Path(folder, f"{kind}.npy")) for kind in kinds}
    print(f"{architecture} at {pixels} pixels:")
    for place, kind in enumerate(kinds):
        speed = statistics.median(turn[place] for turn in turns)
        ratio = statistics.median(turn[place] / turn[0] for turn in turns)
        difference = np.abs(given[kind] - given[EAGER]).max()
        print(
            f"  {kind:16} {speed:6.1f} photos/s, x{ratio:4.1f}; probabilities differ by at most "
            f"{difference:.1g} of {given[EAGER].max():.2g}",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) == 5:
        kind, architecture, pixels, folder = sys.argv[1:]
        if kind == "export":
            export(architecture, int(pixels), folder)
        else:
            serve(kind, architecture, int(pixels), folder)
    else:
        for case in [sys.argv[1:]] if len(sys.argv) == 3 else CASES:
            compare(*case)
