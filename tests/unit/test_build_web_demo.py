"""The folder of the web page: which model it has, what it says of it, what it keeps offline."""

import base64
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import helper
from PIL import Image

from build_web_demo import build, main
from deployment import web_page
from deployment.probes import make_probes
from install_web_runtime import FILES, find_npm, install
from zest.errors import UserError
from zest.images import load_rgb

PROJECT = Path(__file__).parents[2]
SOURCES = sorted((PROJECT / "scripts/web_demo").iterdir())
STYLE = PROJECT / "scripts/zest/page/page.css"
CLASSES = [{"class_num": "7", "name": "優"}, {"class_num": "3", "name": "reject"}]
SCORE = {"value": 0.9, "low": 0.82, "high": 0.95, "n": 120}
SCORES = {"confidence": 0.95, "folds": 1, "scores": {"accuracy": SCORE, "log_loss": SCORE}}
FLOAT = {"path": "ONNX Runtime", "max_difference": 1e-7, "agreement": 1.0, "photos": 120}
PARITY = {"is_scored": True, "paths": [FLOAT]}
CFG = {"competition": "lemons", "metric": "log_loss", "precision": "float32"}


@pytest.fixture
def model(tmp_path) -> Path:
    """A model that has the metadata of an export, and does nothing."""
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["images"], [name]) for name in ("probabilities", "heat")],
        "small",
        [tensor("images", onnx.TensorProto.FLOAT, ["batch", 2])],
        [tensor(name, onnx.TensorProto.FLOAT, ["batch", 2]) for name in ("probabilities", "heat")],
    )
    made = helper.make_model(graph)
    told = {
        "architecture": "mobilenet",
        "classes": json.dumps(CLASSES),
        "preprocessing": json.dumps({"fit": "pad", "image_size": 96, "colour": "RGB"}),
    }
    helper.set_model_props(made, told)
    path = tmp_path / "deploy/small/model.onnx"
    path.parent.mkdir(parents=True)
    onnx.save(made, str(path))
    return path


@pytest.fixture
def runtime(tmp_path) -> Path:
    folder = tmp_path / "web_runtime"
    folder.mkdir()
    for name in FILES.values():
        (folder / name).write_text(name)
    (folder / ".snakemake_timestamp").write_text("")  # a server may not hand it out
    return folder


def built(out: Path, model: Path, runtime: Path) -> Path:
    about = web_page.describe(model, "small", "float32", SCORES, PARITY, CFG)
    build(out, SOURCES, STYLE, model, runtime, about)
    return out


def leaderboard(folder: Path, *models: str) -> Path:
    path = folder / "leaderboard.csv"
    path.write_text("model,score\n" + "".join(f"{name},0\n" for name in models))
    return path


def test_the_page_tells_classes_preprocessing_scores_and_parity_of_its_model(model):
    told = web_page.describe(model, "small", "float32", SCORES, PARITY, CFG)
    assert told["classes"] == CLASSES
    assert told["preprocessing"] == {"fit": "pad", "image_size": 96}
    assert told["model_bytes"] == model.stat().st_size
    assert told["scores"]["accuracy"] == {**SCORE, "confidence": 0.95}
    assert told["metric"] == {"key": "log_loss", **SCORE, "confidence": 0.95}
    assert told["parity"] == {"agreement": 1.0, "photos": 120}


def test_the_file_of_a_model_is_named_after_its_content(tmp_path, model, runtime):
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    out = built(tmp_path / "web", model, runtime)
    assert (out / f"model-{digest[:12]}.onnx").read_bytes() == model.read_bytes()
    about = json.loads((page_of(out) / "about.json").read_text())
    assert about["model_file"] == f"model-{digest[:12]}.onnx"


def test_the_folder_of_scripts_is_named_after_its_content_and_what_it_names(
    tmp_path, model, runtime
):
    out = built(tmp_path / "web", model, runtime)
    again = built(tmp_path / "again", model, runtime)
    assert contents_of(again) == contents_of(out)
    (runtime / "ort.wasm.min.js").write_text("another release")
    other = built(tmp_path / "other", model, runtime)
    assert page_of(other).name != page_of(out).name
    ours, theirs = contents_of(out), contents_of(other)
    same = {"index.html", "service-worker.js"}  # the names that cannot follow their content
    assert {name for name in ours if theirs.get(name, ours[name]) != ours[name]} == same


def contents_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def page_of(out: Path) -> Path:
    (page,) = out.glob("page-*")
    return page


def test_every_key_of_the_description_is_read_by_the_page(model):
    code = "".join(path.read_text() for path in SOURCES if path.suffix == ".js")
    for key in web_page.describe(model, "small", "float32", SCORES, PARITY, CFG):
        assert re.search(rf"about\.{key}\b|{{[^}}]*\b{key}\b[^}}]*}} = about\b", code), key


@pytest.mark.parametrize(
    ("is_scored", "folds", "whose"),
    [(True, 1, "own"), (True, 5, "folds"), (False, 1, "all"), (False, 5, "all")],
)
def test_scores_of_other_folds_are_not_told_as_those_of_the_model(model, is_scored, folds, whose):
    parity, scores = {**PARITY, "is_scored": is_scored}, {**SCORES, "folds": folds}
    told = web_page.describe(model, "small", "float32", scores, parity, CFG)
    assert (told["scored"], told["folds"]) == (whose, folds)


def test_a_model_whose_parity_was_not_checked_is_refused(model):
    with pytest.raises(UserError, match="int8"):
        web_page.describe(model, "small", "int8", SCORES, PARITY, CFG)


def test_the_offline_list_has_every_file_and_its_version_follows_their_content(
    tmp_path, model, runtime
):
    out = built(tmp_path / "web", model, runtime)
    worker = (out / "service-worker.js").read_text()
    kept = dict(json.loads(re.search(r"FILES = (\[.*\])", worker)[1]))
    on_disk = contents_of(out)
    on_disk["./"] = on_disk.pop("index.html")  # that name a host may redirect
    del on_disk["service-worker.js"]
    assert kept == {
        name: f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
        for name, content in on_disk.items()
    }
    assert not any(path.rpartition("/")[2].startswith(".") for path in set(kept) - {"./"})
    names = {name.rpartition("/")[2] for name in on_disk}
    assert {"LICENSE.txt", "ThirdPartyNotices.txt", "probes.json"} <= names
    assert not any(name.endswith(".mjs") for name in on_disk)  # nginx sends them as no script
    assert (built(tmp_path / "again", model, runtime) / "service-worker.js").read_text() == worker
    other = onnx.load(str(model))
    other.doc_string = "another training"
    onnx.save(other, str(model))
    assert (built(tmp_path / "other", model, runtime) / "service-worker.js").read_text() != worker


@pytest.mark.parametrize("is_installed", [False, True])
def test_without_the_licences_nothing_is_published(
    tmp_path, model, runtime, monkeypatch, is_installed
):
    empty = importlib.machinery.ModuleSpec("onnxruntime", None, is_package=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: empty if is_installed else None)
    with pytest.raises(UserError, match=r"LICENSE of ONNX Runtime .* package onnxruntime"):
        built(tmp_path / "web", model, runtime)


def test_probes_tell_the_pixels_of_training_of_each_kind_of_photo():
    sizes = set()
    for probe in make_probes():
        file, pixels = (base64.b64decode(probe[key]) for key in ("file", "pixels"))
        expected = load_rgb(file, short_side=probe["short_side"])
        assert pixels == expected.tobytes()
        sizes.add((Image.open(io.BytesIO(file)).format, *expected.shape))
    assert {(kind, 26, 37, 3) for kind in ("JPEG", "PNG", "WEBP")} <= sizes
    assert {("JPEG", 13, 19, 3), ("JPEG", 7, 10, 3), ("JPEG", 4, 5, 3)} <= sizes


def test_a_folder_is_built_anew_without_what_it_had(tmp_path, model, runtime):
    out = built(tmp_path / "web", model, runtime)
    (out / "old.js").write_text("")
    assert not (built(out, model, runtime) / "old.js").exists()


def test_what_the_page_refers_to_is_in_the_folder(tmp_path, model, runtime):
    out = built(tmp_path / "web", model, runtime)
    page = (out / "index.html").read_text()
    manifest = json.loads((out / "manifest.webmanifest").read_text())
    referred = re.findall(r'(?:href|src)="([^"]+)"', page)
    referred += [icon["src"] for icon in manifest["icons"]]
    for script in page_of(out).glob("*.js"):
        imported = re.findall(r"from '\./([^']+)'", script.read_text())
        referred += [f"{page_of(out).name}/{name}" for name in imported]
    assert len(referred) > 15
    for name in referred:
        assert (out / name).is_file(), name
    assert (manifest["name"], manifest["short_name"]) == ("Grade a photo: lemons", "lemons")


def test_two_contests_are_told_apart_by_what_a_phone_shows_of_their_names():
    names = ["lemon", "lemon_2024", "lemon_grading_2024", "lemon_grading_2025", "lime_grading_2025"]
    short = [web_page.short_name(name) for name in names]
    assert short[:2] == names[:2]
    assert len(set(short)) == len(names)
    assert max(map(len, short)) <= 12


def test_the_page_has_no_code_or_style_within_and_names_no_other_host():
    page = (PROJECT / "scripts/web_demo/index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page)
    assert "default-src 'none'" in page
    for path in SOURCES:
        for line in path.read_text().splitlines():
            loaded = re.search(r"""['"`](https?:)?//""", line)
            assert not loaded or "ns.adobe.com" in line, (path.name, line)


def test_icons_keep_what_matters_within_the_safe_zone():
    icon = web_page.draw_icon(100)
    assert icon.size == (100, 100)
    corner = icon.getpixel((2, 2))
    assert corner == icon.getpixel((97, 97)) != icon.getpixel((50, 50))
    assert icon.getpixel((50, 8)) == corner  # outside of the middle 80 %


def test_the_command_writes_the_folder(tmp_path, model, runtime, monkeypatch, capsys):
    for name, content in (("parity.json", PARITY), ("scores.json", SCORES)):
        (model.parent / name).write_text(json.dumps(content))
    out = tmp_path / "web"
    arguments = {
        "cfg": [json.dumps(CFG)],
        "candidates": ["small", "large"],
        "leaderboard": [leaderboard(tmp_path, "small", "large")],
        "models": [model],
        "parity": [model.parent / "parity.json"],
        "scores": [model.parent / "scores.json"],
        "runtime": [runtime],
        "sources": SOURCES,
        "style": [STYLE],
        "out": [out],
    }
    words = [str(word) for key, values in arguments.items() for word in (f"--{key}", *values)]
    monkeypatch.setattr(sys, "argv", ["build_web_demo.py", *words])
    main()
    assert json.loads((page_of(out) / "about.json").read_text())["model"] == "small"
    assert "python -m http.server" in capsys.readouterr().out


def test_without_npm_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="apt install npm"):
        find_npm()


def test_only_what_the_page_needs_is_taken_from_npm(tmp_path, monkeypatch):
    def npm_ci(command, cwd, **_):
        assert command[1:3] == ["ci", "--ignore-scripts"]
        dist = Path(cwd, "node_modules/onnxruntime-web/dist")
        dist.mkdir(parents=True)
        for name in (*FILES, "ort.all.js"):
            (dist / name).write_text(name)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(subprocess, "run", npm_ci)
    web = PROJECT / "envs/web"
    install(web / "package.json", web / "package-lock.json", tmp_path / "out")
    taken = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert taken == {ours: name for name, ours in FILES.items()}


def test_the_words_of_a_failing_npm_are_passed_on(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    failed = subprocess.CompletedProcess([], 1, "", "no such package")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    web = PROJECT / "envs/web"
    with pytest.raises(UserError, match="no such package"):
        install(web / "package.json", web / "package-lock.json", tmp_path / "out")


def test_every_locked_npm_package_has_a_hash_and_no_registry_is_named():
    text = (PROJECT / "envs/web/package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("integrity" in one for name, one in packages.items() if name)
    assert "resolved" not in text
    assert "://" not in text
