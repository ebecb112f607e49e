"""Time from photo files to class probabilities: a beginners' loop, ours and ONNX Runtime, in turn.

The loop takes one photo after the other: Pillow, resize, normalise, tensor, the network as Paddle
comes, softmax. Ours is what `snakemake -j2` does: all photos decoded and fitted into a table of
images, then `TrainedModel.predict_fitted`, which compiles the network anew. ONNX Runtime gets the
images fitted in two processes but not stored, and as many threads as there are cores.
Photos are rendered, weights are random. Run it in the environment:

    python benchmarks/prediction.py [--photos N] [--rounds N]
"""

import argparse
import contextlib
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np

from prepare_images import prepare
from zest.catalogued import read_catalogued
from zest.contracts import IMAGES, in_row_groups, write_table
from zest.images import fit
from zest.parallel import ordered_map
from zest.runtime import SETTINGS, tune_process

CASES = [("efficientnet_lite0", 224), ("mobilenet_v2", 128)]
CLASSES, PROCESSES = 10, 2
DEMO_SCRIPT = Path(__file__).parents[1] / "scripts" / "make_demo_data.py"
DEMO = {"seed": 0, "test_photos": 4, "size": 640}
DEMO |= {"background_shortcut": False, "label_noise": 0, "near_duplicates": 0}
PIXELS = DEMO["size"] ** 2
LOOPED = 32  # photos of a window of the loop, which is slow
COMPARED = 32  # photos whose probabilities are compared

LOOP, OURS = "the loop", f"Zest, {PROCESSES} processes"
ONNX = {f"ONNX Runtime, batch {batch}": batch for batch in (1, 32)}
Work = Callable[[], int]  # does a window, returns the number of its photos


def serve(works: dict[str, Work]) -> None:
    """Do the work that each line of the standard input names; answer photos a second."""
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        photos = works[line.strip()]()
        print(photos / (time.perf_counter() - started), flush=True)


def serve_reader(folder: Path, size: int) -> None:
    """Decode and fit the photos, into a table as the images stage writes it, or into memory."""
    paths = read_paths(folder)

    def store() -> int:
        rows = [(f"{number:06}.jpg", path, PIXELS) for number, path in enumerate(paths)]
        work = functools.partial(prepare, size=size, how="crop")
        with contextlib.redirect_stdout(sys.stderr):
            images = ordered_map(work, rows, len(rows), PROCESSES, "images")
            write_table(in_row_groups(images, IMAGES), folder / "images.parquet", IMAGES)
        return len(paths)

    def keep() -> int:
        work = functools.partial(read_fitted, size=size)
        with contextlib.redirect_stdout(sys.stderr):
            np.stack(list(ordered_map(work, paths, len(paths), PROCESSES, "images")))
        return len(paths)

    serve({"store": store, "keep": keep})


def read_fitted(path: Path, size: int) -> np.ndarray:
    """Return a photo as a network takes it: uint8 RGB, (size, size, 3)."""
    return fit(read_catalogued(path, PIXELS, short_side=size), size)


def serve_loop(folder: Path, size: int) -> None:
    """Predict one photo after the other, as a course teaches it."""
    import paddle
    from PIL import Image

    from zest.engine.batches import load_images
    from zest.engine.model_folder import TrainedModel

    model = TrainedModel(folder)
    mean, std = (np.array(model.preprocessing[name], np.float32) for name in ("mean", "std"))

    def predict(pixels: np.ndarray) -> np.ndarray:
        image = (pixels.astype(np.float32) / 255 - mean) / std
        tensor = paddle.to_tensor(image.transpose(2, 0, 1)[None])
        with paddle.no_grad():
            return paddle.nn.functional.softmax(model.net(tensor)).numpy()[0]

    images = load_images(folder / "images.parquet", size)[:COMPARED]
    np.save(folder / f"{LOOP}.npy", np.stack([predict(image) for image in images]))
    paths = read_paths(folder)[:LOOPED]

    def from_files() -> int:
        for path in paths:
            predict(np.asarray(Image.open(path).convert("RGB").resize((size, size))))
        return len(paths)

    def network() -> int:
        for number in range(LOOPED):
            predict(images[number % len(images)])
        return LOOPED

    serve({"files": from_files, "network": network})


def serve_ours(folder: Path, size: int) -> None:
    """Predict all photos of the table of images."""
    from zest.engine.batches import load_images
    from zest.engine.model_folder import TrainedModel

    model = TrainedModel(folder)
    images = load_images(folder / "images.parquet", size)
    np.save(folder / f"{OURS}.npy", model.predict_fitted(images[:COMPARED]))

    def network() -> int:
        return len(model.predict_fitted(images, PROCESSES))

    def from_table() -> int:
        return len(model.predict_fitted(load_images(folder / "images.parquet", size), PROCESSES))

    serve({"network": network, "table": from_table})


def serve_onnx(folder: Path, size: int, batch_size: int) -> None:
    """Predict all photos with the export in ONNX Runtime."""
    from deployment.graph import INPUT, PROBABILITIES
    from deployment.running import open_session
    from zest.engine.batches import load_images

    images = load_images(folder / "images.parquet", size)
    session = open_session(folder / "model.onnx", os.cpu_count())

    def predict(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), batch_size)
        batches = (images[start : start + batch_size] for start in starts)
        return np.concatenate([session.run([PROBABILITIES], {INPUT: one})[0] for one in batches])

    np.save(folder / f"ONNX Runtime, batch {batch_size}.npy", predict(images[:COMPARED]))
    serve({"network": lambda: len(predict(images))})


def export(folder: Path) -> None:
    """Export the model as `snakemake deploy` does: model.onnx."""
    scripts = DEMO_SCRIPT.parent
    weights, model = folder / "weights.pdparams", folder / "model.onnx"
    for command in (
        ("export_paddle.py", "--weights", weights, "--out", folder),
        ("export_onnx.py", "--program", folder, "--model", folder / "model.json", "--out", model),
    ):
        called = [sys.executable, "-W", "ignore", scripts / command[0], *map(str, command[1:])]
        subprocess.run(called, check=True, capture_output=True)


def make_model(folder: Path, architecture: str, size: int) -> None:
    """Write the folder of a model with random weights."""
    from zest.classes import ClassInfo
    from zest.engine.model_folder import save_model
    from zest.models.registry import build

    classes = [ClassInfo(label, str(label), str(label), 1) for label in range(CLASSES)]
    cfg = {"architecture": architecture, "image_size": size, "fit": "crop"}
    net = build(cfg, CLASSES, seed=0)
    save_model(net, cfg, classes, folder / "weights.pdparams", folder / "model.json")


class Contender:
    """A process that predicts in one way, and rests until it is asked."""

    def __init__(self, kind: str, folder: Path, size: int):
        clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        clean.pop("GLIBC_TUNABLES", None)
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--work", kind, str(folder), str(size)],
            env=clean | {"GLOG_minloglevel": "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while self._process.stdout.readline() not in ("ready\n", ""):
            continue

    def speed(self, what: str) -> float:
        """Return the photos per second of a window."""
        print(what, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()


def compare(folder: Path, architecture: str, size: int, rounds: int) -> None:
    """Print the medians of one network, and the medians of the ratios of each round."""
    me = [sys.executable, "-W", "ignore", __file__, "--work"]
    subprocess.run([*me, f"make {architecture}", folder, str(size)], check=True)
    export(folder)
    kinds = {LOOP: "loop", OURS: "ours"}
    kinds |= {name: f"onnx {batch}" for name, batch in ONNX.items()}
    network: dict[str, list[float]] = {name: [] for name in kinds}
    files: dict[str, list[float]] = {name: [] for name in kinds}
    with contextlib.ExitStack() as ends:
        reader = ends.enter_context(Contender("reader", folder, size))
        reader.speed("store")  # what the others read
        started = {
            name: ends.enter_context(Contender(kind, folder, size)) for name, kind in kinds.items()
        }
        for _ in range(rounds):
            for name, contender in started.items():
                network[name].append(contender.speed("network"))
            files[LOOP].append(started[LOOP].speed("files"))
            files[OURS].append(_in_turn(reader.speed("store"), started[OURS].speed("table")))
            for name in ONNX:
                files[name].append(_in_turn(reader.speed("keep"), network[name][-1]))
    given = {name: np.load(folder / f"{name}.npy") for name in kinds}
    print(f"{architecture} at {size} pixels, photos/s from files, and of the network alone:")
    for name in kinds:
        of_files, of_network = files[name], network[name]
        difference = np.abs(given[name] - given[LOOP]).max()
        print(
            f"  {name:22} {statistics.median(of_files):6.1f} x{_ratio(of_files, files[LOOP]):5.2f}"
            f"  {statistics.median(of_network):6.1f} x{_ratio(of_network, network[LOOP]):5.2f}"
            f"  probabilities differ by {difference:.1g} of {given[LOOP].max():.2g}",
            flush=True,
        )


def _in_turn(*speeds: float) -> float:
    """Return the photos per second of pieces of work, one after the other."""
    return 1 / sum(1 / speed for speed in speeds)


def _ratio(speeds: list[float], others: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(speeds, others, strict=True))


def read_paths(folder: Path) -> list[Path]:
    """Return the photos of the test set."""
    return [Path(line) for line in (folder / "paths.txt").read_text().splitlines()]


def work(kind: str, folder: Path, size: int) -> None:
    """Be one of the processes that are compared, or prepare what they need."""
    word, _, argument = kind.partition(" ")
    if word == "make":
        make_model(folder, argument, size)
    elif word == "onnx":
        serve_onnx(folder, size, int(argument))
    else:
        kinds = {"reader": serve_reader, "loop": serve_loop, "ours": serve_ours}
        kinds[word](folder, size)


def main() -> None:
    """Render the photos and compare, or be one of the processes that are compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1200, help="of the test set; 300 rendered")
    parser.add_argument("--rounds", type=int, default=5, help="times that each takes its turn")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        kind, name, size = args.work
        if kind in ("ours", "reader"):
            tune_process()
        work(kind, Path(name), int(size))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cfg = json.dumps(DEMO | {"train_photos": min(args.photos, 300)})
        command = [sys.executable, DEMO_SCRIPT, "--out", folder / "demo", "--cfg", cfg]
        subprocess.run([*command, "--threads", "2"], check=True, stdout=subprocess.DEVNULL)
        rendered = sorted((folder / "demo" / "train_images").glob("*.jpg"))
        paths = [str(rendered[number % len(rendered)]) for number in range(args.photos)]
        (folder / "paths.txt").write_text("\n".join(paths))
        for architecture, size in CASES:
            compare(folder, architecture, size, args.rounds)


if __name__ == "__main__":
    main()
