"""The pages as a person sees them: in Chromium, narrow and wide, light and dark, without network.

Where no Chromium is installed they are skipped, unless ZEST_BROWSER names one.
"""

from collections.abc import Iterator

import pytest
from browsing import LOWEST_CONTRAST
from conftest import snakemake
from edits import configure
from playwright.sync_api import Page

pytest_plugins = ["page_fixtures"]

PAGES = {
    "photos": "eda/report.html",
    "report": "report.html",
    "leaderboard": "leaderboard.html",
    "deployment": "deployment.html",
    "sheet": "trainset/turned/fold0/sheet.html",
    "guard": "trainset/turned/fold0/left_label.html",
}
SIZES = {"narrow": (360, 740), "tablet": (820, 1180), "wide": (1680, 1050)}


@pytest.fixture(scope="module")
def results(shared_project):
    deploy = {"models": ["small"], "int8": False, "in_report": True}
    configure(shared_project, deploy=deploy)
    targets = ("report_html", "augmentation_sheet", "augmentation_guard")
    done = snakemake(shared_project, "-j2", *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    return shared_project / "results/tiny"


@pytest.fixture
def opened(chromium, results, request) -> Iterator[Page]:
    """The page of the parameter: its name, a size, and light or dark."""
    name, size, scheme = request.param
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.said = []  # type: ignore[attr-defined]
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda made: made.url.startswith("data:") or page.said.append(made.url))
    page.goto((results / PAGES[name]).as_uri())
    yield page
    context.close()


def looks(*names: str, sizes=tuple(SIZES), schemes=("light", "dark")) -> pytest.MarkDecorator:
    shown = [(name, size, scheme) for name in names for size in sizes for scheme in schemes]
    return pytest.mark.parametrize("opened", shown, indirect=True, ids="-".join)


@looks(*PAGES, sizes=["wide"], schemes=["light"])
def test_a_page_asks_for_nothing_but_itself_and_reports_no_error(opened):
    assert opened.said == [opened.url]


@looks(*PAGES, schemes=["light"])
def test_nothing_is_wider_than_the_window(opened):
    wide, window = opened.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


@looks(*PAGES, sizes=["wide"])
def test_all_text_can_be_read(opened):
    contrast, text = opened.evaluate(LOWEST_CONTRAST)
    assert contrast >= 4.5, text


def test_the_report_shows_the_exports_where_it_was_asked_to(results):
    assert 'id="exports"' in (results / "report.html").read_text(encoding="utf-8")


@looks("photos", "report", "sheet", "guard", sizes=["wide"], schemes=["light"])
def test_every_picture_is_drawn_and_told_in_words(opened):
    pictures = opened.locator("img")
    assert pictures.count() > 0
    pictures.evaluate_all("images => Promise.all(images.map(i => (i.loading = '', i.decode())))")
    assert opened.locator("img:not([alt])").count() == 0


@looks(*PAGES, sizes=["wide"], schemes=["light"])
def test_every_link_within_a_page_leads_somewhere(opened):
    lost = "links => links.map(a => a.hash).filter(h => h && !document.querySelector(h))"
    assert opened.locator("a[href^='#']").evaluate_all(lost) == []


@looks("photos", schemes=["light"])
def test_a_point_of_the_map_shows_its_photo_within_the_window(opened):
    points = opened.locator(".map i")
    places = points.evaluate_all("points => points.map(p => p.getBoundingClientRect().x)")
    for number in (places.index(min(places)), places.index(max(places))):
        photo = points.nth(number).locator("img")
        assert not photo.is_visible()
        points.nth(number).hover(force=True)
        assert photo.is_visible()
        box = photo.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= opened.viewport_size["width"]
