"""What is refused before its pixels are decoded, and what only looks as if it had to be."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from photo_bytes import encoded, picture, plain_ppm, tiled_tiff
from zest.images import Strip, UnreadableImage, WrittenAsText, load_rgb, open_image


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"no image at all", "not an image"),
        (encoded(picture(0, 200, 200))[:900], "broken image data"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(data, reason):
    with pytest.raises(UnreadableImage, match=reason):
        load_rgb(data)


def test_a_huge_photo_is_refused_before_its_pixels_are_decoded():
    with pytest.raises(UnreadableImage, match=r"data.max_pixels \(2399\)"):
        load_rgb(encoded(picture(), "PNG"), max_pixels=2399)


def test_a_photo_larger_than_pillows_own_limit_is_read_where_max_pixels_allows_it():
    large = encoded(Image.new("L", (20_000, 20_000)), "PNG")  # Pillow refuses 179 million pixels
    assert open_image(large, max_pixels=400_000_000).size == (20_000, 20_000)
    with pytest.raises(UnreadableImage, match=r"20000 x 20000 pixels, more than data.max_pixels"):
        open_image(large, max_pixels=399_999_999)


def test_a_tile_counts_where_it_is_larger_than_its_photo():
    data = tiled_tiff(64, 256)
    assert load_rgb(data, max_pixels=256 * 256).shape == (64, 64, 3)
    with pytest.raises(UnreadableImage, match=r"a tile of 256 x 256 pixels, .*max_pixels"):
        load_rgb(data, max_pixels=256 * 256 - 1)


@pytest.mark.parametrize("kind", [2, 7])  # text, bytes
def test_a_tile_whose_size_is_no_number_is_refused(kind):
    with pytest.raises(UnreadableImage, match="not an image"):
        open_image(tiled_tiff(64, 256, kind), 100_000)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_pixels_that_are_written_as_text_are_refused_before_they_are_read(kind):
    with pytest.raises(WrittenAsText, match="save it as PNG"):
        open_image(plain_ppm(kind), 100)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_pixels_of_a_ppm_that_are_written_as_bytes_are_read(mode):
    image = picture().convert(mode)
    assert (load_rgb(encoded(image, "PPM")) == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("size", [(2, 129), (129, 2), (1, 60_000)])
def test_a_strip_is_refused_before_it_can_be_scaled_up(size):
    with pytest.raises(Strip, match=rf"a strip of {size[0]} x {size[1]} pixels"):
        load_rgb(encoded(Image.new("RGB", size), "PNG"))


def test_a_photo_is_no_strip_where_its_sides_are_as_far_apart_as_allowed():
    assert load_rgb(encoded(Image.new("RGB", (2, 128)), "PNG")).shape == (128, 2, 3)


def no_memory(*_, **__):
    raise MemoryError


def test_a_lack_of_memory_is_not_told_as_a_fault_of_the_photo(monkeypatch):
    data = encoded(picture(), "PNG")
    for module, name in ((Image, "open"), (ImageOps, "exif_transpose")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, no_memory)
            with pytest.raises(MemoryError):
                load_rgb(data)


def test_what_another_program_would_draw_is_refused_before_it_is_called():
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "EPS")
    with pytest.raises(UnreadableImage, match="EPS"):
        load_rgb(file.getvalue())
