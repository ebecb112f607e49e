"""The page that grades photos, in Chromium: as ONNX Runtime does, and with nobody else."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import LOWEST_CONTRAST, open_chromium
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from web_folder import (
    CLASSES,
    build_folder,
    has_npm,
    picture,
    served,
    write_network,
    write_photos,
)

from deployment.client.predict import Model
from install_web_runtime import install

ENVS = Path(__file__).parents[2] / "envs/web"
READY = "html[data-state=ready]"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def runtime(tmp_path_factory, chromium) -> Path:
    if not has_npm() and not os.environ.get("ZEST_BROWSER"):
        pytest.skip("no npm here; on Debian: apt install npm")
    out = tmp_path_factory.mktemp("runtime") / "web_runtime"
    install(ENVS / "package.json", ENVS / "package-lock.json", out)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory, runtime) -> Path:
    made = tmp_path_factory.mktemp("page")
    return build_folder(made / "web", runtime, write_network(made / "model.onnx"))


@pytest.fixture(scope="module")
def address(folder) -> Iterator[str]:
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    return write_photos(tmp_path_factory.mktemp("photos") / "kinds")


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "=lemon, 1.jpg"
    picture(30, 200, 150).save(path)
    return path


@pytest.fixture
def visit(chromium) -> Iterator[Callable[..., Page]]:
    """A function that opens an address in a fresh profile, and waits until photos can be graded."""
    contexts: list[BrowserContext] = []

    def open_page(address: str, **settings) -> Page:
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []  # type: ignore[attr-defined]
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        context.on("request", lambda made: page.asked.append(made.url))
        page.goto(address)
        page.wait_for_selector(READY, state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()


def choose(page: Page, *files: Path) -> None:
    """Choose photos and wait for a card of each."""
    before = page.locator(".card").count()
    page.set_input_files("#choose", list(files))
    expect(page.locator(".card")).to_have_count(before + len(files), timeout=60_000)


def downloaded(page: Page) -> list[list[str]]:
    with page.expect_download() as download:
        page.click("#download")
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def graded(page: Page) -> dict[str, np.ndarray]:
    return {row[0]: np.array(row[3:], float) for row in downloaded(page)[1:]}


def test_probabilities_are_those_of_onnx_runtime(visit, address, folder, photos):
    assert len(photos) >= 20
    page = visit(address)
    choose(page, *photos)
    assert page.locator(".note").count() == 0
    model, found = Model(folder / "model.onnx", 1), graded(page)
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
    model = Model(folder / "model.onnx", 1)
    for path in some:
        np.testing.assert_allclose(found[path.name], model.predict([path])[0], rtol=0, atol=1e-5)


def test_the_page_works_after_its_server_is_gone(visit, folder, photo):
    with served(folder) as address:
        page = visit(address)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector(READY, state="attached")
    choose(page, photo)
    expect(page.locator(".grade")).to_be_visible()


def test_nothing_is_asked_of_another_origin_and_no_policy_is_broken(visit, address, photos):
    page = visit(address)
    choose(page, *photos[:3])
    page.click(".heat-switch >> nth=0")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    assert page.said == []
    assert {url for url in page.asked if not url.startswith((address, f"blob:{address}"))} == set()


def test_neither_page_nor_worker_can_reach_another_origin(visit, address, tmp_path):
    (tmp_path / "index.html").write_text("elsewhere")
    with served(tmp_path) as elsewhere:
        page = visit(address)
        reach = "url => fetch(url, {mode: 'no-cors'}).then(() => 'reached', () => 'refused')"
        assert page.evaluate(reach, elsewhere) == "refused"
        (worker,) = page.workers
        assert worker.evaluate(reach, elsewhere) == "refused"
    assert any("Content Security Policy" in said for said in page.said)


def test_everything_can_be_done_by_keyboard_and_is_announced(visit, address, photo):
    page = visit(address)

    def tab_to(selector: str) -> None:
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    tab_to("#language")
    tab_to("#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photo)
    expect(page.locator("#said")).to_have_text(re.compile(r"^=lemon, 1\.jpg: .+, [\d.]+%$"))
    tab_to(".heat-switch")
    page.keyboard.press("Space")
    expect(page.locator(".heat-switch")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".heat")).to_be_visible()
    expect(page.locator(".spoke")).to_contain_text("What spoke for")
    page.keyboard.press("Space")
    expect(page.locator(".heat")).to_be_hidden()
    tab_to("#clear")
    page.keyboard.press("Enter")
    expect(page.locator("#grades")).to_be_hidden()
    expect(page.locator("#choose")).to_be_focused()
    assert page.locator("button:not([type]), input:not([id])").count() == 0


def broken_files(folder: Path) -> dict[Path, str]:
    """Return files that are no photos, and what is said of each."""
    picture(40, 300, 200).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    picture(41, 30, 20).save(folder / "whole.png")
    png = (folder / "whole.png").read_bytes()
    huge = png[:16] + (20_000).to_bytes(4, "big") * 2 + png[24:]
    contents = {
        "empty.jpg": (b"", "empty"),
        "cut.jpg": (whole[: len(whole) // 2], "incomplete"),
        "cut.png": (png[:-20], "incomplete"),
        "damaged.png": (png.replace(png[41:60], b"\0" * 19), "cannot be decoded"),
        "text.jpg": (b"not a photo", "no photo"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC cannot be read"),
        "bomb.png": (huge, "20000 × 20000 pixels"),
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


def test_more_photos_than_the_page_holds_are_left_out_with_a_word(visit, address, photo):
    page = visit(address)
    page.set_input_files("#choose", [photo] * 101)
    expect(page.locator(".card")).to_have_count(100, timeout=60_000)
    page.set_input_files("#choose", [photo])
    expect(page.locator("#state")).to_contain_text("At most 100 photos")


def test_photos_can_be_dropped_and_pasted(visit, address, photo):
    page = visit(address)
    data = page.evaluate_handle(
        """async bytes => {
          const data = new DataTransfer()
          for (const name of ['a.jpg', 'b.jpg']) {
            data.items.add(new File([new Uint8Array(bytes)], name))
          }
          return data
        }""",
        list(photo.read_bytes()),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    expect(page.locator(".card")).to_have_count(2)
    page.evaluate("data => dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))", data)
    expect(page.locator(".card")).to_have_count(4)


def test_many_photos_make_a_table_and_a_csv_file(visit, address, photo, photos):
    page = visit(address)
    choose(page, photo, photos[0])
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#tally")).to_be_visible()
    header, first, _ = downloaded(page)
    assert header == ["photo", "class_num", "name", *(one["class_num"] for one in CLASSES)]
    assert first[0] == photo.name
    assert (
        first[2]
        == CLASSES[int(first[1])]["name"]
        == page.locator(".grade strong").first.text_content()
    )


@pytest.mark.parametrize(
    ("locale", "said"),
    [("ja-JP", "写真を判定する"), ("zh-CN", "为照片评级"), ("fr-FR", "Grade a photo")],
)
def test_the_page_speaks_the_language_of_its_reader(visit, address, photo, locale, said):
    page = visit(address, locale=locale)
    expect(page.locator("h1")).to_have_text(said)
    choose(page, photo)
    page.select_option("#language", "ja")
    expect(page.locator(".heat-switch")).to_have_text("ヒートマップ")
    assert page.locator("html").get_attribute("lang") == "ja"
    page.reload()
    expect(page.locator("h1")).to_have_text("写真を判定する")  # it is remembered


def test_every_text_is_there_in_every_language(visit, address):
    page = visit(address)
    keys = page.evaluate(
        """async () => {
          const { TEXTS } = await import('./texts.js')
          return Object.values(TEXTS).map(texts => Object.keys(texts).sort())
        }"""
    )
    assert keys[0] == keys[1] == keys[2]
    assert len(keys[0]) > 30


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_all_text_can_be_read_in_light_and_dark(visit, address, photos, tmp_path, scheme, width):
    (tmp_path / "text.jpg").write_text("not a photo")
    page = visit(address, color_scheme=scheme, viewport={"width": width, "height": 800})
    choose(page, photos[0], photos[1], tmp_path / "text.jpg")
    page.click(".heat-switch >> nth=0")
    contrast, text = page.evaluate(LOWEST_CONTRAST)
    assert contrast >= 4.5, text
    wide, window = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 150) == (scheme == "dark")
