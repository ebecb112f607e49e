"""Time training steps with convolutions on oneDNN against Paddle as it comes, in turn.

Run it in the environment: python benchmarks/fast_conv.py [architecture] [pixels]
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from zest.runtime import tune_process

if __name__ == "__main__":
    tune_process()

import paddle

from zest.engine.fast_conv import accelerate
from zest.models.registry import build

BATCH, PAIRS = 32, 6


def main() -> None:
    """Print the medians and the median of the ratios."""
    architecture = sys.argv[1] if len(sys.argv) > 1 else "efficientnet_lite0"
    pixels = int(sys.argv[2]) if len(sys.argv) > 2 else 128
    net = build({"architecture": architecture}, 4, seed=0)
    optimizer = paddle.optimizer.AdamW(1e-4, parameters=net.parameters())
    images, labels = paddle.rand([BATCH, 3, pixels, pixels]), paddle.randint(0, 4, [BATCH])

    def seconds(forward) -> float:
        started = time.perf_counter()
        paddle.nn.functional.cross_entropy(forward(images), labels).backward()
        optimizer.step()
        optimizer.clear_grad()
        return time.perf_counter() - started

    fast = accelerate(net)
    for _ in range(3):  # tracing, and the memory of the first steps
        seconds(fast), seconds(net)
    pairs = [(seconds(fast), seconds(net)) for _ in range(PAIRS)]
    ours, theirs = (BATCH / statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(other / one for one, other in pairs)
    print(
        f"{architecture} at {pixels}: {ours:.1f} photos/s, as it comes {theirs:.1f}, x{ratio:.2f}"
    )


if __name__ == "__main__":
    main()
