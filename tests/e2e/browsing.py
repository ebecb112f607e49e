"""A server of files for a browser, and what a page in it is asked about its texts."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, Route, expect

READY = "html[data-state=ready]"  # of the page that grades photos
KEPT = "navigator.serviceWorker.ready.then(() => null)"  # that it works offline

# The lowest contrast of a piece of text with what is behind it (WCAG 2.2, 1.4.3), and that text.
LOWEST_CONTRAST = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number)
  const light = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(
      v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(e).backgroundColor)
      if (a > 0.99) return [r, g, b]
    }
    return [255, 255, 255]
  }
  let lowest = [21, '']
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue
    if (['STYLE', 'SCRIPT'].includes(element.tagName)) continue
    const [ink, paper] = [channels(getComputedStyle(element).color), behind(element)].map(
      rgb => light(rgb.slice(0, 3)) + 0.05)
    const contrast = Math.max(ink, paper) / Math.min(ink, paper)
    if (contrast < lowest[0]) lowest = [contrast, texts.currentNode.data.trim()]
  }
  return lowest
}"""


# What nginx as it comes says of files (its mime.types): of all others that they are bytes.
NGINX_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "application/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
}


class SilentHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files of a folder without a word."""

    def log_message(self, *_) -> None:
        """Say nothing."""

    def guess_type(self, path) -> str:
        return NGINX_TYPES.get(Path(path).suffix, "application/octet-stream")


@contextlib.contextmanager
def served(folder: Path, handler: type[SilentHandler] = SilentHandler) -> Iterator[str]:
    """Serve a folder on this machine only; yield its address."""
    of_folder = functools.partial(handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), of_folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def open_ready(page: Page, address: str) -> None:
    """Open the page that grades photos, and wait until it can."""
    page.goto(address)
    page.wait_for_selector(READY, state="attached")


def choose(page: Page, *files: Path) -> None:
    """Choose photos on the page that grades them, and wait for a card of each."""
    before = page.locator(".card").count()
    page.set_input_files("#choose", list(files))
    expect(page.locator(".card")).to_have_count(before + len(files), timeout=60_000)


def hold_description(page: Page) -> Callable[[], None]:
    """Keep about.json from a page; return a function that lets it through."""
    held: list[Route] = []
    page.route("**/about.json", lambda route: held.append(route))

    def go_on() -> None:
        held.pop().continue_()

    return go_on
