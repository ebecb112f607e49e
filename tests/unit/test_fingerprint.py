"""The fingerprint of code: what changes them and what does not."""

import pytest

from zest.fingerprint import CodeBase, _version

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
    import importlib.metadata

    before = fingerprint(project)
    _version.cache_clear()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    after = fingerprint(project)
    _version.cache_clear()
    assert after != before


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
