"""Reading photos: every mode upright in RGB, every bad file refused with its reason."""

import io
import json

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import simplejpeg
from PIL import Image, ImageOps

from augment_fold import make_row
from photo_bytes import no_memory_of_opencv, tiled_tiff
from prepare_images import prepare
from zest.catalogued import read_catalogued
from zest.contracts import IMAGES, read_table, write_table
from zest.errors import UserError
from zest.images import (
    UnreadableImage,
    decode_png,
    encode_png,
    fit,
    load_rgb,
    open_image,
)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(height: int = 30, width: int = 40) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 5, y * 7, (x + y) * 2], axis=2).astype(np.uint8)


def test_a_png_is_read_as_it_is():
    assert (load_rgb(encoded(Image.fromarray(ramp()))) == ramp()).all()


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 3), (8, 1)])
def test_a_photo_is_turned_upright_by_its_exif_orientation(orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(ramp())
    found = load_rgb(encoded(stored, exif=exif))
    assert (found == np.rot90(ramp(), turns)).all()


def test_grey_becomes_three_equal_channels():
    grey = ramp()[..., 0]
    found = load_rgb(encoded(Image.fromarray(grey)))
    assert (found == grey[..., None]).all()


def test_16_bit_grey_is_scaled_not_cut_off():
    grey = (ramp()[..., 0].astype(np.uint16)) * 257
    found = load_rgb(encoded(Image.fromarray(grey)))
    assert (found[..., 0] == ramp()[..., 0]).all()


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    assert (load_rgb(encoded(image)) == 255).all()


def test_a_palette_is_resolved():
    image = Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4)
    assert (load_rgb(encoded(image)) == (10, 200, 30)).all()


def test_cmyk_is_converted():
    image = Image.new("RGB", (16, 16), (250, 220, 30)).convert("CMYK")
    found = load_rgb(encoded(image, "JPEG"))
    assert np.abs(found.astype(int) - (250, 220, 30)).max() < 12


@pytest.mark.parametrize(
    "content", [None, b"", b"no image at all", encoded(Image.new("L", (5, 5)))]
)
def test_a_photo_that_is_not_that_of_the_catalog_is_named_with_the_way_out(tmp_path, content):
    path = tmp_path / "lemon.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"lemon\.png: .*run the same command again"):
        read_catalogued(path, 1200)


@pytest.mark.parametrize("pixels", [1199, 1201])
def test_a_photo_of_another_size_than_in_the_catalog_is_refused(tmp_path, pixels):
    (tmp_path / "lemon.png").write_bytes(encoded(Image.fromarray(ramp())))
    with pytest.raises(UserError, match=rf"lemon\.png: .*{pixels}.* of the catalog"):
        read_catalogued(tmp_path / "lemon.png", pixels)
    assert (read_catalogued(tmp_path / "lemon.png", 1200) == ramp()).all()


def test_later_stages_read_a_photo_whose_tile_is_larger(tmp_path):
    (tmp_path / "lemon.tif").write_bytes(tiled_tiff(64, 256))
    assert read_catalogued(tmp_path / "lemon.tif", 64 * 64).shape == (64, 64, 3)


def test_later_stages_read_a_photo_as_large_as_the_catalog_took_it(tmp_path):
    (tmp_path / "large.png").write_bytes(encoded(Image.new("L", (10_100, 10_000))))
    row = {"image_id": "large.png", "copy": 0, "label": 0, "fold": 0, "seed": 0}
    row |= {"file": tmp_path / "large.png", "pixels": 101_000_000, "mix": None, "soft_label": None}
    image = make_row(row, [], "reflect", size=8, how="crop")["image"]
    assert decode_png(image["bytes"]).shape == (8, 8, 3)
    image = prepare(("large.png", row["file"], row["pixels"]), size=8, how="crop")["image"]
    assert decode_png(image["bytes"]).shape == (8, 8, 3)
    for stage in (
        lambda: make_row({**row, "pixels": 100}, [], "reflect", size=8, how="crop"),
        lambda: prepare(("large.png", row["file"], 100), size=8, how="crop"),
    ):
        with pytest.raises(UserError, match=r"large\.png: .*run the same command again"):
            stage()


@pytest.mark.parametrize(
    ("error", "kind"), [(no_memory_of_opencv(), MemoryError), (cv2.error("other"), cv2.error)]
)
def test_a_lack_of_memory_for_the_new_size_is_one_and_no_other_fault_is(monkeypatch, error, kind):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cv2, "resize", fail)
    with pytest.raises(kind):
        fit(ramp(), 24)


def test_crop_keeps_the_middle():
    found = fit(ramp(30, 40), 30, "crop")
    assert (found == ramp(30, 40)[:, 5:35]).all()


def test_stretch_keeps_everything():
    found = fit(ramp(30, 40), 30, "stretch").astype(int)
    assert found.shape == (30, 30, 3)
    assert abs(found[0, 0, 0] - 0) < 5
    assert abs(found[0, -1, 0] - 39 * 5) < 5


def test_pad_keeps_everything_and_fills_with_the_colour_of_the_border():
    photo = np.full((20, 40, 3), (10, 20, 30), np.uint8)
    found = fit(photo, 40, "pad")
    assert found.shape == (40, 40, 3)
    assert (found == (10, 20, 30)).all()


@pytest.mark.parametrize("how", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("shape", [(7, 300), (300, 7), (1, 1), (64, 64)])
def test_any_shape_fits(how, shape):
    assert fit(ramp(*shape), 64, how).shape == (64, 64, 3)


def test_png_keeps_every_value():
    assert (decode_png(encode_png(ramp())) == ramp()).all()
    with pytest.raises(ValueError, match="no PNG"):
        decode_png(b"no image")


def images(count: int) -> list[dict]:
    png = encode_png(ramp())
    return [{"image_id": str(n), "image": {"bytes": png, "path": f"{n}.png"}} for n in range(count)]


def test_image_tables_carry_the_hugging_face_mark_and_pictures_that_open(tmp_path):
    write_table(pa.Table.from_pylist(images(3), schema=IMAGES), tmp_path / "t.parquet", IMAGES)
    marked = json.loads(pq.read_schema(tmp_path / "t.parquet").metadata[b"huggingface"])
    assert marked["info"]["features"]["image"] == {"_type": "Image"}
    row = read_table(tmp_path / "t.parquet", IMAGES).to_pylist()[0]
    assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (40, 30)


def test_a_missing_table_and_a_file_that_is_no_table_are_named(tmp_path):
    with pytest.raises(UserError, match=r"t\.parquet: there is no such file"):
        read_table(tmp_path / "t.parquet", IMAGES)
    for content in (b"", b"junk that is longer than the magic bytes"):
        (tmp_path / "t.parquet").write_bytes(content)
        with pytest.raises(UserError, match=r"t\.parquet: it is not a parquet file"):
            read_table(tmp_path / "t.parquet", IMAGES)


def test_a_table_of_other_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"image_id": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="its columns are not those of this version"):
        read_table(tmp_path / "t.parquet", IMAGES)


def photo_like(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_a_jpeg_has_the_pixels_that_pillow_gives(mode, options):
    data = encoded(Image.fromarray(photo_like(67, 121)).convert(mode), "JPEG", **options)
    with Image.open(io.BytesIO(data)) as image:
        assert (load_rgb(data) == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_as_pillow_turns_it(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(photo_like(40, 64)), "JPEG", exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        assert (load_rgb(data) == np.asarray(ImageOps.exif_transpose(image))).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    ("short_side", "shape"),
    [
        (None, (480, 640)),
        (241, (480, 640)),
        (240, (240, 320)),
        (130, (240, 320)),
        (100, (120, 160)),
        (16, (60, 80)),
    ],
)
def test_a_jpeg_is_decoded_no_smaller_than_its_short_side_may_be(mode, short_side, shape):
    data = encoded(Image.fromarray(photo_like(480, 640)).convert(mode), "JPEG")
    found = load_rgb(data, short_side=short_side)
    assert found.shape == (*shape, 3)
    whole = cv2.resize(load_rgb(data), shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - whole).mean() < 2


def test_a_damaged_jpeg_is_refused_at_any_scale():
    data = encoded(Image.fromarray(photo_like(480, 640)), "JPEG")
    for short_side in (None, 200, 16):
        with pytest.raises(UnreadableImage, match="broken image data"):
            load_rgb(data[: len(data) * 9 // 10], short_side=short_side)


def test_a_jpeg_with_harmless_faults_is_read_as_pillow_reads_it():
    data = encoded(Image.fromarray(photo_like(48, 64)), "JPEG")
    faulty = data.replace(b"\xff\xdb", b"\x00\xff\xdb", 1)  # a stray byte between two markers
    with pytest.raises(ValueError, match="extraneous"):
        simplejpeg.decode_jpeg(faulty)
    with Image.open(io.BytesIO(faulty)) as image:
        assert (load_rgb(faulty) == np.asarray(image)).all()


def test_an_mpo_is_read_as_its_first_photo():
    first, second = photo_like(48, 64), ramp(48, 64)
    data = encoded(
        Image.fromarray(first), "MPO", save_all=True, append_images=[Image.fromarray(second)]
    )
    assert open_image(data, 10_000).format == "MPO"
    assert np.abs(load_rgb(data).astype(int) - first).mean() < 10
