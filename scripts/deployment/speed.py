"""What an export costs in use: time of a photo, photos a second, memory.

Each export is measured in a process of its own, so that its peak of memory is its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARM_UP, CALLS, BATCHES, BATCH_SIZE = 10, 200, 8, 16
MOST_SECONDS = 10.0  # of the single calls: slow networks get fewer of them


@dataclass(frozen=True)
class Speed:
    """What one export costs on this machine, as it was loaded.

    Attributes:
        p50_ms: median time of one photo through the network, milliseconds.
        p95_ms: of 95 % of the calls, at most.
        photos_per_second: in batches of BATCH_SIZE.
        peak_memory_mb: of the whole process with its runtime and batches of BATCH_SIZE images,
            1e6 bytes.
        file_p50_ms: median time from a photo's file to its grade, by the client of the bundle;
            None where the export has no such client.
        file_p95_ms: of 95 % of these.
    """

    p50_ms: float
    p95_ms: float
    photos_per_second: float
    peak_memory_mb: float
    file_p50_ms: float | None = None
    file_p95_ms: float | None = None


def measure(kind: str, path: Path, size: int, threads: int, files: list[Path]) -> Speed:
    """Measure an export in a process of its own.

    Args:
        kind: `paddle` or `onnx`.
        path: the folder of the programs, or the model.
        size: width and height of its images, in pixels.
        threads: of the processor that it may use.
        files: photos, for the way from file to grade; unused for `paddle`.

    Raises:
        subprocess.CalledProcessError: the process failed.
    """
    asked = json.dumps([kind, str(path), size, threads, list(map(str, files))])
    # -c instead of -m: the folder of the scripts comes first on the path of imports.
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
    code += "from deployment import speed; speed.answer(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, asked], check=True, stdout=subprocess.PIPE, text=True
    )
    return Speed(**json.loads(done.stdout.splitlines()[-1]))


def answer(asked: str) -> None:
    """Measure what `measure` asks for, and print it as JSON."""
    kind, path, size, threads, files = json.loads(asked)
    forward = _paddle(path, threads) if kind == "paddle" else _onnx(path, threads)
    noise = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE, size, size, 3), np.uint8)
    single = times_of(lambda: forward(noise[:1]))
    batched = times_of(lambda: forward(noise), calls=BATCHES, warm_up=1)
    told = {
        "p50_ms": float(np.median(single) * 1e3),
        "p95_ms": float(np.quantile(single, 0.95) * 1e3),
        "photos_per_second": float(BATCH_SIZE / np.median(batched)),
    }
    told["peak_memory_mb"] = peak_memory() / 1e6
    if kind == "onnx" and files:
        told |= _from_files(path, threads, files)
    print(json.dumps(told))


def peak_memory() -> int:
    """Return the most memory that this process has held so far, in bytes.

    Linux begins `ru_maxrss` of a process with that of the one that started it; VmHWM is its own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def times_of(call: Callable[[], object], calls: int = CALLS, warm_up: int = WARM_UP) -> np.ndarray:
    """Return the seconds of each call, float64 (up to `calls`,), after some that do not count."""
    for _ in range(warm_up):
        call()
    seconds: list[float] = []
    while len(seconds) < calls and (len(seconds) < 10 or sum(seconds) < MOST_SECONDS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return np.array(seconds)


def _from_files(path: str, threads: int, files: list[str]) -> dict[str, float]:
    from deployment.client.predict import Model  # ONNX Runtime, which not every export needs

    model = Model(path, threads)
    turns = iter(files * (WARM_UP + CALLS))
    seconds = times_of(lambda: model.predict([next(turns)]))
    return {
        "file_p50_ms": float(np.median(seconds) * 1e3),
        "file_p95_ms": float(np.quantile(seconds, 0.95) * 1e3),
    }


def _onnx(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    from deployment.running import open_session, probabilities_of

    session = open_session(Path(path), threads)
    return lambda images: probabilities_of(session, images)


def _paddle(path: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    from deployment.names import PROGRAM, WEIGHTS
    from zest.engine.inference import load_program

    program, weights = Path(path, PROGRAM).read_bytes(), Path(path, WEIGHTS).read_bytes()
    return load_program((program, weights), threads)
