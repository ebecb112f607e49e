"""The service under load: batches, limits of all requests together, and what takes too long."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

import serve
from photo_bytes import photo
from serving import SlowModel, files, grey, post_pieces, talk

SERVE = Path(serve.__file__)
LEVELS = (20, 120, 220)  # of grey, for the three classes
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'


@pytest.fixture
def slow():
    return SlowModel()


async def until(condition) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def send(client: httpx.AsyncClient, *photos: bytes) -> asyncio.Task:
    """Send a request, and give it the time to arrive."""
    task = asyncio.create_task(client.post("/predict", files=files(*photos)))
    await asyncio.sleep(0.05)
    return task


async def under_way(client: httpx.AsyncClient) -> int:
    return (await client.get("/health")).json()["photos_under_way"]


def test_photos_of_several_requests_share_a_batch_and_each_gets_its_own_answer(slow):
    async def conversation(client):
        slow.batches.clear()  # of the warm-up
        slow.go_on.clear()
        tasks = [await send(client, grey(LEVELS[number % 3])) for number in range(6)]
        slow.go_on.set()
        return [(await task).json()["photos"][0]["class_num"] for task in tasks]

    assert talk(slow, conversation) == ["10", "20", "30"] * 2
    assert slow.batches == [1, 5]


def test_a_photo_alone_does_not_wait_for_others(slow):
    async def conversation(client):
        await client.post("/predict", files=files(grey(20)))
        started = time.perf_counter()
        for _ in range(20):
            await client.post("/predict", files=files(grey(20)))
        return (time.perf_counter() - started) / 20

    from service import pipeline

    before, pipeline.WAIT_SECONDS = pipeline.WAIT_SECONDS, 0.5
    try:
        assert talk(slow, conversation) < 0.25
    finally:
        pipeline.WAIT_SECONDS = before


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

    too_many, full, health, codes, left = talk(slow, conversation, photos_under_way=4)
    for answer in (too_many, full, health):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert health.json() == {"live": True, "ready": False, "photos_under_way": 4}
    assert codes == [200, 200, 200]
    assert left == 0


def test_a_full_service_reads_no_body(slow):
    assert post_pieces(slow, [HEAD], FORM, photos_under_way=0) == (503, 0)


def test_what_all_requests_hold_in_memory_is_limited(slow):
    pieces = [HEAD, *[b"x" * 1000] * 50]
    status, read = post_pieces(slow, pieces, FORM, bytes_under_way=10_000)
    assert status == 503
    assert read < 15


def test_no_answer_in_time_is_told_and_the_service_goes_on(slow):
    async def conversation(client):
        slow.go_on.clear()
        late = await client.post("/predict", files=files(grey(20), grey(20)))
        slow.go_on.set()
        after = await client.post("/predict", files=files(grey(220)))
        return late, after, await under_way(client)

    late, after, left = talk(slow, conversation, seconds=1)
    assert late.status_code == 504
    assert "1 s" in late.json()["detail"]
    assert after.json()["photos"][0]["class_num"] == "30"
    assert left == 0


def test_a_request_that_does_not_arrive_in_time_is_refused(slow):
    status, read = post_pieces(slow, [HEAD, *[b"x"] * 100], FORM, pause=0.05, seconds=0.3)
    assert status == 408
    assert read < 20


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_large(slow):
    pieces = [HEAD, *[b"x" * 10_000] * 100]
    status, read = post_pieces(slow, pieces, FORM, request_bytes=50_000)
    assert status == 413
    assert read <= 6


def test_a_body_whose_length_is_too_large_is_not_read(slow):
    headers = FORM | {"Content-Length": "50001"}
    assert post_pieces(slow, [HEAD] * 9, headers, request_bytes=50_000) == (413, 0)


def test_too_many_photos_are_refused_before_the_rest_is_read(slow):
    part = HEAD + b"x\r\n"
    status, read = post_pieces(slow, [part] * 20, FORM, photos=3)
    assert status == 413
    assert read == 4


def test_a_client_that_leaves_leaves_no_photos_behind(slow):
    status, _ = post_pieces(slow, [HEAD], FORM)
    assert status == 499


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example.org", False),
    ],
)
def test_an_address_that_others_reach_is_warned_of(host, expected, tmp_path):
    assert serve.is_loopback(host) is expected
    (tmp_path / "parity.json").touch()
    assert (serve.warnings_of(host, tmp_path / "model.onnx") == []) is expected


def test_a_model_without_its_proof_is_warned_of(tmp_path):
    (warning,) = serve.warnings_of("127.0.0.1", tmp_path / "model.onnx")
    assert "snakemake deploy" in warning


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_model_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    command = [sys.executable, SERVE, "--model", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_listens_to_this_machine_and_ends_with_its_requests_answered(exported_model):
    command = [sys.executable, SERVE, "--model", exported_model, "--port", "0", "--cores", "1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ}
    )
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        url = f"http://127.0.0.1:{found[1]}/predict"
        arrived = threading.Event()

        def body():
            yield HEAD
            arrived.set()
            time.sleep(0.5)  # the end comes in between
            yield photo() + b"\r\n--b--\r\n"

        answers = []
        request = threading.Thread(
            target=lambda: answers.append(httpx.post(url, content=body(), headers=FORM))
        )
        request.start()
        arrived.wait(10)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        request.join()
        assert answers[0].status_code == 200
        assert json.loads(answers[0].text)["photos"][0]["name"]
        process.wait(10)
    finally:
        process.kill()
        process.stdout.close()


def test_a_service_that_has_stopped_working_is_not_live(slow):
    from service.pipeline import Pipeline

    async def conversation(client):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Pipeline, "is_running", False)
            return [(await client.get(path)).status_code for path in ("/health", "/health/live")]

    assert talk(slow, conversation) == [503, 503]
