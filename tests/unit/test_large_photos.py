"""Large photos are decoded one at a time, by all who decode in threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from grading.chunks import read_photo
from photo_bytes import photo, tiled_tiff
from service.limits import Limits
from service.photos import prepare
from service.uploads import Upload
from zest import large_photos
from zest.images import open_image

TOLD = {"image_size": 24, "fit": "crop"}


def of_the_service(path: Path) -> np.ndarray:
    return prepare(Upload(path.name, bytearray(path.read_bytes())), TOLD, Limits())


def of_a_folder(path: Path) -> np.ndarray:
    return read_photo(path.parent, path.name, TOLD, 10**6).image


@pytest.mark.parametrize("read", [of_the_service, of_a_folder])
@pytest.mark.parametrize(("largest", "at_once"), [(60 * 40, 2), (60 * 40 - 1, 1)])
def test_large_photos_are_decoded_one_at_a_time(tmp_path, monkeypatch, read, largest, at_once):
    inside, most, other_came = [], [], threading.Event()
    decode = large_photos.decode

    def watched(*told):
        inside.append(1)
        most.append(len(inside))
        if len(inside) == 2:
            other_came.set()
        other_came.wait(5 if at_once == 2 else 0.3)
        image = decode(*told)
        inside.pop()
        return image

    monkeypatch.setattr(large_photos, "decode", watched)
    monkeypatch.setattr(large_photos, "LARGE", largest)
    paths = [tmp_path / f"{seed}.jpg" for seed in (1, 2)]
    for seed, path in enumerate(paths):
        path.write_bytes(photo(seed))
    with ThreadPoolExecutor(2) as pool:
        assert [image.shape for image in pool.map(read, paths)] == [(24, 24, 3)] * 2
    assert max(most) == at_once


def test_a_photo_in_a_large_tile_is_large(monkeypatch):
    data = tiled_tiff(64, 256)
    held = []
    decode = large_photos.decode

    def watched(*told):
        held.append(large_photos._one_large.locked())
        return decode(*told)

    monkeypatch.setattr(large_photos, "decode", watched)
    for largest in (256 * 256, 256 * 256 - 1):
        monkeypatch.setattr(large_photos, "LARGE", largest)
        large_photos.decode_fitted(open_image(data, 10**6), data, 24, "crop")
    assert held == [False, True]
