"""Which photos an exported model is tried on: those that its programs read."""

import pytest
from PIL import Image

from deployment.photos import readable_files
from zest.errors import UserError


@pytest.fixture
def files(tmp_path) -> list:
    found = [tmp_path / name for name in ("a.tga", "b.jpg", "c.png")]
    for file in found:
        Image.new("RGB", (9, 9)).save(file)
    return found


def test_what_the_bundle_does_not_read_is_passed_over_and_named(files, capsys):
    assert readable_files(files, 9) == files[1:]
    assert "a.tga: not an image in a format that is read here" in capsys.readouterr().out
    assert readable_files(files[1:], 1) == files[1:2]
    assert not capsys.readouterr().out


def test_where_nothing_is_read_the_formats_are_named(files):
    with pytest.raises(UserError, match=r"a\.tga: not an image .* save them in one of these form"):
        readable_files(files[:1], 9)


def test_a_photo_that_is_gone_is_named(files):
    files[1].unlink()
    with pytest.raises(UserError, match=r"b\.jpg: it cannot be read \(No such file"):
        readable_files(files[1:], 9)
