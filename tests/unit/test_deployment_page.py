"""Which exports are worth having, and the page that says so."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import write_deployment_page
from deployment.exports import exports_of, frontier
from exported_folder import call

SCORE = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 48}
LOSS = {"value": 0.0, "low": -0.02, "high": 0.02, "only_leader": 1}


def parity_of(
    int8: float,
    is_scored: bool = True,
    agreement: float = 0.96,
    loss: dict = LOSS,
    more: Sequence[str] = (),
) -> dict:
    def path(name: str, value: float, same: float = 1.0) -> dict:
        told = {"path": name, "max_difference": 3e-6, "agreement": same, "photos": 48}
        return {**told, "score": {**SCORE, "value": value}, "loss": loss}

    return {
        "photos": 48,
        "is_scored": is_scored,
        "tolerance": 1e-5,
        "int8_max_loss": 0.005,
        "confidence": 0.95,
        "paths": [
            path("Paddle Inference", 0.9),
            path("ONNX Runtime", 0.9),
            *(path(name, 0.9) for name in more),
            path("ONNX Runtime INT8", int8, agreement),
        ],
        "links": [
            {"name": "decode", "max_difference": 0.0, "unit": "levels of 255"},
            {"name": "quantise", "max_difference": 0.1, "unit": "of probability"},
        ],
    }


def speed_of(size: float = 1.0) -> dict:
    def cost(name: str, megabytes: float, ms: float) -> dict:
        told = {"export": name, "megabytes": size * megabytes, "p50_ms": size * ms}
        told |= {"p95_ms": 2 * size * ms, "photos_per_second": 100 / size, "within_budget": True}
        return {**told, "peak_memory_mb": 200.0, "leaves": name == "ONNX Runtime"}

    exports = [("Paddle Inference", 14, 20), ("ONNX Runtime", 13, 16), ("ONNX Runtime INT8", 4, 9)]
    return {"threads": 1, "exports": [cost(*one) for one in exports]}


def names(exports: list) -> list[str]:
    return [f"{one.model} {one.export}" for one in exports]


def test_what_is_beaten_in_everything_is_not_on_the_frontier():
    exports = exports_of("a", parity_of(0.85), speed_of())
    assert names(frontier(exports, False)) == ["a ONNX Runtime", "a ONNX Runtime INT8"]
    exports = exports_of("a", parity_of(0.9), speed_of())  # INT8 loses nothing
    assert names(frontier(exports, False)) == ["a ONNX Runtime INT8"]


def test_of_log_loss_the_lower_one_is_better():
    exports = exports_of("a", parity_of(0.95), speed_of())
    assert names(frontier(exports, True)) == ["a ONNX Runtime", "a ONNX Runtime INT8"]
    assert names(frontier(exports, False)) == ["a ONNX Runtime INT8"]


def test_what_is_shown_alike_is_alike_on_the_frontier():
    cheap, dear = speed_of(), speed_of()
    for cost in cheap["exports"]:
        cost["megabytes"] -= 0.001
        cost["p50_ms"] += 5
    exports = exports_of("slower", parity_of(0.9), cheap) + exports_of("a", parity_of(0.9), dear)
    assert names(frontier(exports, False)) == ["a ONNX Runtime INT8"]


def test_without_scores_size_and_time_decide():
    exports = exports_of("a", parity_of(0.1, is_scored=False), speed_of())
    assert names(frontier(exports, False)) == ["a ONNX Runtime INT8"]


def test_two_that_are_equal_are_both_on_the_frontier():
    exports = [one for name in ("a", "b") for one in exports_of(name, parity_of(0.9), speed_of())]
    assert names(frontier(exports, False)) == ["a ONNX Runtime INT8", "b ONNX Runtime INT8"]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the page of two models, and return it with the table."""
    monkeypatch.chdir(tmp_path)

    def write(**settings: object) -> tuple[str, list[dict]]:
        for name, int8, size in (("small", 0.8, 1.0), ("<large>", 0.9, 2.0)):
            folder = Path(name)
            folder.mkdir(exist_ok=True)
            (folder / "parity.json").write_text(json.dumps(parity_of(int8, **settings)))
            (folder / "speed.json").write_text(json.dumps(speed_of(size)))
        arguments = ["--cfg", json.dumps({"competition": "pears & figs", "metric": "accuracy"})]
        arguments += ["--parities", "small/parity.json", "<large>/parity.json"]
        arguments += ["--speeds", "small/speed.json", "<large>/speed.json"]
        call(write_deployment_page, *arguments, "--table", "exports.csv", "--html", "page.html")
        with open("exports.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return Path("page.html").read_text(encoding="utf-8"), rows

    return write


def test_the_page_tells_frontier_parity_and_what_int8_changes(written):
    page, rows = written()
    assert (
        "6 exports of small and &lt;large&gt; passed the gate; 3 of them are worth having" in page
    )
    assert (
        "On the frontier: small (ONNX Runtime), small (ONNX Runtime INT8) and &lt;large&gt;" in page
    )
    assert "INT8 of small changes the class of 2 of 48 photos." in page
    assert "pears &amp; figs" in page
    assert "<large>" not in page
    assert page.count('<circle class="leads"') == 3
    assert page.count("<circle") == 6
    assert page.count('text-anchor="start">small') + page.count('text-anchor="end">small') == 2
    assert "http" not in page.replace("http-equiv", "")
    assert [row["model"] for row in rows] == ["small"] * 3 + ["<large>"] * 3
    assert [row["leaves"] for row in rows] == ["False", "True", "False"] * 2
    assert rows[4]["megabytes"] == "26.0"


def test_of_a_model_without_a_score_the_page_shows_size_and_time(written):
    page, rows = written(is_scored=False)
    assert "<circle" not in page
    assert "nan" not in page
    assert rows[0]["value"] == "nan"


def test_the_page_says_what_too_few_photos_cannot_prove(written):
    page, _ = written()
    told = "48 photos are too few to prove that INT8 of small loses at most 0.005"
    assert f"{told} (deploy.int8_max_loss): it may lose up to 0.020." in page
    page, _ = written(loss={**LOSS, "low": -0.002, "high": 0.002})
    assert "too few to prove" not in page
    page, _ = written(loss={**LOSS, "value": 0.125, "low": None, "high": None})
    assert f"{told} (deploy.int8_max_loss): what it may lose is not known." in page


def test_the_page_lists_no_program_for_paddle_2_where_none_was_written(written):
    page, _ = written()
    assert "inference.json" in page
    assert "inference.pdmodel" not in page  # no path goes by it
    page, _ = written(more=["Paddle Inference 2.x"])
    assert "inference.pdmodel" in page


def test_an_interval_that_is_not_known_is_told_so(written):
    page, _ = written(loss={**LOSS, "value": 0.125, "low": None, "high": None})
    assert "unknown to unknown" in page
    assert "0.125" in page
