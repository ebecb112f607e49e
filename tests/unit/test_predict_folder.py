"""A folder of new photos and its grades: complete, the same each time, and never lost."""

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import predict_folder
from deployment.client.predict import Model
from deployment.running import ExportedModel
from exported_tiny import CLASSES
from grading import chunks, sheets
from photo_bytes import bomb, encoded, photo, picture, strip, turned_photo
from zest.contracts import GRADED, probability_matrix, read_table
from zest.errors import UserError
from zest.files import sha256

CFG = json.dumps({"competition": "test", "data": {"max_pixels": 1_000_000}})
OUTPUTS = {"table": "predictions.parquet", "csv": "predictions.csv"}
OUTPUTS |= {"problems": "problems.csv", "page": "contact_sheets.html"}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Photos of three formats, in a folder in a folder too, and files that are none."""
    monkeypatch.setattr(chunks, "PHOTOS", 4)
    monkeypatch.setattr(sheets, "PHOTOS", 4)
    made = tmp_path / "new photos"
    (made / "b" / "deep").mkdir(parents=True)
    for seed in range(9):
        (made / f"{seed}.jpg").write_bytes(photo(seed))
    (made / "b" / "turned.JPG").write_bytes(turned_photo(9))
    (made / "b" / "deep" / "one.png").write_bytes(encoded(picture(10), "PNG"))
    (made / "without suffix").write_bytes(encoded(picture(11), "WEBP"))
    (made / "cut.jpg").write_bytes(photo()[:-300])
    (made / "empty.jpg").touch()
    (made / "notes.txt").write_text("bought on Monday")
    (made / "bomb.png").write_bytes(bomb())
    (made / "strip.png").write_bytes(strip())
    (made / "lost.jpg").symlink_to("nowhere")
    (made / ".DS_Store").write_bytes(b"junk")
    return made


GRADABLE = {*(f"{seed}.jpg" for seed in range(9)), "b/turned.JPG", "b/deep/one.png"}
GRADABLE |= {"without suffix"}


def grade(folder: Path, model: Path, out: Path, threads: int = 1, source: str = "s") -> None:
    """Grade a folder as the rule does."""
    arguments = ["--cfg", CFG, "--code", "c", "--source", source, "--folder", str(folder)]
    arguments += ["--models", str(model), "--threads", str(threads)]
    arguments += ["--chunks", str(out / "chunks")]
    for option, name in OUTPUTS.items():
        arguments += [f"--{option}", str(out / name)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["predict_folder.py", *arguments])
        predict_folder.main()


def read(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in OUTPUTS.values()}


def test_every_photo_is_graded_as_by_the_client_of_the_bundle(folder, exported_model, tmp_path):
    grade(folder, exported_model, tmp_path / "out")
    table = read_table(tmp_path / "out/predictions.parquet", GRADED)
    names = table["image_id"].to_pylist()
    assert set(names) == GRADABLE
    assert len(names) == len(GRADABLE)
    expected = Model(exported_model).predict([folder / name for name in names])
    np.testing.assert_allclose(probability_matrix(table), expected, atol=5e-3)
    best = [CLASSES[label] for label in expected.argmax(axis=1)]
    assert table["label"].to_pylist() == expected.argmax(axis=1).tolist()
    assert table["class_num"].to_pylist() == [one["class_num"] for one in best]
    assert table["name"].to_pylist() == [one["name"] for one in best]
    assert table["sha256"].to_pylist() == [sha256(folder / name) for name in names]
    assert table["probability"].to_pylist() == probability_matrix(table).max(axis=1).tolist()


def test_the_csv_says_what_the_parquet_says(folder, exported_model, tmp_path):
    grade(folder, exported_model, tmp_path / "out")
    table = read_table(tmp_path / "out/predictions.parquet", GRADED).to_pylist()
    rows = read(tmp_path / "out/predictions.csv")
    assert [row["photo"] for row in rows] == [row["image_id"] for row in table]
    for row, exact in zip(rows, table, strict=True):
        assert (row["class_num"], row["name"]) == (exact["class_num"], exact["name"])
        told = [row["probability"], *(row[one["class_num"]] for one in CLASSES)]
        found = np.array(told, np.float32).tolist()
        assert found == [exact["probability"], *exact["probabilities"]]


def test_what_cannot_be_graded_is_listed_with_its_reason(folder, exported_model, tmp_path, capsys):
    grade(folder, exported_model, tmp_path / "out")
    found = {row["photo"]: row["problem"] for row in read(tmp_path / "out/problems.csv")}
    reasons = {
        "cut.jpg": "broken image data",
        "empty.jpg": "empty",
        "notes.txt": "not an image",
        "bomb.png": "more than data.max_pixels",
        "strip.png": "a strip of 2 x 60000 pixels",
        "lost.jpg": "cannot be read (No such file",
    }
    assert found.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in found[name]
    page = (tmp_path / "out/contact_sheets.html").read_text()
    assert all(name in page for name in reasons)
    assert "6 of 18 files cannot be graded" in capsys.readouterr().err


def test_a_name_that_is_no_text_is_listed(folder, exported_model, tmp_path):
    Path(str(folder / "bad\udcff.jpg")).write_bytes(photo())
    grade(folder, exported_model, tmp_path / "out")
    (found,) = [row for row in read(tmp_path / "out/problems.csv") if "bad" in row["photo"]]
    assert "not in UTF-8" in found["problem"]


def test_a_huge_file_is_not_read(folder, exported_model, tmp_path):
    with open(folder / "film.mp4", "wb") as file:
        file.truncate(3_000_000_000)
    grade(folder, exported_model, tmp_path / "out")
    (found,) = [row for row in read(tmp_path / "out/problems.csv") if "film" in row["photo"]]
    assert "more than 100 MB" in found["problem"]


def test_what_is_neither_a_file_nor_a_folder_is_listed_and_not_waited_for(
    folder, exported_model, tmp_path
):
    os.mkfifo(folder / "pipe.jpg")
    (folder / "b" / "back").symlink_to(folder)
    grade(folder, exported_model, tmp_path / "out")
    found = {row["photo"]: row["problem"] for row in read(tmp_path / "out/problems.csv")}
    assert "a pipe, a socket or a device" in found["pipe.jpg"]
    assert "a link to a folder that it lies in" in found["b/back"]


def test_a_folder_that_cannot_be_read_is_listed_and_loses_no_other_photo(
    folder, exported_model, tmp_path, monkeypatch
):
    iterdir = Path.iterdir

    def refuse(self):
        if self.name == "deep":
            raise PermissionError(13, "Permission denied", str(self))
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", refuse)  # a mode would not keep root out
    grade(folder, exported_model, tmp_path / "out")
    found = {row["photo"]: row["problem"] for row in read(tmp_path / "out/problems.csv")}
    assert "a folder that cannot be read" in found["b/deep"]
    graded = {row["photo"] for row in read(tmp_path / "out/predictions.csv")}
    assert graded == GRADABLE - {"b/deep/one.png"}


def test_a_lack_of_memory_names_the_photo_and_is_no_problem_of_it(
    folder, exported_model, tmp_path, monkeypatch
):
    def no_memory(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(chunks, "decode_fitted", no_memory)
        with pytest.raises(UserError, match=r"0\.jpg: there is no memory.*the same command again"):
            grade(folder, exported_model, tmp_path / "out")
    grade(folder, exported_model, tmp_path / "out")
    assert {row["photo"] for row in read(tmp_path / "out/predictions.csv")} == GRADABLE


def test_the_bytes_do_not_depend_on_the_number_of_threads(folder, exported_model, tmp_path):
    for threads in (1, 3):
        grade(folder, exported_model, tmp_path / str(threads), threads)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


class Killed(BaseException):
    """As a kill: nothing of ours catches it."""


def test_after_a_kill_the_chunks_that_are_done_are_kept(
    folder, exported_model, tmp_path, monkeypatch
):
    grade(folder, exported_model, tmp_path / "whole")
    whole, seen, predict = contents(tmp_path / "whole"), [], ExportedModel.predict_fitted

    def predict_until_killed(self, images):
        if len(seen) == 2:
            raise Killed
        seen.append(len(images))
        return predict(self, images)

    out = tmp_path / "out"
    monkeypatch.setattr(ExportedModel, "predict_fitted", predict_until_killed)
    with pytest.raises(Killed):
        grade(folder, exported_model, out)
    assert not (out / "predictions.csv").exists()
    (kept,) = (out / "chunks").iterdir()
    (kept / ".part-left.parquet").write_bytes(b"half")  # a kill within a write
    before = sum(seen)

    def predict_and_count(self, images):
        seen.append(len(images))
        return predict(self, images)

    monkeypatch.setattr(ExportedModel, "predict_fitted", predict_and_count)
    grade(folder, exported_model, out)
    assert sum(seen) == len(GRADABLE)  # none twice
    assert before > 0
    assert contents(out) == whole
    assert not (out / "chunks").exists()


def test_chunks_of_other_photos_are_not_taken_up(folder, exported_model, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(predict_folder.tables, "write_parquet", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            grade(folder, exported_model, out, source="before")
    assert len(list((out / "chunks").iterdir())) == 1
    (out / "chunks" / ".DS_Store").write_bytes(b"junk")
    (folder / "0.jpg").write_bytes(photo(42))
    grade(folder, exported_model, out, source="after")
    (folder / "0.jpg").rename(tmp_path / "0.jpg")
    rows = {row["photo"]: row for row in read(out / "predictions.csv")}
    expected = Model(exported_model).predict([tmp_path / "0.jpg"])[0]
    assert float(rows["0.jpg"][CLASSES[0]["class_num"]]) == pytest.approx(expected[0], abs=5e-3)


def test_a_folder_without_a_photo_is_refused(exported_model, tmp_path):
    (tmp_path / "new").mkdir()
    with pytest.raises(UserError, match="empty"):
        grade(tmp_path / "new", exported_model, tmp_path / "out")
    (tmp_path / "new" / "a.txt").write_text("x")
    with pytest.raises(UserError, match=r"none of its 1 files.*a\.txt"):
        grade(tmp_path / "new", exported_model, tmp_path / "out")


@pytest.mark.parametrize(
    ("certainty", "most", "expected"),
    [
        ([0.9, 0.4, 0.6], 3, ([1, 2, 0], [])),
        ([0.5, 0.5], 3, ([0, 1], [])),
        ([0.9, 0.4, 0.6, 0.8, 0.7], 3, ([1, 2], [0])),
        ([], 3, ([], [])),
    ],
)
def test_a_sheet_begins_with_the_least_certain_and_ends_with_the_most(certainty, most, expected):
    assert sheets.choose(certainty, most) == expected


def test_a_sheet_tells_how_many_it_leaves_out(folder, exported_model, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_OF_CLASS", 2)
    monkeypatch.setattr(sheets, "MOST_PHOTOS", 6)
    grade(folder, exported_model, tmp_path / "out")
    page = (tmp_path / "out/contact_sheets.html").read_text()
    rows = read(tmp_path / "out/predictions.csv")
    counts = [sum(row["name"] == one["name"] for row in rows) for one in CLASSES]
    assert page.count("<img ") == sum(min(count, 2) for count in counts)
    for count in counts:
        assert count <= 2 or f"{count - 2} photos between these" in page


@pytest.mark.parametrize(
    ("probabilities", "unsure"),
    [([0.5, 0.25, 0.25], True), ([0.52, 0.24, 0.24], False), ([0.3, 0.1, 0.6], True)],
)
def test_a_photo_is_unsure_where_another_class_is_half_as_likely(probabilities, unsure):
    row = {"probabilities": probabilities, "probability": max(probabilities)}
    assert sheets.is_unsure(row) is unsure


def test_a_thumbnail_stands_under_its_own_photo(folder, exported_model, tmp_path, monkeypatch):
    shown = {}
    monkeypatch.setattr(sheets, "jpeg_uri", lambda data: shown.setdefault(data, str(len(shown))))
    tiles = []
    tile = sheets.Tile
    monkeypatch.setattr(sheets, "Tile", lambda *told: tiles.append(told) or tile(*told))
    grade(folder, exported_model, tmp_path / "out")
    names = {uri: data for data, uri in shown.items()}
    told = {"image_size": 24, "fit": "crop"}
    for name, uri, _ in tiles:
        image = chunks.read_photo(folder, name, told, 10**6).image
        assert names[uri] == chunks.thumbnail(image)
    assert {name for name, *_ in tiles} == GRADABLE


def test_the_page_is_the_same_whatever_the_folder_lies_in(folder, exported_model, tmp_path):
    moved = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, moved, symlinks=True)
    grade(folder, exported_model, tmp_path / "one")
    grade(moved, exported_model, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
