"""What the tests of pages share: a Chromium, the page that grades photos, and visits to it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import READY, served
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from web_folder import SCRIPTS, build_folder, picture, write_network, write_photos

from install_web_runtime import install

ENVS = Path(__file__).parents[2] / "envs/web"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; without one, and none named, the tests are skipped."""
    named = os.environ.get("ZEST_BROWSER")
    program = shutil.which(named or "chromium")
    if not program and not named:
        pytest.skip("no Chromium here; on Debian: apt install chromium")
    assert program, f"ZEST_BROWSER names {named}, which is not installed"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=list(QUIET))


@pytest.fixture(scope="session")
def npm() -> None:
    """Skips the tests where npm is not installed and no browser is named."""
    if not shutil.which("npm") and not os.environ.get("ZEST_BROWSER"):
        pytest.skip("no npm here; on Debian: apt install npm")


@pytest.fixture(scope="session")
def runtime(tmp_path_factory, npm) -> Path:
    """web_runtime/ as install_web_runtime.py writes it."""
    out = tmp_path_factory.mktemp("runtime") / "web_runtime"
    install(ENVS / "package.json", ENVS / "package-lock.json", out)
    return out


@pytest.fixture(scope="session")
def folder(tmp_path_factory, runtime) -> Path:
    """The page that grades photos, which tests do not change."""
    made = tmp_path_factory.mktemp("page")
    return build_folder(made / "web", runtime, write_network(made / "model.onnx"))


@pytest.fixture(scope="session")
def address(folder) -> Iterator[str]:
    """Of the page that grades photos."""
    with served(folder) as address:
        yield address


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> list[Path]:
    """Photos of all the kinds that are decoded as for training."""
    return write_photos(tmp_path_factory.mktemp("photos") / "kinds")


@pytest.fixture
def modules(chromium) -> Iterator[Page]:
    """A page that can import the modules of the page that grades photos."""
    with served(SCRIPTS / "web_demo") as address, chromium.new_context() as context:
        page = context.new_page()
        page.goto(address + "page.css")
        yield page


@pytest.fixture
def photo(tmp_path) -> Path:
    """One photo, with a name that CSV has to quote."""
    path = tmp_path / "=lemon, 1.jpg"
    picture(30, 200, 150).save(path)
    return path


@pytest.fixture
def new_page(chromium) -> Iterator[Callable[..., Page]]:
    """A function that makes a page in a fresh profile, which notes what is said and asked."""
    contexts: list[BrowserContext] = []

    def make(**settings) -> Page:
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []  # type: ignore[attr-defined]
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        context.on("request", lambda made: page.asked.append(made.url))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def visit(new_page) -> Callable[..., Page]:
    """A function that opens an address in a fresh profile, and waits until photos can be graded."""

    def open_page(address: str, **settings) -> Page:
        page = new_page(**settings)
        page.goto(address)
        page.wait_for_selector(READY, state="attached")
        return page

    return open_page
