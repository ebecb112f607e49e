"""The fingerprint of a folder of photos: what changes it and what does not."""

import os
import shutil
from pathlib import Path

import pytest

from zest.inventory import files_below, inventory
from zest.sources import DEMO_PARTS, RENDERED, find_archives, source_fingerprint


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "inner/c.jpg"):
        (folder / name).write_bytes(b"photo")
    return folder


@pytest.fixture
def fingerprint(tmp_path):
    return lambda root=tmp_path: inventory(root, ["photos"], tmp_path / "cache.json")


def test_a_photo_added_removed_renamed_or_replaced_changes_it(photos, fingerprint):
    seen = {fingerprint()}
    (photos / "d.jpg").write_bytes(b"photo")
    seen.add(fingerprint())
    (photos / "a.jpg").unlink()
    seen.add(fingerprint())
    (photos / "b.jpg").rename(photos / "e.jpg")
    seen.add(fingerprint())
    (photos / "inner/c.jpg").write_bytes(b"other photo")
    seen.add(fingerprint())
    (photos / "inner/c.jpg").write_bytes(b"photo other")
    seen.add(fingerprint())
    assert len(seen) == 6


def test_a_touched_photo_changes_nothing(photos, fingerprint):
    before = fingerprint()
    os.utime(photos / "a.jpg")
    assert fingerprint() == before


def test_a_copy_of_the_folder_has_the_same_fingerprint(photos, fingerprint, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(photos, copy / "photos")
    assert inventory(copy, ["photos"], tmp_path / "other.json") == fingerprint()


def test_hidden_files_change_nothing(photos, fingerprint):
    before = fingerprint()
    (photos / ".DS_Store").write_bytes(b"x")
    assert fingerprint() == before


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "._a.jpg"])
def test_what_operating_systems_leave_changes_nothing(photos, fingerprint, name):
    before = fingerprint()
    (photos / name).write_bytes(b"x")
    assert fingerprint() == before


def test_links_that_lead_nowhere_or_in_a_circle_and_pipes_are_stood(photos, fingerprint):
    seen = {fingerprint()}
    (photos / "gone.jpg").symlink_to(photos / "absent.jpg")
    seen.add(fingerprint())
    (photos / "inner/loop").symlink_to(photos)
    seen.add(fingerprint())
    os.mkfifo(photos / "pipe.jpg")
    seen.add(fingerprint())
    assert len(seen) == 4


def test_a_subfolder_that_cannot_be_read_is_told_from_one_that_can(
    photos, fingerprint, monkeypatch
):
    iterdir = Path.iterdir
    unreadable = "inner"

    def refuse(self):
        if self.name == unreadable:
            raise PermissionError(13, "Permission denied", str(self))
        return iterdir(self)

    readable = fingerprint()
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert list(files_below(photos.parent, "photos"))[2:] == ["photos/inner"]
    assert fingerprint() != readable
    unreadable = "photos"
    with pytest.raises(PermissionError):
        fingerprint()


def test_names_are_told_of_a_folder_that_tells_no_more(photos, fingerprint, monkeypatch):
    """A folder may be listed without a right to look at its files."""
    seen = {fingerprint()}
    stat = Path.stat

    def refuse(self, **how):
        if self.parent.name == "inner":
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", refuse)
    assert list(files_below(photos.parent, "photos"))[2:] == ["photos/inner/c.jpg"]
    seen.add(fingerprint())
    assert len(seen) == 2


def test_a_file_that_cannot_be_read_is_told_from_one_that_can(photos, fingerprint, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("zest.inventory.sha256", refuse)
    refused = fingerprint()
    monkeypatch.undo()
    (photos.parent / "cache.json").unlink()
    assert fingerprint() != refused


def test_an_absent_folder_is_not_an_empty_one(fingerprint, tmp_path):
    absent = fingerprint()
    (tmp_path / "photos").mkdir()
    assert fingerprint() != absent


def test_unchanged_photos_are_not_read_again(photos, fingerprint, monkeypatch):
    before = fingerprint()
    read = []
    monkeypatch.setattr("zest.inventory.sha256", lambda path: read.append(path.name) or "0")
    assert fingerprint() == before
    (photos / "b.jpg").write_bytes(b"another")
    fingerprint()
    assert read == ["b.jpg"]


@pytest.mark.parametrize("content", [b"", b"no json", b"[]"[:1]])
def test_a_broken_cache_is_made_anew(photos, fingerprint, tmp_path, content):
    before = fingerprint()
    (tmp_path / "cache.json").write_bytes(content)
    assert fingerprint() == before


def test_a_cache_that_cannot_be_written_is_done_without(photos, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert inventory(tmp_path, ["photos"], blocked / "cache.json")


DATA = {
    "kind": "demo",
    "train_images": "train_images",
    "test_images": "test_images",
    "labels": "train_images.csv",
    "classes": None,
    "sample_submission": "sample_submit.csv",
}


def test_a_demo_as_rendered_has_one_fingerprint_before_and_after(tmp_path):
    data = {**DATA, "root": str(tmp_path / "demo")}
    assert source_fingerprint(data, "train", tmp_path / "cache.json") == "as rendered"
    (tmp_path / "demo/train_images").mkdir(parents=True)
    (tmp_path / "demo/train_images/a.jpg").write_bytes(b"photo")
    files = inventory(tmp_path / "demo", DEMO_PARTS["train"])
    (tmp_path / "demo" / RENDERED).write_text(f'{{"train": "{files}"}}')
    assert source_fingerprint(data, "train", tmp_path / "cache.json") == "as rendered"
    (tmp_path / "demo/train_images/a.jpg").write_bytes(b"changed")
    assert source_fingerprint(data, "train", tmp_path / "cache.json") not in ("as rendered", files)


def test_archives_are_found_as_the_source_or_instead_of_image_folders(tmp_path):
    (tmp_path / "train_images.zip").write_bytes(b"")
    (tmp_path / "test_images").mkdir()
    data = {**DATA, "kind": "csv", "root": str(tmp_path)}
    assert find_archives(data) == [str(tmp_path / "train_images.zip")]
    whole = {**data, "root": str(tmp_path / "train_images.zip")}
    assert find_archives(whole) == [whole["root"]]
    (tmp_path / "train_images").mkdir()
    assert find_archives(data) == []
