"""Time the catalog's reading of photos on one core against bare decoding of the same, in turn.

`read_photo` is all that the catalog and the report on the data need of a photo: header, SHA-256,
pixels, measures, perceptual hash and thumbnail. Bare decoding starts from bytes in memory. Seconds
are those of the processor, so that other work on the machine counts less.
Run it in the environment:

    python benchmarks/catalog_speed.py [--photos FOLDER | --size PIXELS] [--rounds N]

Without a folder it renders square photos, of 640 pixels a side where no size is named. Other
decoders are timed too where they can be imported, as after `pip install --no-deps --target DIR
imagecodecs kornia-rs ajpegli` with DIR in PYTHONPATH.
"""

import argparse
import contextlib
import importlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from catalog.measures import MEASURED_SIDE, measure
from catalog.photo_facts import read_photo
from zest.images import decode, open_image
from zest.parallel import settle_process

DEMO_SCRIPT = Path(__file__).parents[1] / "scripts" / "make_demo_data.py"
DEMO = {"seed": 0, "train_photos": 60, "test_photos": 4}
DEMO |= {"background_shortcut": False, "label_noise": 0, "near_duplicates": 0}
MOST_PHOTOS = 200
FULL, SCALED, OURS = "simplejpeg, whole", "simplejpeg, scaled as ours", "read_photo"


def contenders(paths: list[Path]) -> dict[str, Callable[[int], object]]:
    """Return what is timed: names, and functions of the number of a photo."""
    data = [path.read_bytes() for path in paths]
    sizes = [_scaled_size(one) for one in data]
    pixels = [
        decode(open_image(one, 10**9), one, min(size))
        for one, size in zip(data, sizes, strict=True)
    ]
    found: dict[str, Callable[[int], object]] = {
        FULL: lambda n: simplejpeg.decode_jpeg(data[n], "RGB"),
        SCALED: lambda n: simplejpeg.decode_jpeg(
            data[n], "RGB", min_height=sizes[n][0], min_width=sizes[n][1]
        ),
        OURS: lambda n: read_photo(paths[n], 10**9),
        "of it: measures, hash, thumbnail": lambda n: measure(pixels[n]),
        "cv2.imdecode": lambda n: cv2.imdecode(
            np.frombuffer(data[n], np.uint8), cv2.IMREAD_COLOR_RGB
        ),
        "Pillow": lambda n: Image.open(io.BytesIO(data[n])).load(),
    }
    others = {
        "imagecodecs": lambda module, n: module.jpeg8_decode(data[n]),
        "kornia_rs": lambda module, n: module.io.decode_image_jpegturbo(data[n], "rgb"),
        "ajpegli": lambda module, n: module.decode(data[n]),
    }
    for name, call in others.items():
        with contextlib.suppress(ImportError):
            module = importlib.import_module(name)
            found[name] = lambda n, call=call, module=module: call(module, n)
    return found


def _scaled_size(data: bytes) -> tuple[int, int]:
    """Return the height and width at which the catalog decodes a JPEG that is not turned."""
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    scale = max(k for k in (1, 2, 4, 8) if k == 1 or max(height, width) >= k * MEASURED_SIDE)
    return -(-height // scale), -(-width // scale)


def photos_per_second(work: Callable[[int], object], photos: int) -> float:
    """Time one contender over all photos."""
    started = time.process_time()
    for number in range(photos):
        work(number)
    return photos / (time.process_time() - started)


def main() -> None:
    """Render or list the photos, time every contender in every round, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--photos", type=Path, help="a folder of JPEGs; rendered if none is named")
    which.add_argument("--size", type=int, default=640, help="pixels of a rendered side")
    parser.add_argument("--rounds", type=int, default=15, help="times that each takes its turn")
    args = parser.parse_args()
    settle_process()
    with tempfile.TemporaryDirectory() as rendered:
        if args.photos is None:
            command = [sys.executable, DEMO_SCRIPT, "--out", rendered]
            cfg = json.dumps(DEMO | {"size": args.size})
            subprocess.run([*command, "--cfg", cfg, "--threads", "2"], check=True)
        paths = sorted((args.photos or Path(rendered)).rglob("*.jpg"))[:MOST_PHOTOS]
        timed = contenders(paths)
        speeds: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(args.rounds):
            for name, work in timed.items():
                speeds[name].append(photos_per_second(work, len(paths)))
        size = statistics.median(path.stat().st_size for path in paths) / 1000
    print(
        f"{len(paths)} photos, {size:.0f} kB in the middle; photos/s, and ratios to bare decoding"
    )
    for name, values in speeds.items():
        ratios = [
            statistics.median(one / bare for one, bare in zip(values, speeds[what], strict=True))
            for what in (FULL, SCALED)
        ]
        print(f"{name:32} {statistics.median(values):6.0f}  {ratios[0]:5.2f}  {ratios[1]:5.2f}")


if __name__ == "__main__":
    main()
