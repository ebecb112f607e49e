"""Photos are read for the prediction of a submission in the memory that they take."""

import json
import tracemalloc

import numpy as np

from photo_bytes import encoded, picture
from submission.prediction import Member, Photo, fit_photos

SIZE = 64


def test_photos_are_there_once_in_their_order(tmp_path):
    (tmp_path / "model.json").write_text(
        json.dumps({"preprocessing": {"image_size": SIZE, "fit": "crop"}})
    )
    photos = []
    for number in range(100):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encoded(picture(number, SIZE, SIZE), "PNG"))
        photos.append(Photo(path.name, path, SIZE * SIZE))
    member = Member("small", 1.0, [tmp_path / "weights.pdparams"], None)
    fit_photos([member], photos[:1], 1)  # what is imported and kept at the first time
    tracemalloc.start()
    (fitted,) = fit_photos([member], photos, 1).values()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for number, image in enumerate(fitted):
        np.testing.assert_array_equal(image, np.asarray(picture(number, SIZE, SIZE)))
    assert fitted.dtype == np.uint8
    assert peak < 1.5 * fitted.nbytes
