"""The program of the bundle sees a photo as the training did, and needs nothing of Zest."""

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from deployment.client import predict as client
from exported_folder import MODEL
from photo_bytes import plain_ppm, strip, tiled_tiff
from zest import images as ours

PROGRAM = Path(client.__file__)
SIZES = [(320, 320), (448, 448), (640, 480), (253, 192), (231, 640), (100, 90), (224, 224)]
SIZES += [(200, 300), (216, 288), (762, 216)]  # where one side shrinks, places are whole numbers


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, channels), np.uint8)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


@pytest.mark.parametrize("how", ["crop", "stretch", "pad"])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_resizes_as_the_training_does(height, width, how):
    image = noise(height, width)
    expected = ours.fit(image, 224, how).astype(int)
    differences = np.abs(client.fit(image, 224, how) - expected)
    one_grows = how == "stretch" and min(height, width) < 224 < max(height, width)
    assert differences.max() <= 1
    assert (differences > 0).mean() <= (0.2 if one_grows else 1e-4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("short_side", [None, 96, 200])
def test_it_decodes_a_jpeg_as_the_training_does(orientation, short_side):
    exif = Image.Exif()
    exif[ours.ORIENTATION] = orientation
    data = encoded(Image.fromarray(noise(411, 307)), "JPEG", exif=exif, quality=85)
    expected = ours.load_rgb(data, short_side=short_side)
    found = client.load_rgb(io.BytesIO(data), short_side)
    assert found.shape == expected.shape
    assert (found == expected).all()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "CMYK", "I;16"])
def test_it_decodes_other_colours_as_the_training_does(mode):
    if mode == "I;16":
        values = np.random.default_rng(0).integers(0, 65536, (40, 50)).astype(np.uint16)
        image = Image.fromarray(values)
    else:
        image = Image.fromarray(noise(40, 50, 4), "RGBA").convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    data = encoded(image, kind)
    assert (client.load_rgb(io.BytesIO(data)) == ours.load_rgb(data)).all()


def test_a_bomb_is_refused_before_its_pixels_are_decoded():
    data = bytearray(encoded(Image.new("L", (8, 8)), "PNG"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2  # of the header: width and height
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(client.UnreadablePhoto, match="60000 x 60000 pixels, more than"):
        client.load_rgb(io.BytesIO(bytes(data)))


def test_a_bomb_in_a_tile_is_refused_and_a_tile_larger_than_its_photo_is_not():
    with pytest.raises(client.UnreadablePhoto, match="a tile of 26000 x 26000 pixels, more than"):
        client.load_rgb(io.BytesIO(tiled_tiff(64, 26_000)))
    assert client.load_rgb(io.BytesIO(tiled_tiff(64, 256))).shape == (64, 64, 3)


@pytest.mark.parametrize("data", [strip(), *(plain_ppm(kind) for kind in (1, 2, 3))])
def test_what_the_training_refuses_is_refused_with_its_words(data):
    with pytest.raises(ours.UnreadableImage) as expected:
        ours.load_rgb(data)
    with pytest.raises(client.UnreadablePhoto) as found:
        client.load_rgb(io.BytesIO(data))
    assert str(found.value) == str(expected.value)


def test_a_lack_of_memory_is_not_told_as_a_fault_of_the_photo(monkeypatch):
    def no_memory(*_, **__):
        raise MemoryError

    data = encoded(Image.fromarray(noise(40, 50)), "PNG")
    for module, name in ((Image, "open"), (ImageOps, "exif_transpose")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, no_memory)
            with pytest.raises(MemoryError):
                client.load_rgb(io.BytesIO(data))


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", tiled_tiff(64, 256, kind=2)])
def test_what_is_no_photo_is_refused(content):
    with pytest.raises(client.UnreadablePhoto):
        client.load_rgb(io.BytesIO(content))


def test_a_file_that_is_not_there_is_no_broken_photo(tmp_path):
    with pytest.raises(FileNotFoundError):
        client.load_rgb(tmp_path / "gone.jpg")


def test_a_photo_that_is_cut_short_is_refused():
    data = encoded(Image.fromarray(noise(64, 64)), "JPEG")
    with pytest.raises(client.UnreadablePhoto, match="broken image data"):
        client.load_rgb(io.BytesIO(data[: len(data) // 2]))


BARE = """
import sys
for name in ("zest", "paddle", "cv2", "simplejpeg", "pandas", "pyarrow", "onnx"):
    sys.modules[name] = None  # an import of it fails
sys.argv[0] = {program!r}
import runpy
runpy.run_path({program!r}, run_name="__main__")
"""


def run_bare(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Run the program as a file, where what it may not need cannot be imported."""
    command = [sys.executable, "-c", BARE.format(program=str(PROGRAM)), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment
    )


def test_it_grades_files_and_folders_without_zest_and_tells_of_what_it_cannot(in_exported):
    folder = Path("fruit")
    folder.mkdir()
    Image.fromarray(noise(50, 60)).save(folder / "b.png")
    Image.fromarray(noise(60, 50)).save("a.jpg")
    (folder / "c.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("no photo either, and not taken for one")
    done = run_bare("a.jpg", folder, "--model", MODEL, "--csv", "grades.csv", "--threads", 1)
    assert done.returncode == 1, done.stderr
    assert "fruit/c.jpg: cannot be graded: not an image" in done.stderr
    header, *rows = Path("grades.csv").read_text(encoding="utf-8").splitlines()
    assert header == "photo,class_num,name,10,20,30"
    assert [row.split(",")[0] for row in rows] == ["a.jpg", "fruit/b.png"]
    expected = client.Model(MODEL, 1).predict(["a.jpg"])[0]
    assert np.allclose(np.array(rows[0].split(",")[3:], float), expected, atol=1e-6)


def grade(monkeypatch, *names: str) -> int:
    """Write photos, call the program with them and --csv grades.csv, and return its code."""
    for name in names:
        Image.fromarray(noise(50, 60)).save(name)
    arguments = [*names, "--model", str(MODEL), "--csv", "grades.csv", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", ["predict.py", *arguments])
    return client.main()


def failing_at(name: str, error: BaseException):
    """Return a `load_rgb` that fails at one photo."""
    load_rgb = client.load_rgb

    def load(file, short_side):
        if Path(file).name == name:
            raise error
        return load_rgb(file, short_side)

    return load


def names_in(table: str) -> list[str]:
    return [row.split(",")[0] for row in Path(table).read_text(encoding="utf-8").splitlines()[1:]]


def test_a_photo_that_there_is_no_memory_for_loses_none_of_the_others(
    in_exported, monkeypatch, capsys
):
    monkeypatch.setattr(client, "load_rgb", failing_at("b.png", MemoryError()))
    assert grade(monkeypatch, "a.png", "b.png", "c.png") == 1
    assert names_in("grades.csv") == ["a.png", "c.png"]
    assert "b.png: cannot be graded: there is no memory" in capsys.readouterr().err


def test_what_is_graded_before_an_interruption_is_kept_but_not_taken_for_all(
    in_exported, monkeypatch, capsys
):
    monkeypatch.setattr(client, "load_rgb", failing_at("c.png", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        grade(monkeypatch, "a.png", "b.png", "c.png")
    assert not Path("grades.csv").exists()
    assert names_in("grades.csv.part") == ["a.png", "b.png"]
    assert "grades.csv.part" in capsys.readouterr().err


def test_the_table_can_be_a_device(in_exported):
    Image.fromarray(noise(50, 60)).save("a.png")
    done = run_bare("a.png", "--model", MODEL, "--csv", "/dev/stdout", "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "photo,class_num,name,10,20,30"


def test_a_link_stays_one(in_exported):
    """As /dev/stdout is, where it leads to a file."""
    Path("real.csv").touch()
    Path("grades.csv").symlink_to("real.csv")
    with client.new_table("grades.csv", ["photo"]) as write:
        write(["a.png"])
    assert Path("grades.csv").is_symlink()
    assert names_in("real.csv") == ["a.png"]


def test_rows_are_written_as_they_come(in_exported):
    with client.new_table("grades.csv", ["photo"]) as write:
        write(["a.png"])
        assert names_in("grades.csv.part") == ["a.png"]
        assert not Path("grades.csv").exists()
    assert names_in("grades.csv") == ["a.png"]
    assert not Path("grades.csv.part").exists()


def test_a_name_that_is_no_text_is_graded_with_the_others(in_exported):
    names = ["写真.png", "bad\udcff.png", "c.png"]
    for name in names:
        with open(name, "wb") as file:
            Image.fromarray(noise(50, 60)).save(file, "PNG")
    arguments = [*names, "--model", MODEL, "--csv", "grades.csv", "--threads", 1]
    done = run_bare(*arguments, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert names_in("grades.csv") == ["写真.png", r"bad\udcff.png", "c.png"]
    assert r"\u5199\u771f.png: " in done.stdout


def test_without_photos_it_says_what_to_name(in_exported):
    done = run_bare("--model", MODEL)
    assert done.returncode == 2
    assert "no photos; name files or folders, or --self-test" in done.stderr
