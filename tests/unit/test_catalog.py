import csv
import errno
import hashlib
import os
import sys

import pytest
from PIL import Image

import build_catalog
import zest.files
from catalog.photo_facts import ReadPhoto, read_photo
from catalog_folder import (
    CFG,
    OUTPUTS,
    build_command,
    catalog_arguments,
    competition,
    photo,
)
from zest.contracts import CATALOG, MEASURES, read_table
from zest.errors import UserError, run


@pytest.fixture
def root(tmp_path):
    return competition(tmp_path / "contest")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "catalog"


def build(root, out, threads=1, **settings):
    """Build both parts; return the train rows, the test rows and the problems of both."""
    cfg = {**CFG, **settings}
    train, test = ([out / name for name in OUTPUTS[part]] for part in ("train", "test"))
    build_catalog.build_training_part(cfg, root, threads, *train)
    build_catalog.build_test_part(cfg, root, threads, *test)
    tables = [read_table(path, CATALOG).to_pylist() for path in (train[0], test[0])]
    problems = [
        row for path in (train[2], test[2]) for row in csv.DictReader(path.open(encoding="utf-8"))
    ]
    return *tables, problems


def rewrite(path, text):
    path.write_text(text, encoding="utf-8", newline="")


def test_the_catalog_holds_every_photo_with_its_facts(root, out):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    path = photo(root / "train_images" / "train_1.jpg", (8, 5), exif=exif)
    train, test, problems = build(root, out)
    assert train[1] == {
        "image_id": "train_1.jpg",
        "path": "train_images/train_1.jpg",
        "label": 1,
        "group": None,
        "width": 5,
        "height": 8,
        "format": "JPEG",
        "mode": "RGB",
        "orientation": 6,
        "file_bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert [row["label"] for row in train] == [0, 1, 0, 1]
    assert [(row["image_id"], row["label"]) for row in test] == [
        ("test_0.jpg", None),
        ("test_1.jpg", None),
    ]
    assert problems == []
    assert (out / "train_problems.csv").read_text() == "file,row,image_id,problem\n"
    classes = (out / "classes.csv").read_text()
    assert classes == "label,class_num,name,photos\n0,0,0,2\n1,1,1,2\n"


def test_the_command_writes_the_same_bytes_with_any_number_of_threads(tmp_path):
    root = competition(tmp_path / "contest", train=40)
    for threads in (1, 2):
        done = build_command(CFG, root, tmp_path / str(threads), threads)
        assert (done.returncode, done.stderr) == (0, "")
        assert "read: 40/40 photos" in done.stdout
    for name in OUTPUTS["train"]:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_test_photos_are_in_the_order_of_the_sample_and_dummies_left_out(root, out):
    rewrite(root / "sample_submit.csv", "dummy_1,9\ntest_1,0\ntest_0.jpg,0\n")
    _, test, problems = build(root, out, dummy_ids=["dummy_*"])
    assert [row["image_id"] for row in test] == ["test_1", "test_0.jpg"]
    assert problems == []


def test_without_a_sample_file_test_photos_are_in_the_order_of_their_names(root, out):
    photo(root / "test_images" / "a" / "z.jpg")
    _, test, _ = build(root, out, sample_submission=None)
    assert [row["image_id"] for row in test] == ["a/z.jpg", "test_0.jpg", "test_1.jpg"]


def test_class_folders_and_groups_reach_the_catalog(tmp_path, root, out):
    rewrite(root / "train_images.csv", "id,class_num,fruit\ntrain_0,0,A\ntrain_1,1,B\n")
    train, _, _ = build(root, out, group_column="fruit")
    assert [row["group"] for row in train] == ["A", "B"]
    for name in ("9/a.jpg", "10/b.jpg"):
        photo(root / "folders" / name)
    train, _, _ = build(root, out, kind="folders", train_images="folders")
    assert [(row["image_id"], row["label"]) for row in train] == [("10/b.jpg", 1), ("9/a.jpg", 0)]


BROKEN = {
    "zero bytes": (lambda data: b"", "the file is empty"),
    "no image": (lambda data: b"<html>not found</html>", "not an image"),
    "truncated": (lambda data: data[:-8], "broken image data"),
    "header only": (lambda data: data[:25], "not an image|broken image data"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_photo_is_listed_with_file_row_and_reason_and_stops(root, out, how):
    damage, reason = BROKEN[how]
    path = photo(root / "train_images" / "train_1.jpg", (64, 64))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=f"train_images.csv, row 3: train_1.jpg: .*({reason})"):
        build(root, out)
    assert [path.name for path in out.iterdir()] == ["train_problems-stopped.csv"]
    train, _, problems = build(root, out, on_problem="continue")
    assert [row["image_id"] for row in train] == ["train_0.jpg", "train_2.jpg", "train_3.jpg"]
    (problem,) = problems
    assert (problem["file"], problem["row"], problem["image_id"]) == (
        "train_images.csv",
        "3",
        "train_1.jpg",
    )


def test_a_photo_of_too_many_pixels_is_a_problem(tmp_path):
    path = photo(tmp_path / "a.png", (70, 70))
    assert isinstance(read_photo(path, 4900), ReadPhoto)
    assert read_photo(path, 4899) == "70 x 70 pixels, more than data.max_pixels (4899)"


def test_a_strip_is_a_problem(tmp_path):
    path = photo(tmp_path / "a.png", (2, 60_000))
    assert read_photo(path, 100_000_000).startswith("a strip of 2 x 60000 pixels")


def test_what_is_no_file_or_cannot_be_read_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    assert "broken link" in read_photo(tmp_path / "broken.jpg", 5000)
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "device" in read_photo(tmp_path / "pipe.jpg", 5000)
    path = photo(tmp_path / "a.jpg")

    def refuse(self):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    assert read_photo(path, 5000) == "the file cannot be read (Permission denied)"


def test_a_bad_exif_orientation_counts_as_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 9
    facts = read_photo(photo(tmp_path / "a.jpg", (8, 5), exif=exif), 5000).facts
    assert (facts.orientation, facts.width, facts.height) == (1, 8, 5)


def test_measures_stand_in_the_order_of_the_catalog_without_the_photos_left_out(root, out):
    (root / "train_images" / "train_1.jpg").write_bytes(b"")
    train, _, _ = build(root, out, threads=2, on_problem="continue")
    measures = read_table(out / "train_measures.parquet", MEASURES).to_pylist()
    assert [row["image_id"] for row in measures] == [row["image_id"] for row in train]
    assert [row["thumbnail"]["path"] for row in measures] == [f"{r['image_id']}.jpg" for r in train]


def test_the_stop_lists_twenty_photos_and_keeps_all_in_a_file_until_a_run_passes(root, out):
    lines = [f"gone_{number}.jpg,0" for number in range(25)]
    csv_path = root / "train_images.csv"
    good = csv_path.read_text()
    rewrite(csv_path, good + "\n".join(lines) + "\n")
    with pytest.raises(UserError) as stopped:
        build(root, out)
    message = str(stopped.value)
    assert message.startswith("25 photo(s) cannot be used:")
    assert message.count("train_images.csv, row ") == 20
    assert "... and 5 more" in message
    assert "data.on_problem: continue" in message
    kept = out / "train_problems-stopped.csv"
    assert str(kept) in message
    assert len(list(csv.DictReader(kept.open()))) == 25
    rewrite(csv_path, good)
    build(root, out)
    assert not kept.exists()


def test_photos_that_nobody_asks_for_are_listed_but_never_stop(root, out):
    photo(root / "train_images" / "extra.jpg")
    photo(root / "test_images" / "extra.jpg")
    train, test, problems = build(root, out)
    assert (len(train), len(test)) == (4, 2)
    assert [(one["file"], one["row"]) for one in problems] == [
        ("train_images/extra.jpg", ""),
        ("test_images/extra.jpg", ""),
    ]


@pytest.mark.parametrize("on_problem", ["stop", "continue"])
@pytest.mark.parametrize(
    ("image_id", "reason"),
    [("gone.jpg", "there is no such"), ("test_1.jpg", r"the file is empty \(0 bytes\)")],
    ids=["missing", "unreadable"],
)
def test_a_test_photo_that_cannot_be_used_always_stops(root, out, on_problem, image_id, reason):
    (root / "test_images" / "test_1.jpg").write_bytes(b"")
    rewrite(root / "sample_submit.csv", f"id,class\ntest_0.jpg,0\n{image_id},0\n")
    with pytest.raises(UserError, match=f"sample_submit.csv, row 3: {image_id}: {reason}") as told:
        build(root, out, on_problem=on_problem)
    assert "a submission needs every one of these photos" in str(told.value)
    assert "on_problem" not in str(told.value)
    kept = csv.DictReader((out / "test_problems-stopped.csv").open())
    assert image_id in [problem["image_id"] for problem in kept]
    assert not (out / "test.parquet").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,class\na.jpg,0\n", "none of its 1 ids has a photo in test_images"),
        ("id,class\ntest_0.jpg,0\n../test_1.jpg,0\n", "row 3: the id '../test_1.jpg' leads out"),
        ("id,class\ntest_0.jpg,0\ntest_0,0\n", "rows 2 and 3: the ids 'test_0.jpg' and 'test_0'"),
        ("extra,0\ntest_0.jpg,0\n", "row 1: 'extra' looks like the name of a column"),
    ],
)
@pytest.mark.parametrize("on_problem", ["stop", "continue"])
def test_a_bad_sample_file_is_refused_with_its_row(root, out, text, message, on_problem):
    photo(root / "test_images" / "extra.jpg")
    rewrite(root / "sample_submit.csv", text)
    with pytest.raises(UserError, match=message):
        build(root, out, on_problem=on_problem)


def test_a_class_that_loses_its_last_photo_is_refused(root, out):
    for number in (1, 3):
        (root / "train_images" / f"train_{number}.jpg").write_bytes(b"")
    with pytest.raises(UserError, match="class 1 has no photo that can be read"):
        build(root, out, on_problem="continue")


def test_a_failed_command_ends_with_two_and_leaves_no_output(root, out):
    assert build_command(CFG, root, out).returncode == 0
    rewrite(root / "train_images.csv", "id,class_num\ntrain_0.jpg,0\ntrain_0.jpg,1\n")
    done = build_command(CFG, root, out)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {root / 'train_images.csv'}, rows 2 and 3: ")
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


def test_a_command_that_stops_at_a_photo_leaves_only_the_list(root, out):
    (root / "train_images" / "train_2.jpg").write_bytes(b"")
    done = build_command(CFG, root, out, threads=2)
    assert done.returncode == 2
    assert "train_images.csv, row 4: train_2.jpg: the file is empty (0 bytes)" in done.stderr
    assert [path.name for path in out.iterdir()] == ["train_problems-stopped.csv"]


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [(errno.ENOSPC, 1, "the disk is full"), (errno.EACCES, 2, "no permission")],
    ids=["disk full", "no permission"],
)
@pytest.mark.parametrize("written", [0, 1, 2])
def test_an_output_that_cannot_be_written_leaves_none(
    root, out, monkeypatch, capsys, number, code, told, written
):
    fsync, calls = os.fsync, []

    def fail(descriptor):
        calls.append(descriptor)
        if len(calls) > written:
            raise OSError(number, os.strerror(number), str(out))
        fsync(descriptor)

    monkeypatch.setattr(zest.files.os, "fsync", fail)
    monkeypatch.setattr(sys, "argv", catalog_arguments("train", CFG, root, out))
    with pytest.raises(SystemExit) as end:
        run(build_catalog.main)
    assert end.value.code == code
    assert told in capsys.readouterr().err
    assert list(out.iterdir()) == []
