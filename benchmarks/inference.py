"""Time prediction against the network called as Paddle comes, in turn, from uint8 images to logits.

Run it in the environment: python benchmarks/inference.py [architecture pixels]
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

CASES = [
    ("mobilenet_v2", "224"),
    ("efficientnet_lite0", "224"),
    ("efficientnet_lite0", "128"),
    ("resnet18", "224"),
]
BATCH, BATCHES, PAIRS, PROCESSES = 16, {"eager": 1, "compiled": 4}, 5, 2


def serve(kind: str, architecture: str, pixels: int) -> None:
    """Say how far the result is from the network's, then predict a few batches for each line."""
    if kind == "compiled":
        from zest.runtime import tune_process

        tune_process()
    import numpy as np
    import paddle

    from zest.engine.batches import normalise
    from zest.engine.inference import compile_inference
    from zest.models.registry import build

    net = build({"architecture": architecture}, 1000, seed=0)
    net.eval()
    images = np.random.default_rng(0).integers(0, 256, (BATCH, pixels, pixels, 3), np.uint8)

    def eager(batch: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return net(paddle.to_tensor(batch)).numpy()

    forward = compile_inference(net, pixels, BATCH) if kind == "compiled" else eager
    batch = normalise(images, (0.5,) * 3, (0.25,) * 3)
    expected = eager(batch)
    print(np.abs(forward(batch) - expected).max(), np.abs(expected).max(), flush=True)
    for _ in sys.stdin:
        for _ in range(BATCHES[kind]):
            forward(normalise(images, (0.5,) * 3, (0.25,) * 3))
        print(flush=True)


def start(kind: str, architecture: str, pixels: str) -> subprocess.Popen:
    """Start a process that runs `serve`; it has written its first line when it is ready."""
    return subprocess.Popen(
        [sys.executable, __file__, kind, architecture, pixels],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    )


def compare(architecture: str, pixels: str) -> None:
    """Print the medians, the median of the ratios and the largest difference of one case."""
    counts = {"eager": 1, "compiled": PROCESSES}
    servers = {
        kind: [start(kind, architecture, pixels) for _ in range(count)]
        for kind, count in counts.items()
    }
    first_lines = {kind: [one.stdout.readline() for one in servers[kind]] for kind in servers}
    error, scale = map(float, first_lines["compiled"][0].split())

    def photos_per_second(kind: str) -> float:
        started = time.perf_counter()
        for server in servers[kind]:
            server.stdin.write("\n")
        for server in servers[kind]:
            server.stdout.readline()
        return BATCH * BATCHES[kind] * counts[kind] / (time.perf_counter() - started)

    pairs = [(photos_per_second("compiled"), photos_per_second("eager")) for _ in range(PAIRS)]
    for server in (*servers["eager"], *servers["compiled"]):
        server.communicate()
    ours, theirs = map(statistics.median, zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(
        f"{architecture} at {pixels}: {ours:.0f} photos/s in {PROCESSES} processes, as it comes "
        f"{theirs:.1f}, x{ratio:.1f}; largest difference {error:.1g} of {scale:.2g}",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        for case in [sys.argv[1:]] if len(sys.argv) == 3 else CASES:
            compare(*case)
