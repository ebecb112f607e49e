"""The service under load: batches, limits of all requests together, and what takes too long."""

import gc
import threading
import time

import httpx
import pytest

from service import grading, pipeline
from service.limits import Limits
from service.uploads import Upload
from serving import (
    FORM,
    HEAD,
    Sender,
    SlowModel,
    files,
    grey,
    occupy,
    post_pieces,
    send,
    talk,
    under_way,
    until,
    until_under_way,
)

LEVELS = (20, 120, 220)  # of grey, for the three classes


@pytest.fixture
def slow():
    return SlowModel()


def test_photos_of_several_requests_share_a_batch_and_each_gets_its_own_answer(slow, monkeypatch):
    prepared = []

    def prepare(*told):
        image = prepare_photo(*told)
        prepared.append(image)
        return image

    prepare_photo = grading.prepare
    monkeypatch.setattr(grading, "prepare", prepare)
    monkeypatch.setattr(pipeline, "WAIT_SECONDS", 5)

    async def are_prepared() -> bool:
        return len(prepared) == 6

    async def conversation(client):
        slow.batches.clear()  # of the warm-up
        tasks = [await occupy(client, slow)]
        tasks += [await send(client, grey(LEVELS[number % 3])) for number in range(1, 6)]
        await until(are_prepared)
        slow.go_on.set()
        return [(await task).json()["photos"][0]["class_num"] for task in tasks]

    assert talk(slow, conversation) == ["10", "20", "30"] * 2
    assert slow.batches == [1, 5]


def test_a_photo_alone_does_not_wait_for_others(slow, monkeypatch):
    async def conversation(client):
        await client.post("/predict", files=files(grey(20)))
        started = time.perf_counter()
        for _ in range(20):
            await client.post("/predict", files=files(grey(20)))
        return (time.perf_counter() - started) / 20

    monkeypatch.setattr(pipeline, "WAIT_SECONDS", 0.5)
    assert talk(slow, conversation) < 0.25


def test_a_full_service_says_when_to_come_again_and_serves_after_that(slow):
    async def conversation(client):
        slow.go_on.clear()
        first = await send(client, *[grey(20)] * 3)
        too_many = await client.post("/predict", files=files(grey(20), grey(20)))
        second = await send(client, grey(20))
        full = await client.post("/predict", files=files(grey(20)))
        health = await client.get("/health")
        assert (await client.get("/health/live")).status_code == 200
        slow.go_on.set()
        codes = [(await one).status_code for one in (first, second)]
        after = await client.post("/predict", files=files(grey(20), grey(20)))
        return too_many, full, health, [*codes, after.status_code], await under_way(client)

    too_many, full, health, codes, left = talk(slow, conversation, photos=4, photos_under_way=4)
    for answer in (too_many, full, health):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert health.json() == {"live": True, "ready": False, "photos_under_way": 4}
    assert codes == [200, 200, 200]
    assert left == 0


def test_a_full_service_reads_no_body_and_closes_the_connection(slow):
    async def conversation(client):
        first = await occupy(client, slow)
        sender = Sender(client, FORM)
        sender.send(HEAD)
        status, headers = await sender.answer()
        slow.go_on.set()
        await first
        return status, sender.read, headers[b"connection"]

    assert talk(slow, conversation, photos=1, photos_under_way=1) == (503, 0, b"close")


FEW_BYTES = {"photo_bytes": 4000, "request_bytes": 10_000, "bytes_under_way": 10_000}


async def hold(client: httpx.AsyncClient, size: int) -> Sender:
    """Send so many bytes of a request, and wait until they have arrived."""
    sender = Sender(client, FORM)
    sender.send(HEAD, b"x" * (size - len(HEAD)))

    async def have_arrived() -> bool:
        return sender.read == 2

    await until(have_arrived)
    return sender


def test_what_all_requests_hold_in_memory_is_limited(slow):
    async def conversation(client):
        await hold(client, 5000)
        second = Sender(client, FORM)
        second.send(HEAD, *[b"x" * 1000] * 50)
        return await second.answer(), second.read

    (status, headers), read = talk(slow, conversation, **FEW_BYTES)
    assert (status, headers[b"connection"]) == (503, b"close")
    assert read == 6  # of which the last was too much


def test_a_service_whose_memory_is_taken_is_not_ready(slow):
    async def conversation(client):
        codes = []
        for size in (6000, 6001):
            sender = await hold(client, size)
            codes.append((await client.get("/health")).status_code)
            sender.leave()
            await sender.answer()
        return codes

    assert talk(slow, conversation, **FEW_BYTES) == [200, 503]


@pytest.mark.parametrize(
    "limits",
    [
        {"photos": 17, "photos_under_way": 16},
        {"request_bytes": 1001, "bytes_under_way": 1000},
    ],
)
def test_limits_that_would_refuse_a_request_for_ever_are_no_limits(limits):
    with pytest.raises(ValueError, match="refused for ever"):
        Limits(**limits)


def test_no_answer_in_time_is_told_and_the_service_goes_on(slow):
    async def conversation(client):
        slow.go_on.clear()
        late = await client.post("/predict", files=files(grey(20), grey(20)))
        slow.go_on.set()
        after = await client.post("/predict", files=files(grey(220)))
        return late, after, await under_way(client), (await client.get("/metrics")).text

    late, after, left, metrics = talk(slow, conversation, seconds=1)
    assert late.status_code == 504
    assert "1 s" in late.json()["detail"]
    assert after.json()["photos"][0]["class_num"] == "30"
    assert left == 0
    assert 'zest_photos_total{outcome="unanswered"} 2\n' in metrics
    assert "zest_predict_seconds_count 2\n" in metrics


def test_a_request_that_does_not_arrive_in_time_is_refused(slow):
    pieces = [HEAD, *[b"x"] * 100]
    status, read, closes = post_pieces(slow, pieces, FORM, pause=0.05, seconds=0.3)
    assert (status, closes) == (408, True)
    assert read < 20


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_large(slow):
    pieces = [HEAD, *[b"x" * 10_000] * 100]
    status, read, closes = post_pieces(slow, pieces, FORM, request_bytes=50_000)
    assert (status, closes) == (413, True)
    assert read <= 6


def test_a_body_whose_length_is_too_large_is_not_read(slow):
    headers = FORM | {"Content-Length": "50001"}
    assert post_pieces(slow, [HEAD] * 9, headers, request_bytes=50_000) == (413, 0, True)


def test_too_many_photos_are_refused_before_the_rest_is_read(slow):
    part = HEAD + b"x\r\n"
    assert post_pieces(slow, [part] * 20, FORM, photos=3) == (413, 4, True)


def test_a_request_that_has_arrived_keeps_its_connection(slow):
    async def conversation(client):
        statuses = {}
        for photo in (grey(20), b"a text"):
            sender = Sender(client, FORM)
            sender.send(HEAD, photo, b"\r\n--b--\r\n", is_all=True)
            status, headers = await sender.answer()
            statuses[status] = b"connection" in headers
        return statuses

    assert talk(slow, conversation) == {200: False, 415: False}


def test_a_client_that_leaves_before_its_end_leaves_nothing_behind(slow):
    async def conversation(client):
        sender = await hold(client, 9000)
        sender.leave()
        status, _ = await sender.answer()
        return status, await under_way(client), (await client.get("/health")).json()["ready"]

    assert talk(slow, conversation, **FEW_BYTES) == (499, 0, True)


def test_a_client_that_leaves_after_its_end_is_not_worked_for(slow):
    async def conversation(client):
        slow.batches.clear()  # of the warm-up
        first = await occupy(client, slow)
        sender = Sender(client, FORM)
        part = HEAD + grey(220) + b"\r\n"
        sender.send(part, part, b"--b--\r\n", is_all=True)
        await until_under_way(client, 3)
        sender.leave()
        status, _ = await sender.answer()
        left = await under_way(client)
        slow.go_on.set()
        codes = [status, (await first).status_code]
        await client.post("/predict", files=files(grey(20)))
        return codes, left, (await client.get("/metrics")).text

    codes, left, metrics = talk(slow, conversation)
    assert codes == [499, 200]
    assert left == 1
    assert slow.batches == [1, 1]
    assert 'zest_photos_total{outcome="abandoned"} 2\n' in metrics


def bytes_of_uploads() -> int:
    return sum(len(one.data) for one in gc.get_objects() if isinstance(one, Upload))


def test_a_client_that_leaves_while_its_photos_wait_for_a_thread_leaves_no_bytes(slow, monkeypatch):
    go_on = threading.Event()
    prepare = grading.prepare
    monkeypatch.setattr(grading, "prepare", lambda *told: go_on.wait(10) and prepare(*told))

    async def conversation(client):
        first = await send(client, grey(20))  # in the one thread
        before = bytes_of_uploads()
        sender = Sender(client, FORM)
        part = HEAD + b"x" * 100_000 + b"\r\n"
        sender.send(part, part, b"--b--\r\n", is_all=True)
        await until_under_way(client, 3)
        held = bytes_of_uploads()
        sender.leave()
        await sender.answer()
        await until_under_way(client, 1)
        left = bytes_of_uploads()
        go_on.set()
        return held - before, left - before, (await first).status_code

    assert talk(slow, conversation) == (200_000, 0, 200)


def test_photos_that_find_no_room_are_counted(slow):
    async def conversation(client):
        first = await occupy(client, slow)
        await client.post("/predict", files=files(grey(20), grey(20)))
        slow.go_on.set()
        await first
        return (await client.get("/metrics")).text

    metrics = talk(slow, conversation, photos=2, photos_under_way=2)
    assert 'zest_photos_total{outcome="turned_away"} 2\n' in metrics
    assert "zest_predict_seconds_count 1\n" in metrics


def test_a_service_that_has_stopped_working_is_not_live(slow):
    async def conversation(client):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline.Pipeline, "is_running", False)
            return [(await client.get(path)).status_code for path in ("/health", "/health/live")]

    assert talk(slow, conversation) == [503, 503]
