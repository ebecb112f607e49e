"""A Chromium to look at pages with, and what a page is asked about its texts."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

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


@contextlib.contextmanager
def open_chromium() -> Iterator[Browser]:
    """Yield the Chromium of this machine; skip the tests where there is none and none is named."""
    named = os.environ.get("ZEST_BROWSER")
    program = shutil.which(named or "chromium")
    if not program and not named:
        pytest.skip("no Chromium here; on Debian: apt install chromium")
    assert program, f"ZEST_BROWSER names {named}, which is not installed"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=list(QUIET))
