"""The page that grades photos in a person's hands: by keyboard, by many photos, in the dark."""

import re

import pytest
from browsing import LOWEST_CONTRAST, choose, hold_description
from playwright.sync_api import expect

pytest_plugins = ["page_fixtures"]

# A DataTransfer of two photos.
TRANSFER = """async bytes => {
  const data = new DataTransfer()
  for (const name of ['a.jpg', 'b.jpg']) data.items.add(new File([new Uint8Array(bytes)], name))
  return data
}"""


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


def test_every_photo_of_a_few_is_announced_and_how_far_it_is_is_only_shown(visit, address, photos):
    page = visit(address)
    page.evaluate(
        """() => {
          window.heard = []
          const state = document.getElementById('state')
          new MutationObserver(() => heard.push(state.textContent)).observe(
            state, { childList: true, characterData: true, subtree: true })
        }"""
    )
    choose(page, *photos[:3])
    expect(page.locator("#said p")).to_have_count(3)
    choose(page, *photos[:12])
    expect(page.locator("#said p")).to_have_count(4)
    expect(page.locator("#said p").last).to_have_text("12 photos graded")
    assert page.evaluate("heard") == ["Grading …", "Ready."] * 2


def test_more_photos_than_the_page_holds_are_left_out_with_a_word(visit, address, photo):
    page = visit(address)
    page.set_input_files("#choose", [photo] * 101)
    expect(page.locator(".card")).to_have_count(100, timeout=60_000)
    expect(page.locator("#state")).to_have_text("Ready.")
    expect(page.locator("#left")).to_contain_text("At most 100 photos at a time: 1 was left out")
    page.click("#clear")
    page.select_option("#language", "ja")
    expect(page.locator("#left")).to_be_empty()


def test_photos_can_be_dropped_and_pasted(visit, address, photo):
    page = visit(address)
    data = page.evaluate_handle(TRANSFER, list(photo.read_bytes()))
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    expect(page.locator(".card")).to_have_count(2)
    page.evaluate("data => dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))", data)
    expect(page.locator(".card")).to_have_count(4)


def test_photos_that_come_before_the_model_is_known_are_graded_later(new_page, address, photo):
    page = new_page()
    go_on = hold_description(page)
    page.goto(address)
    expect(page.locator("#state")).to_have_text("Preparing the model …")
    page.set_input_files("#choose", [photo])
    data = page.evaluate_handle(TRANSFER, list(photo.read_bytes()))
    stays = "data => !dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}))"
    assert page.evaluate(stays, data)
    go_on()
    expect(page.locator(".card:not(.failed)")).to_have_count(3)


def test_what_was_cleared_is_not_graded_any_more(visit, address, photos):
    page = visit(address)
    (worker,) = page.workers
    worker.evaluate(
        """() => {
          self.answers = 0
          const send = self.postMessage
          self.postMessage = (...told) => { self.answers += 1; send.apply(self, told) }
        }"""
    )
    large = next(path for path in photos if path.stem == "twelve_megapixels")
    page.set_input_files("#choose", [large] * 50)
    expect(page.locator(".card").first).to_be_visible()
    page.click("#clear")
    expect(page.locator("#state")).to_have_text("Ready.")
    choose(page, photos[0])
    expect(page.locator(".card")).to_have_count(1)
    assert worker.evaluate("answers") < 40


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
