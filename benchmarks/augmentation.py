"""Time operations on photos of 224 pixels in one thread, in turn: ours and those of albumentations.

Every operation is always applied, drawing its parameters included, by itself and in recipes. Both
run in processes that keep freed memory, as trainings do.
Run it in the environment:

    python benchmarks/augmentation.py --peer-python PYTHON [--cases NAME ...] [--rounds N]

PYTHON is an interpreter that has albumentations (2.0.8, with opencv-python-headless).
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

from zest.runtime import MALLOC

SIZE, PHOTOS = 224, 16

# Each with our settings and what albumentations calls it, the faster where it has two.
OPERATIONS = {
    "horizontal_flip": ({}, "HorizontalFlip()"),
    "vertical_flip": ({}, "VerticalFlip()"),
    "quarter_turn": ({}, "RandomRotate90()"),
    "rotate": ({"degrees": 15}, "Rotate((-15, 15), border_mode=4)"),
    "crop": (
        {"min_area": 0.6, "max_aspect": 1.2},
        "RandomResizedCrop((224, 224), (0.6, 1), (1 / 1.2, 1.2))",
    ),
    "shift": ({"fraction": 0.1}, "Affine(translate_percent=(-0.1, 0.1), border_mode=4)"),
    "scale": (
        {"min_factor": 0.8, "max_factor": 1.25},
        "Affine(scale=(0.8, 1.25), border_mode=4)",
    ),
    "shear": ({"slope": 0.15}, "Affine(shear=(-8.5, 8.5), border_mode=4)"),
    "perspective": ({"distortion": 0.08}, "Perspective((0.0, 0.08), border_mode=4)"),
    "colour": (
        {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 10},
        "ColorJitter(0.2, 0.2, 0.2, 10 / 360)",
    ),
    "brightness": ({"strength": 0.2}, "RandomBrightnessContrast(0.2, 0)"),
    "contrast": ({"strength": 0.2}, "ColorJitter(0, 0.2, 0, 0)"),
    "saturation": ({"strength": 0.2}, "ColorJitter(0, 0, 0.2, 0)"),
    "hue": ({"degrees": 10}, "HueSaturationValue(5, 0, 0)"),
    "gamma": ({"max_exponent": 1.4}, "RandomGamma((71, 140))"),
    "autocontrast": ({"cutoff": 0}, "AutoContrast()"),
    "equalize": ({}, "Equalize()"),
    "posterize": ({"min_bits": 4, "max_bits": 7}, "Posterize((4, 7))"),
    "solarize": ({"min_threshold": 128, "max_threshold": 224}, "Solarize((0.5, 0.88))"),
    "grey": ({}, "ToGray()"),
    "sharpness": ({"strength": 0.5}, "Sharpen(kernel_size=3)"),
    "blur": ({"min_sigma": 0.1, "max_sigma": 1.5}, "GaussianBlur(0, (0.1, 1.5))"),
    "noise": ({"sigma": 6}, "GaussNoise((0, 6 / 255))"),
    "jpeg": ({"min_quality": 40, "max_quality": 90}, "ImageCompression('jpeg', (40, 90))"),
    "cutout": (
        {"size": 0.3, "holes": 1, "fill": [124, 116, 104]},
        "CoarseDropout((1, 1), (0.3, 0.3), (0.3, 0.3), (124, 116, 104))",
    ),
    "random_erasing": (
        {"min_area": 0.02, "max_area": 0.33, "max_aspect": 3.3, "fill": "noise"},
        "Erasing((0.02, 0.33), (1 / 3.3, 3.3), 'random')",
    ),
    "grid_mask": (
        {"min_period": 0.43, "max_period": 1.0, "ratio": 0.6, "fill": [124, 116, 104]},
        "GridDropout(0.4, True, (96, 224), fill=(124, 116, 104))",
    ),
}
RECIPES = {
    "crop and flip": ("crop", "horizontal_flip"),
    "standard recipe": ("horizontal_flip", "rotate", "crop", "colour"),
    "long recipe": (
        *("horizontal_flip", "rotate", "crop", "scale", "shear", "perspective", "colour"),
        *("gamma", "blur", "noise", "jpeg", "random_erasing"),
    ),
}
CASES = {name: (name,) for name in OPERATIONS} | RECIPES
OURS, PEER = "ours", "albumentations"


def our_maker(names: tuple[str, ...]) -> Callable:
    """Return what makes a copy of a photo, given its number."""
    from zest.augment import augment_image, draw_operations

    recipe = [{name: {"probability": 1, **OPERATIONS[name][0]}} for name in names]
    return lambda photo, number: augment_image(photo, draw_operations(recipe, number), SIZE)


def peer_maker(names: tuple[str, ...]) -> Callable:
    """The same with albumentations."""
    import albumentations

    calls = [OPERATIONS[name][1].removesuffix(")") for name in names]
    calls = [f"{call}{'' if call.endswith('(') else ', '}p=1)" for call in calls]
    operations = [eval(call, vars(albumentations)) for call in calls]
    compose = albumentations.Compose(operations, seed=0)
    return lambda photo, number: compose(image=photo)["image"]


def work(who: str) -> None:
    """Read lines `photos case`, do them, answer the seconds."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (PHOTOS, 40, 40, 3), np.uint8)
    photos = [cv2.resize(one, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for one in small]
    makers = {name: (our_maker if who == OURS else peer_maker)(CASES[name]) for name in CASES}
    for line in sys.stdin:
        count, case = line.strip().split(" ", 1)
        make = makers[case]
        started = time.perf_counter()
        for number in range(int(count)):
            make(photos[number % PHOTOS], number)
        print(time.perf_counter() - started, flush=True)


class Contender:
    """A process that makes copies, and rests until it is asked for some."""

    def __init__(self, python: str, who: str):
        settings = {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "GLIBC_TUNABLES": MALLOC,
            "NO_ALBUMENTATIONS_UPDATE": "1",
        }
        self._process = subprocess.Popen(
            [python, "-W", "ignore", __file__, "--work", who],
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def speed(self, case: str, count: int) -> float:
        """Return the photos per second over so many of them."""
        print(count, case, file=self._process.stdin, flush=True)
        return count / float(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()


def compare(contenders: dict[str, Contender], case: str, rounds: int) -> float:
    """Print the median speeds, and the median of the ratios of each round, and return that."""
    counts = {who: max(20, int(0.1 * one.speed(case, 20))) for who, one in contenders.items()}
    speeds: dict[str, list[float]] = {who: [] for who in contenders}
    for _ in range(rounds):
        for who, contender in contenders.items():
            speeds[who].append(contender.speed(case, counts[who]))
    ratio = statistics.median(pair[0] / pair[1] for pair in zip(*speeds.values(), strict=True))
    ours, peer = (statistics.median(values) for values in speeds.values())
    print(f"{case:16} {ours:8.0f} {peer:8.0f} photos/s  x{ratio:.2f}", flush=True)
    return ratio


def main() -> None:
    """Compare, or be one of the two that are compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="an interpreter that has albumentations")
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES, help="operations")
    parser.add_argument("--rounds", type=int, default=9, help="times that each takes its turn")
    parser.add_argument("--work", choices=(OURS, PEER), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(args.work)
        return
    if not args.peer_python:
        parser.error("--peer-python is needed")
    with contextlib.ExitStack() as ends:
        pythons = {OURS: sys.executable, PEER: args.peer_python}
        contenders = {
            who: ends.enter_context(Contender(python, who)) for who, python in pythons.items()
        }
        print(f"{'':16} {OURS:>8} {PEER:>8}")
        ratios = [compare(contenders, case, args.rounds) for case in args.cases]
    print(f"median of all ratios: x{statistics.median(ratios):.2f}; lowest x{min(ratios):.2f}")


if __name__ == "__main__":
    main()
