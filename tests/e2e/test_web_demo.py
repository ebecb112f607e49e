"""The page that grades photos, in Chromium: as ONNX Runtime does, from the same pixels."""

import base64
import codecs
import csv
import io
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from browsing import choose, served
from PIL import Image
from playwright.sync_api import Page, expect
from web_folder import CLASSES, SIZE, build_folder, model_of, page_of, picture, write_network

from deployment.client.predict import Model, fit, load_rgb
from deployment.graph import HEAT, INPUT, PROBABILITIES
from deployment.probes import HEIGHT, make_probes
from deployment.running import open_session

pytest_plugins = ["page_fixtures"]


def downloaded(page: Page) -> list[list[str]]:
    with page.expect_download() as download:
        page.click("#download")
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(codecs.BOM_UTF8)  # or Excel garbles Japanese
    return list(csv.reader(content.decode("utf-8-sig").splitlines()))


def graded(page: Page) -> dict[str, np.ndarray]:
    return {row[0]: np.array(row[3:-1], float) for row in downloaded(page)[1:]}


def test_probabilities_are_those_of_onnx_runtime(visit, address, folder, photos):
    assert len(photos) >= 20
    page = visit(address)
    choose(page, *photos)
    assert page.locator(".note").count() == 0
    model, found = Model(model_of(folder), 1), graded(page)
    for path in photos:
        (expected,) = model.predict([path])
        np.testing.assert_allclose(found[path.name], expected, rtol=0, atol=1e-5, err_msg=path.name)
    assert len({row.argmax() for row in found.values()}) > 2  # the photos are told apart


@pytest.mark.parametrize("how", ["stretch", "pad"])
def test_other_ways_to_fit_are_those_of_onnx_runtime_too(visit, runtime, photos, tmp_path, how):
    folder = build_folder(tmp_path / "web", runtime, write_network(tmp_path / "m.onnx", how))
    some = [path for path in photos if path.stem in ("orientation_5", "narrow", "small", "photo")]
    with served(folder) as address:
        page = visit(address)
        choose(page, *some)
        found = graded(page)
    model = Model(model_of(folder), 1)
    for path in some:
        np.testing.assert_allclose(found[path.name], model.predict([path])[0], rtol=0, atol=1e-5)


def shown(page: Page, selector: str) -> np.ndarray:
    """Return the pixels of a canvas, RGBA."""
    address = page.locator(selector).evaluate("canvas => canvas.toDataURL()")
    data = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_the_heat_map_is_that_of_onnx_runtime_for_the_class(visit, address, folder, photos):
    photo = next(path for path in photos if path.stem == "quarter_portrait")
    image = fit(load_rgb(photo, SIZE), SIZE, "crop")
    session = open_session(model_of(folder))
    probabilities, heat = session.run([PROBABILITIES, HEAT], {INPUT: image[None]})
    of_class = heat[0, probabilities[0].argmax()]
    fine = cv2.resize(of_class, (112, 112), interpolation=cv2.INTER_LINEAR).clip(0)
    # As in heat.js: the colours from no heat to the most.
    colours = np.array([[20, 12, 50], [125, 26, 120], [240, 100, 50], [255, 250, 190]])
    steps = np.linspace(0, 1, len(colours))
    expected = [np.interp(fine / of_class.max(), steps, channel) for channel in colours.T]
    page = visit(address)
    choose(page, photo)
    page.click(".heat-switch")
    found = shown(page, "canvas.heat")[..., :3]
    assert np.abs(found - np.stack(expected, axis=-1)).max() <= 3


def test_the_preview_is_upright_and_what_the_network_saw(visit, address, photos):
    page = visit(address)
    for orientation in (2, 3, 5, 6, 8):
        photo = next(path for path in photos if path.stem == f"orientation_{orientation}")
        choose(page, photo)
        small = (32, 32)
        found = cv2.resize(shown(page, ".card >> nth=0 >> .picture canvas")[..., :3], small)
        expected = cv2.resize(fit(load_rgb(photo, SIZE), SIZE, "crop"), small)
        far = np.abs(found.astype(int) - expected)
        assert far.mean() < 8, orientation


def broken_files(folder: Path) -> dict[Path, str]:
    """Return files that are no photos, and what is said of each."""
    picture(40, 300, 200).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    picture(41, 30, 20).save(folder / "whole.png")
    png = (folder / "whole.png").read_bytes()
    huge = png[:16] + (20_000).to_bytes(4, "big") * 2 + png[24:]
    Image.new("RGB", (2, 6000)).save(folder / "strip.png")
    contents = {
        "empty.jpg": (b"", "empty"),
        "cut.jpg": (whole[: len(whole) // 2], "incomplete"),
        "cut.png": (png[:-20], "incomplete"),
        "damaged.png": (png.replace(png[41:60], b"\0" * 19), "cannot be decoded"),
        "text.jpg": (b"not a photo", "no photo"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC cannot be read"),
        "bomb.png": (huge, "20000 × 20000 pixels"),
        "strip.png": ((folder / "strip.png").read_bytes(), "2 × 6000 pixels is too narrow"),
        "heavy.jpg": (whole + b"\0" * 50_000_000, "50 MB"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {folder / name: said for name, (_, said) in contents.items()}


def test_a_bad_file_gets_a_reason_and_the_next_photo_a_grade(visit, address, photo, tmp_path):
    (tmp_path / "bad").mkdir()
    files = broken_files(tmp_path / "bad")
    page = visit(address)
    choose(page, *files, photo)
    for path, said in files.items():
        card = page.locator(".card.failed", has_text=path.name)
        expect(card).to_contain_text(said)
    assert page.locator(".card:not(.failed)").count() == 1
    assert page.said == []


def test_what_is_not_decoded_as_for_training_says_so(visit, address, tmp_path):
    grey = np.asarray(picture(50, 90, 80).convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "sixteen_bits.png")
    page = visit(address)
    choose(page, tmp_path / "sixteen_bits.png")
    expect(page.locator(".note")).to_contain_text("may differ")


def test_photos_without_a_grade_are_in_the_csv_file_with_why(visit, address, photo, tmp_path):
    (tmp_path / "text, 1.jpg").write_text("not a photo")
    page = visit(address)
    choose(page, tmp_path / "text, 1.jpg", photo, tmp_path / "text, 1.jpg")
    header, first, second, third = downloaded(page)
    assert [row[0] for row in (first, second, third)] == ["text, 1.jpg", photo.name, "text, 1.jpg"]
    assert first[1:-1] == [""] * (len(header) - 2)
    assert first[-1] == "This is no photo that can be read here. JPEG, PNG and WebP can."
    page.click("#clear")
    page.select_option("#language", "zh")
    choose(page, tmp_path / "text, 1.jpg")
    (_, only) = downloaded(page)
    assert only[-1].startswith("这不是可以读取的照片")


# What a browser may do otherwise: no decoder, one without reduced sizes, other pixels at full size.
WITHOUT_DECODER = "delete self.ImageDecoder"
WHOLE_ONLY = """
const decoder = self.ImageDecoder
self.ImageDecoder = class extends decoder {
  constructor({ desiredWidth, desiredHeight, ...settings }) { super(settings) }
}"""
READS = """
const read = OffscreenCanvasRenderingContext2D.prototype.getImageData
OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...place) {
  const image = read.apply(this, place)
  %s
  return image
}"""
OTHER_PIXELS = READS % "image.data[0] ^= 1"


@pytest.mark.parametrize(
    ("browser", "inexact"),
    [
        (WITHOUT_DECODER, {"orientation_1.jpg"}),
        (WHOLE_ONLY, {"orientation_1.jpg"}),
        (OTHER_PIXELS, {"orientation_1.jpg", "whole.jpg", "plain.png"}),
    ],
    ids=["no decoder", "whole only", "other pixels"],
)
def test_a_browser_that_decodes_otherwise_says_so_and_grades_nearly_alike(
    visit, folder, photos, tmp_path, browser, inexact
):
    shutil.copytree(folder, tmp_path / "web")
    with (page_of(tmp_path / "web") / "worker.js").open("a") as worker:
        worker.write(browser)
    names = {"orientation_1.jpg", "whole.jpg", "plain.png", "transparent.png"}
    some = [path for path in photos if path.name in names]
    with served(tmp_path / "web") as address:
        page = visit(address)
        choose(page, *some)
        found = graded(page)
        for name in names:
            notes = page.locator(".card", has_text=name).locator(".note")
            expect(notes).to_have_count(int(name in inexact))
    model = Model(model_of(folder), 1)
    for path in some:
        np.testing.assert_allclose(found[path.name], model.predict([path])[0], atol=0.05)


# What a browser gives a page that it keeps from recognising the person: Firefox with
# resistFingerprinting random pixels, before its version 120 white ones.
RANDOM = READS % "crypto.getRandomValues(image.data)"
WHITE = READS % "image.data.fill(255)"
FAR = """async ([probes, browser]) => {
  Function(browser)()
  const { differencesOf, NOISE } = await import('./probing.js')
  const differences = await differencesOf(probes, { pixels: 1e6, longest: 64 })
  return [Math.max(...differences.values()), NOISE]
}"""


@pytest.mark.parametrize(
    ("browser", "least", "most"),
    [
        ("", 0, 0),
        (WITHOUT_DECODER, 1, 16),
        (WHOLE_ONLY, 1, 16),
        (RANDOM, 60, 128),  # of the smallest photo, as it falls
        (WHITE, 128, 140),
    ],
    ids=["as it is", "no decoder", "whole only", "random", "white"],
)
def test_noise_is_far_beyond_what_decoders_differ_by(modules, browser, least, most):
    far, noise = modules.evaluate(FAR, [make_probes(), browser])
    assert least <= far <= most
    assert (far > noise) == (browser in (RANDOM, WHITE))


def test_jpegs_that_are_decoded_fast_are_not_taken_for_noise():
    far = []
    for probe in make_probes():
        file, pixels = (base64.b64decode(probe[key]) for key in ("file", "pixels"))
        if file.startswith(b"\xff\xd8") and probe["short_side"] == HEIGHT:
            fast = simplejpeg.decode_jpeg(file, fastdct=True, fastupsample=True).ravel()
            far.append(np.abs(fast - np.frombuffer(pixels, np.uint8).astype(int)).mean())
    assert 4 < max(far) < 6  # colours that are enlarged without interpolation


@pytest.mark.parametrize("browser", [RANDOM, WHITE], ids=["random", "white"])
def test_a_browser_that_gives_noise_grades_nothing_and_says_what_to_switch_off(
    new_page, folder, photo, tmp_path, browser
):
    shutil.copytree(folder, tmp_path / "web")
    with (page_of(tmp_path / "web") / "worker.js").open("a") as worker:
        worker.write(browser)
    page = new_page()
    with served(tmp_path / "web") as address:
        page.goto(address)
        for language, words in (
            ("en", "Switch this setting off"),
            ("zh", "请关闭该设置"),
            ("ja", "設定をオフにして"),
        ):
            page.select_option("#language", language)
            expect(page.locator("#state")).to_contain_text("resistFingerprinting")
            expect(page.locator("#state")).to_contain_text(words)
        expect(page.locator("#choose")).to_be_disabled()


def test_many_photos_make_a_table_and_a_csv_file(visit, address, photo, photos):
    page = visit(address)
    choose(page, photo, photos[0])
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#tally")).to_be_visible()
    header, first, _ = downloaded(page)
    numbers = [one["class_num"] for one in CLASSES]
    assert header == ["photo", "class_num", "name", *numbers, "error"]
    assert first[0] == photo.name
    assert first[-1] == ""
    assert (
        first[2]
        == CLASSES[int(first[1])]["name"]
        == page.locator(".grade strong").first.text_content()
    )
