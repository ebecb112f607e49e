"""serve.py as a command: what it refuses, what it warns of, how it listens and ends."""

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
from serving import FORM, HEAD

SERVE = Path(serve.__file__)


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


def settings_of(monkeypatch, exported_model, *options: str) -> dict:
    """Return how uvicorn is called."""
    told = {}
    monkeypatch.setattr(serve.uvicorn, "run", lambda _app, **settings: told.update(settings))
    monkeypatch.setattr(serve, "settle_process", lambda: None)
    monkeypatch.setattr(sys, "argv", ["serve.py", "--model", str(exported_model), *options])
    serve.main()
    return told


def test_options_by_which_a_request_would_be_refused_for_ever_are_refused(
    monkeypatch, exported_model, capsys
):
    options = ("--max-waiting", "16")
    with pytest.raises(SystemExit) as ended:
        settings_of(monkeypatch, exported_model, *options, "--max-photos", "17")
    assert ended.value.code == 2
    assert "--max-waiting 16 is less than --max-photos 17" in capsys.readouterr().err
    settings_of(monkeypatch, exported_model, *options, "--max-photos", "16")


def test_an_end_leaves_the_time_to_arrive_and_to_be_answered(monkeypatch, exported_model):
    told = settings_of(monkeypatch, exported_model, "--seconds", "7")
    assert told["timeout_graceful_shutdown"] > 2 * 7


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

        answers, headers = [], FORM | {"X-Forwarded-For": "forged"}
        request = threading.Thread(
            target=lambda: answers.append(httpx.post(url, content=body(), headers=headers))
        )
        request.start()
        arrived.wait(10)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        request.join()
        assert answers[0].status_code == 200
        assert json.loads(answers[0].text)["photos"][0]["name"]
        process.wait(10)
        (line,) = [one for one in process.stdout if "POST /predict" in one]
        assert line.endswith("from 127.0.0.1\n")  # not what the client says of itself
    finally:
        process.kill()
        process.stdout.close()
