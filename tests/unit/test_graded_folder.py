"""Which folder is graded, what its results are called, and when it has changed."""

import os
import re
from pathlib import Path

import pytest

from configuring import message, minimal
from zest.config import validate
from zest.errors import UserError
from zest.graded_folder import check_folder, folder_of, name_of, names_in, state_of


def test_no_folder_is_graded_unless_one_is_named():
    assert validate(minimal())["folder"] is None
    assert folder_of(None) is None
    assert validate(minimal(folder="new"))["folder"] == "new"


@pytest.mark.parametrize("folder", [2026, "", ["a"]])
def test_what_is_no_name_of_a_folder_is_refused(folder):
    assert message(minimal(folder=folder)).count("folder: ") == 1


def test_a_folder_that_is_not_there_is_refused_with_its_name(tmp_path):
    with pytest.raises(UserError, match=r"there is no folder .*nowhere"):
        check_folder(folder_of("nowhere"), tmp_path)


def test_a_folder_that_may_not_be_read_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may read any
    with pytest.raises(UserError, match="chmod"):
        check_folder(tmp_path, tmp_path.parent / "results")


def test_a_folder_that_holds_the_results_is_refused(tmp_path):
    (tmp_path / "new").mkdir()
    with pytest.raises(UserError, match="also holds"):
        check_folder(tmp_path, tmp_path / "results")
    check_folder(folder_of(str(tmp_path / "new")), tmp_path / "results")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/a/new photos", "new_photos"),
        ("/a/{model}", "_model_"),
        ("/a/写真", "写真"),
        ("/a/..hidden", "hidden"),
        ("/", "photos"),
    ],
)
def test_results_are_called_after_the_folder_without_what_paths_mean(folder, name):
    found, _, tail = name_of(Path(folder)).rpartition("-")
    assert found == name
    assert re.fullmatch("[0-9a-f]{6}", tail)


def test_folders_of_the_same_name_have_results_of_their_own():
    assert name_of(Path("/monday/photos")) != name_of(Path("/tuesday/photos"))


def test_the_state_follows_names_and_contents_alone(tmp_path):
    folder, cache = tmp_path / "new", tmp_path / "cache.json"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "sub" / "b.jpg").write_bytes(b"b")
    (folder / ".hidden").write_bytes(b"c")
    assert names_in(folder) == ["a.jpg", "sub/b.jpg"]
    before = state_of(folder, cache)
    os.utime(folder / "a.jpg", (1, 1))
    assert state_of(folder, cache) == before
    (folder / "sub" / "b.jpg").write_bytes(b"x")
    changed = state_of(folder, cache)
    assert changed != before
    (folder / "sub" / "b.jpg").rename(folder / "sub" / "c.jpg")
    assert state_of(folder, cache) not in (before, changed)
