"""What a client of the service gets: grades, or the reason why not."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from deployment.client.predict import Model
from deployment.running import open_exported
from exported_tiny import CLASSES
from photo_bytes import (
    bomb,
    encoded,
    many_scans,
    many_scans_behind_a_comment,
    motion_photo,
    no_memory_of_opencv,
    photo,
    picture,
    plain_ppm,
    strip,
    tiled_tiff,
    turned_photo,
)
from service.metrics import OUTCOMES, Histogram
from serving import SlowModel, files, post, talk
from zest import large_photos
from zest.files import sha256


@pytest.fixture(scope="module")
def model(exported_model):
    return open_exported(exported_model)


def transparent() -> bytes:
    image = picture(3).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return encoded(image, "PNG")


PHOTOS = {
    "JPEG": photo(1),
    "large JPEG, decoded at a part of its size": encoded(picture(2, 900, 700), quality=95),
    "JPEG that lies on its side": turned_photo(4),
    "transparent PNG": transparent(),
    "GIF": encoded(picture(5), "GIF"),
    "WebP": encoded(picture(6), "WEBP", lossless=True),
    "grey TIFF of 16 bits": encoded(picture(7).convert("L").convert("I;16"), "TIFF"),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_photo_gets_the_probabilities_of_the_client_of_the_bundle(model, exported_model, kind):
    expected = Model(exported_model).predict([io.BytesIO(PHOTOS[kind])])[0]
    (found,) = post(model, PHOTOS[kind]).json()["photos"]
    values = np.array([found["probabilities"][one["class_num"]] for one in CLASSES])
    # Another decoder and another resizing: one level of 255 here and there.
    np.testing.assert_allclose(values, expected, atol=5e-3)
    best = CLASSES[int(expected.argmax())]
    assert (found["class_num"], found["name"]) == (best["class_num"], best["name"])
    assert found["probability"] == values.max()


def test_the_orientation_of_a_photo_matters_to_this_model(exported_model):
    lying, upright = Model(exported_model).predict(
        [io.BytesIO(turned_photo(4)), io.BytesIO(photo(4))]
    )
    assert abs(lying - upright).max() > 0.05


def test_many_photos_are_answered_in_their_order_with_their_names(model):
    photos = [photo(seed) for seed in range(20)]
    alone = [post(model, one).json()["photos"][0]["probabilities"] for one in photos]
    together = post(model, *photos, cores=2).json()["photos"]
    assert [one["photo"] for one in together] == [f"{number}.jpg" for number in range(20)]
    for found, expected in zip(together, alone, strict=True):
        assert found["probabilities"] == pytest.approx(expected, abs=1e-6)
    assert len({one["probability"] for one in together}) == 20


BAD = {
    "no photo": (b"a text", 415, "not a photo in a format"),
    "a format that is not read": (encoded(picture(), "ICO"), 415, "not a photo in a format"),
    "written as text": (plain_ppm(), 415, "written as text"),
    "empty": (b"", 422, "empty"),
    "cut off": (photo()[:-300], 422, "broken image data"),
    "a bomb": (bomb(), 413, "million pixels"),
    "a bomb in a tile": (tiled_tiff(64, 26_000), 413, "million pixels"),
    "thousands of scans": (many_scans(150), 422, "scans"),
    "the same behind a false end": (many_scans_behind_a_comment(150), 422, "scans"),
    "a strip": (strip(), 422, "a strip of 2 x 60000 pixels"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_photo_alone_is_refused_with_its_reason(model, kind):
    data, status, reason = BAD[kind]
    answer = post(model, data)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert answer.json()["photos"] == []


def test_a_progressive_jpeg_as_cameras_and_web_sites_write_it_is_read(model):
    assert post(model, encoded(picture(), progressive=True)).status_code == 200


def test_a_photo_with_a_film_after_it_is_graded_as_without(model):
    (found,) = post(model, motion_photo(10_000_000)).json()["photos"]
    (expected,) = post(model, photo()).json()["photos"]
    assert found == expected


def test_a_lack_of_memory_is_not_told_as_a_fault_of_the_client(model, monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(large_photos, "decode", no_memory)
    answer = post(model, photo())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "no memory" in answer.json()["detail"]


def test_a_lack_of_memory_for_one_photo_is_not_told_of_the_others(model, monkeypatch):
    resize, calls = cv2.resize, []

    def fail_once(*told, **settings):
        calls.append(told)
        if len(calls) == 1:
            raise no_memory_of_opencv()
        return resize(*told, **settings)

    monkeypatch.setattr(cv2, "resize", fail_once)
    answer = post(model, photo(1), photo(2))
    assert answer.status_code == 200
    assert sorted("no memory" in one.get("error", "") for one in answer.json()["photos"]) == [0, 1]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_photo_among_others_has_its_reason_in_its_place(model, kind):
    data, _, reason = BAD[kind]
    answer = post(model, photo(1), data, photo(2))
    assert answer.status_code == 200
    first, bad, last = answer.json()["photos"]
    assert reason in bad["error"]
    assert bad["photo"] == "1.jpg"
    expected = [post(model, photo(seed)).json()["photos"][0] for seed in (1, 2)]
    for found, one in zip((first, last), expected, strict=True):
        assert found["probabilities"] == pytest.approx(one["probabilities"], abs=1e-6)


def test_photos_of_which_none_can_be_graded_are_refused_with_all_reasons(model):
    answer = post(model, b"", b"a text")
    assert answer.status_code == 422
    assert ["empty" in answer.json()["photos"][0]["error"], len(answer.json()["photos"])] == [
        True,
        2,
    ]


def test_a_photo_of_too_many_bytes_is_refused_and_its_neighbours_are_not(model):
    small, large = photo(), encoded(picture(0, 600, 400), "BMP")
    limits = {"photo_bytes": 100_000}
    assert post(model, large, **limits).status_code == 413
    answer = post(model, small, large, small, **limits)
    assert ["error" in one for one in answer.json()["photos"]] == [False, True, False]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": {"photos": "x"}}, 415),  # a form, but not of files
        ({"json": {"photos": []}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=a"}}, 400),
        (
            {"content": b"--a\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=a"}},
            400,
        ),
        (
            {"content": b"--a--", "headers": {"Content-Type": "multipart/form-data; boundary=a"}},
            422,
        ),
        (
            {
                "content": b"x",
                "headers": {"Content-Type": f"multipart/form-data; boundary={'a' * 257}"},
            },
            400,
        ),
        ({"files": [("photo", ("a.jpg", photo()))]}, 422),
        ({"files": files(*[b"x"] * 5)}, 413),
    ],
)
def test_a_request_that_is_none_is_refused(model, sent, status):
    answer = talk(model, lambda client: client.post("/predict", **sent), photos=4)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_the_model_and_the_limits_are_told(model, exported_model):
    told = talk(model, lambda client: client.get("/about"), photos=7).json()
    assert told["classes"] == CLASSES
    assert told["preprocessing"]["image_size"] == 24
    assert told["model_sha256"] == sha256(exported_model)
    assert told["limits"]["photos"] == 7


def test_what_was_done_is_counted(model):
    async def conversation(client):
        await client.post("/predict", files=files(photo(), b"a text"))
        await client.post("/predict", files=files(b"a text"))
        await client.get("/a/path/of/the/client")
        return (await client.get("/metrics")).text

    lines = talk(model, conversation).splitlines()
    assert 'zest_photos_total{outcome="graded"} 1' in lines
    assert 'zest_photos_total{outcome="refused"} 2' in lines
    assert 'zest_requests_total{route="/predict",status="200"} 1' in lines
    assert 'zest_requests_total{route="/predict",status="415"} 1' in lines
    assert 'zest_requests_total{route="unknown",status="404"} 1' in lines
    assert "zest_predict_seconds_count 1" in lines  # quick refusals would hide what takes long
    assert "zest_batch_photos_sum 1" in lines
    assert "zest_photos_under_way 0" in lines


def test_sums_are_told_to_the_last_digit_so_that_differences_of_them_are_true():
    counted = Histogram((1, 2))
    for value in (1_000_007, 0.125):
        counted.add(value)
    assert "seconds_sum 1000007.125" in list(counted.lines("seconds"))


def test_every_outcome_is_counted_from_the_start(model):
    lines = talk(model, lambda client: client.get("/metrics")).text.splitlines()
    found = [line for line in lines if line.startswith("zest_photos_total{")]
    assert len(found) == len(OUTCOMES)
    assert all(line.endswith(" 0") for line in found)


def test_a_request_is_a_line_in_the_log_without_words_of_the_client(model, caplog):
    async def conversation(client):
        await client.post("/predict?secret=1", files=files(photo(), photo(1)))
        await client.get("/forged%0aline")

    with caplog.at_level("INFO", "zest.service"):
        talk(model, conversation)
    first, second = [one.getMessage() for one in caplog.records if one.name == "zest.service"]
    assert first.startswith("POST /predict 200 ")
    assert "photos=2" in first
    assert "secret" not in first
    assert second.startswith("GET unknown 404 ")


def test_a_model_that_fails_once_fails_one_request(caplog):
    class FailsOnce(SlowModel):
        def predict_fitted(self, images):
            if not self.batches:
                return super().predict_fitted(images)  # the warm-up
            if len(self.batches) == 1:
                self.batches.append(0)
                raise RuntimeError("out of memory")
            return super().predict_fitted(images)

    async def conversation(client):
        answers = [await client.post("/predict", files=files(photo())) for _ in range(2)]
        metrics = (await client.get("/metrics")).text
        statuses = [one.status_code for one in answers]
        return statuses, (await client.get("/health")).json(), metrics

    statuses, health, metrics = talk(FailsOnce(), conversation)
    assert statuses == [500, 200]
    assert 'zest_photos_total{outcome="failed"} 1\n' in metrics
    assert health == {"live": True, "ready": True, "photos_under_way": 0}
