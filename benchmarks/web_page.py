"""Time the page that grades photos in a headless Chromium, from opening it to the first grade.

Run it in the environment of the tests, on a folder of `snakemake web_demo`; bar: 3 seconds.

    python benchmarks/web_page.py results/demo/web PHOTO [PHOTO ...] [--rounds 5]
"""

import argparse
import functools
import http.server
import shutil
import statistics
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

MOST_SECONDS = 3.0
GRADED = ".card:not(.failed)"


class Silent(http.server.SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def to_first_grade(browser: Browser, address: str, photos: list[Path]) -> tuple[float, float]:
    """Return the seconds from opening the page to the first grade, and those of a later photo."""
    context = browser.new_context()  # nothing is kept from an earlier visit
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address)
    page.set_input_files("#choose", photos[0])
    expect(page.locator(GRADED)).to_have_count(1, timeout=120_000)
    opened = time.perf_counter() - began
    began = time.perf_counter()
    page.set_input_files("#choose", photos)
    expect(page.locator(GRADED)).to_have_count(1 + len(photos), timeout=120_000)
    each = (time.perf_counter() - began) / len(photos)
    context.close()
    return opened, each


def main() -> None:
    """Serve the folder, visit it several times, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="results/{competition}/web")
    parser.add_argument("photos", type=Path, nargs="+", help="to grade")
    parser.add_argument("--rounds", type=int, default=5, help="visits")
    args = parser.parse_args()

    handler = functools.partial(Silent, directory=str(args.folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        visits = [to_first_grade(browser, address, args.photos) for _ in range(args.rounds)]
    opened, each = (statistics.median(column) for column in zip(*visits, strict=True))
    verdict = "within" if opened <= MOST_SECONDS else "beyond"
    print(
        f"from opening to the first grade {opened:.2f} s (median of {args.rounds}; {verdict} the "
        f"bar of {MOST_SECONDS:g} s), then {1000 * each:.0f} ms a photo"
    )


if __name__ == "__main__":
    main()
