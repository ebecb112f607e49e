"""Load on three services in one run: what a beginner writes, the same with ONNX Runtime, and ours.

The beginner's service loads the model once, and then takes one photo at a time, behind a lock:
Pillow, resize, normalise, tensor, the network as Paddle comes, softmax. The second is the same with
the exported model in ONNX Runtime as it comes. Ours is `scripts/serve.py`. Each is a process of its
own and rests while the others take their turn; the clients are threads of one more process, each
with a connection that it keeps, sending one photo a request from memory. Photos are rendered and
weights are random, unless a trained model and photos are named. Run it in the environment:

    python benchmarks/service_load.py [--trained results/X/models/M/fold0] [--photos FOLDER]
        [--int8 results/X/deploy/M/model_int8.onnx] [--connections N] [--seconds N] [--rounds N]
"""

import argparse
import contextlib
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

NAIVE, NAIVE_ONNX, OURS = "a beginner's, Paddle", "a beginner's, ONNX Runtime", "serve.py"
OURS_INT8 = "serve.py, INT8"
ARCHITECTURE, SIZE, CLASSES = "efficientnet_lite0", 224, 10
DEMO = {"seed": 0, "train_photos": 64, "test_photos": 4, "size": 640}
DEMO |= {"background_shortcut": False, "label_noise": 0, "near_duplicates": 0}
BOUNDARY = "photo-after-photo"


def serve_naive(kind: str, model: Path, port: int) -> None:
    """Be a service as a beginner writes it: FastAPI, a lock, one photo at a time."""
    import uvicorn
    from fastapi import FastAPI, UploadFile
    from PIL import Image

    predict, names, size = (load_paddle if kind == "paddle" else load_onnx)(model)
    app, lock = FastAPI(), threading.Lock()

    @app.post("/predict")
    def grade(photos: UploadFile) -> dict:
        with lock:
            image = np.asarray(Image.open(photos.file).convert("RGB").resize((size, size)))
            probabilities = predict(image)
        return {"name": names[int(probabilities.argmax())], "probabilities": probabilities.tolist()}

    @app.get("/health")
    def health() -> dict:
        return {"ready": True}

    uvicorn.run(app, port=port, log_level="error")


Loaded = tuple[Callable[[np.ndarray], np.ndarray], list[str], int]


def load_paddle(folder: Path) -> Loaded:
    """Return the trained network as a function of one uint8 image, its classes, its image size."""
    import paddle

    from zest.engine.model_folder import TrainedModel

    model = TrainedModel(folder)
    mean, std = (np.array(model.preprocessing[name], np.float32) for name in ("mean", "std"))

    def predict(pixels: np.ndarray) -> np.ndarray:
        image = (pixels.astype(np.float32) / 255 - mean) / std
        with paddle.no_grad():
            logits = model.net(paddle.to_tensor(image.transpose(2, 0, 1)[None]))
            return paddle.nn.functional.softmax(logits).numpy()[0]

    return predict, model.classes, model.preprocessing["image_size"]


def load_onnx(path: Path) -> Loaded:
    """Return the same of the exported model, in ONNX Runtime as it comes."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    told = session.get_modelmeta().custom_metadata_map
    names = [one["name"] for one in json.loads(told["classes"])]
    size = json.loads(told["preprocessing"])["image_size"]
    return lambda image: session.run(["probabilities"], {"images": image[None]})[0][0], names, size


def serve_load(folder: Path, port: int, connections: int, seconds: float) -> None:
    """Be the clients: print, as JSON, the photos/s and the milliseconds of each request.

    The process ends with 1 where a request was not answered with 200: the rate would be that of
    fewer connections.
    """
    bodies = [body_of(path) for path in sorted(folder.iterdir())]
    taken: list[float] = []
    failures: list[str] = []
    until = time.perf_counter() + seconds

    def ask(first: int) -> None:
        try:
            ask_on(first)
        except Exception as error:  # else this thread would end quietly, and others go on
            failures.append(f"{type(error).__name__}: {error}")

    def ask_on(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        for number in itertools.count(first):
            started = time.perf_counter()
            if started >= until:
                return
            connection.request("POST", "/predict", bodies[number % len(bodies)], headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {content!r}")
            taken.append((time.perf_counter() - started) * 1e3)

    started = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(7 * number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    if failures:
        sys.exit(f"error: {len(failures)} of {connections} connections failed; {failures[0]}")
    print(json.dumps({"rate": len(taken) / elapsed, "milliseconds": taken}))


def body_of(path: Path) -> bytes:
    """Return a request's body with one photo."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="{path.name}"'
    return f"{head}\r\n\r\n".encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a service until the block ends; the block begins when the service answers."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"GLOG_minloglevel": "2"},
    )
    try:
        for _ in range(1200):
            if process.poll() is not None:
                raise RuntimeError(f"it has ended: {command}")
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"it is not ready after two minutes: {command}")
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def make_photos(folder: Path) -> Path:
    """Render the photos of the demo."""
    script = PROJECT / "scripts" / "make_demo_data.py"
    command = [sys.executable, script, "--out", folder, "--cfg", json.dumps(DEMO), "--threads", "2"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "train_images"


def make_model(folder: Path) -> None:
    """Write the folder of a model with random weights."""
    from zest.classes import ClassInfo
    from zest.engine.model_folder import save_model
    from zest.models.registry import build

    classes = [ClassInfo(label, str(label), f"class {label}", 1) for label in range(CLASSES)]
    cfg = {"architecture": ARCHITECTURE, "image_size": SIZE, "fit": "crop"}
    net = build(cfg, CLASSES, seed=0)
    save_model(net, cfg, classes, folder / "weights.pdparams", folder / "model.json")


def export(trained: Path, folder: Path) -> Path:
    """Write the trained model as ONNX."""
    scripts, model = PROJECT / "scripts", folder / "model.onnx"
    programs = ["--weights", trained / "weights.pdparams", "--out", folder / "paddle"]
    onnx = ["--program", folder / "paddle", "--model", trained / "model.json", "--out", model]
    for command in (["export_paddle.py", *programs], ["export_onnx.py", *onnx]):
        told = [sys.executable, scripts / command[0], *command[1:]]
        subprocess.run(told, check=True, capture_output=True)
    return model


def measure(photos: Path, port: int, connections: int, seconds: float) -> dict:
    """Return what one window of load has found of a service."""
    command = [sys.executable, __file__, "--load", str(photos), str(port)]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(1)  # the clients have said why
    return json.loads(done.stdout)


def compare(services: dict[str, list[str]], photos: Path, args: argparse.Namespace) -> None:
    """Print the photos/s and the latency of each service, and how much faster ours is."""
    found: dict[str, list[dict]] = {name: [] for name in services}
    with contextlib.ExitStack() as ends:
        ports = {name: free_port() for name in services}
        for name, command in services.items():
            ends.enter_context(running([*command, str(ports[name])], ports[name]))
            measure(photos, ports[name], 1, 1)
        for _ in range(args.rounds):
            for name in services:
                found[name].append(measure(photos, ports[name], args.connections, args.seconds))
    rates = {name: [window["rate"] for window in windows] for name, windows in found.items()}
    print(f"{args.connections} connections, {args.rounds} windows of {args.seconds:g} s each:")
    for name, windows in found.items():
        taken = [one for window in windows for one in window["milliseconds"]]
        p50, p99 = np.percentile(taken, [50, 99])
        others = [
            f"x{ratio(rates[name], rates[other]):.1f} of {other}"
            for other in (NAIVE, NAIVE_ONNX)
            if name in (OURS, OURS_INT8)
        ]
        print(
            f"  {name:28}{statistics.median(rates[name]):7.1f} photos/s, p50 {p50:6.0f} ms, "
            f"p99 {p99:6.0f} ms  {'; '.join(others)}",
            flush=True,
        )


def ratio(rates: list[float], others: list[float]) -> float:
    """Return the median of the ratios of the windows, each to its neighbour in time."""
    return statistics.median(one / other for one, other in zip(rates, others, strict=True))


def main() -> None:
    """Prepare, start the services, send the load; or be one of these processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trained", type=Path, help="folder of a trained model")
    parser.add_argument("--int8", type=Path, help="model_int8.onnx of it, served too")
    parser.add_argument("--photos", type=Path, help="folder of photos")
    parser.add_argument("--connections", type=int, default=16, help="at once (16)")
    parser.add_argument("--seconds", type=float, default=10, help="of a window (10)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each takes its turn (3)")
    parser.add_argument("--naive", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.naive:
        serve_naive(args.naive[0], Path(args.naive[1]), int(args.naive[2]))
        return
    if args.load:
        serve_load(Path(args.load[0]), int(args.load[1]), args.connections, args.seconds)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = args.photos or make_photos(folder / "demo")
        if not args.trained:
            make_model(folder)
        trained = args.trained or folder
        model = export(trained, folder)
        serve = str(PROJECT / "scripts" / "serve.py")
        services = {
            NAIVE: [__file__, "--naive", "paddle", str(trained)],
            NAIVE_ONNX: [__file__, "--naive", "onnx", str(model)],
            OURS: [serve, "--model", str(model), "--port"],
        }
        if args.int8:
            services[OURS_INT8] = [serve, "--model", str(args.int8), "--port"]
        compare(services, photos, args)


if __name__ == "__main__":
    main()
