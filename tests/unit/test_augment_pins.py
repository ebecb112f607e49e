"""The output of every operation, pinned: a change of it is a change of every training set.

Where all is whole numbers, the hash of the pixels is pinned. Where numbers are rounded that differ
in their last digits between kinds of CPU, a sample of the pixels is, give or take 2 in a channel.
What is drawn is pinned by the hash of its record; for a policy that is all, as what it draws has
pins of its own. After a change that is meant, the new pins: `PYTHONPATH=scripts python
tests/unit/test_augment_pins.py`.
"""

import json
import zlib

import numpy as np
import pytest

from augmenting import settings_of
from zest.augment import OPERATIONS, augment_image, draw_operations

SIZE = 32
STRONG = {  # where the defaults change little
    "saturation": {"strength": 0.9},
    "sharpness": {"strength": 0.9},
    "hue": {"degrees": 60},
    "blur": {"min_sigma": 2, "max_sigma": 3},
    "noise": {"sigma": 60},
}


def photo() -> np.ndarray:
    """Slopes with low steps on them, so that a pixel moved by a hair changes little."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    steps = 24 * ((x // 4 + y // 4) % 2)
    return np.stack([7 * x + steps, 6 * y + steps, x * y // 5 + steps], axis=2).astype(np.uint8)


def drawn(name: str, seed: int) -> list[dict]:
    return draw_operations([settings_of(name, **STRONG.get(name, {}))], seed)


def record_hash(name: str) -> str:
    records = json.dumps([drawn(name, seed) for seed in range(20)])
    return f"{zlib.crc32(records.encode()):08x}"


def augmented(name: str) -> np.ndarray:
    return augment_image(photo(), drawn(name, seed=3), SIZE)


def pixel_hash(name: str) -> str:
    return f"{zlib.crc32(augmented(name).tobytes()):08x}"


def sample(name: str) -> list[int]:
    return augmented(name)[3::9, 3::9].sum(axis=2).ravel().tolist()


RECORDS = {
    "horizontal_flip": "90749740",
    "vertical_flip": "e5baa79e",
    "quarter_turn": "3d0b1821",
    "rotate": "1230235b",
    "crop": "5d99645e",
    "shift": "48b7bddb",
    "scale": "e3440ff8",
    "shear": "d8dffc8e",
    "perspective": "a2dc63c2",
    "brightness": "14726bf1",
    "contrast": "d807e5e6",
    "saturation": "05def61f",
    "hue": "a1e939ba",
    "colour": "fa28c3b4",
    "gamma": "db5fe0ec",
    "posterize": "63a99ac7",
    "solarize": "4a698c98",
    "autocontrast": "3b086e7c",
    "equalize": "93909866",
    "grey": "de80064b",
    "sharpness": "5367e9ff",
    "blur": "a9fa487c",
    "noise": "34fc90ab",
    "jpeg": "ecee3bb7",
    "aug_mix": "12ed18c2",
    "cutout": "48291e2d",
    "random_erasing": "e8684902",
    "hide_and_seek": "fe0fb5a6",
    "grid_mask": "2a4c0ea7",
    "auto_augment": "a1f07b61",
    "rand_augment": "0b10ff5d",
    "trivial_augment": "5dfd7ae3",
}
PIXELS = {
    "horizontal_flip": "f01d9a4c",
    "vertical_flip": "5b80c9d4",
    "quarter_turn": "97dd9072",
    "brightness": "ee43861a",
    "gamma": "c6c87e66",
    "posterize": "534f6816",
    "solarize": "d9ddec04",
    "autocontrast": "a929491d",
    "equalize": "13094c36",
    "grey": "98350a01",
    "cutout": "d46b10dd",
    "random_erasing": "efdad554",
    "hide_and_seek": "24d51b5b",
    "grid_mask": "2898b589",
}
SAMPLES = {
    "rotate": [112, 145, 174, 282, 180, 217, 309, 397, 189, 273, 361, 516, 250, 365, 469, 555],
    "crop": [109, 169, 229, 289, 174, 245, 316, 388, 223, 305, 388, 470, 272, 365, 458, 552],
    "shift": [112, 176, 241, 296, 174, 256, 337, 405, 232, 329, 426, 509, 227, 340, 454, 550],
    "scale": [19, 132, 239, 301, 123, 212, 302, 382, 218, 292, 375, 472, 272, 363, 464, 574],
    "shear": [112, 185, 226, 269, 115, 208, 277, 372, 210, 284, 361, 473, 268, 390, 453, 563],
    "perspective": [109, 121, 237, 299, 164, 247, 279, 412, 219, 320, 357, 452, 272, 391, 460, 562],
    "contrast": [69, 196, 256, 318, 187, 197, 274, 349, 239, 266, 357, 447, 294, 333, 439, 543],
    "saturation": [46, 181, 245, 308, 194, 197, 272, 348, 272, 286, 372, 458, 350, 375, 471, 568],
    "hue": [37, 150, 216, 280, 195, 172, 222, 285, 279, 276, 344, 413, 366, 379, 466, 552],
    "colour": [17, 148, 216, 286, 137, 149, 236, 322, 196, 225, 328, 429, 255, 301, 419, 538],
    "sharpness": [52, 169, 240, 309, 160, 196, 278, 363, 222, 269, 361, 462, 282, 345, 453, 570],
    "blur": [77, 147, 218, 282, 138, 220, 305, 379, 200, 296, 394, 481, 256, 362, 473, 566],
    "noise": [36, 184, 212, 344, 181, 169, 251, 345, 228, 249, 356, 504, 322, 370, 438, 591],
    "jpeg": [66, 162, 246, 324, 135, 208, 271, 350, 215, 274, 352, 434, 265, 367, 469, 586],
    "aug_mix": [63, 156, 243, 231, 172, 188, 276, 360, 222, 261, 359, 443, 256, 340, 454, 554],
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_drawn_as_ever(name):
    assert record_hash(name) == RECORDS[name]


@pytest.mark.parametrize("name", PIXELS)
def test_the_pixels_of_an_operation_in_whole_numbers_are_as_ever(name):
    assert pixel_hash(name) == PIXELS[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_pixels_of_an_operation_that_rounds_are_as_ever(name):
    np.testing.assert_allclose(sample(name), SAMPLES[name], atol=6)


def test_every_operation_but_the_policies_has_pinned_pixels():
    policies = {"auto_augment", "rand_augment", "trivial_augment"}
    assert PIXELS.keys() | SAMPLES.keys() == set(OPERATIONS) - policies


if __name__ == "__main__":
    for name in OPERATIONS:
        print(f'"{name}": "{record_hash(name)}", "{pixel_hash(name)}", {sample(name)},')
