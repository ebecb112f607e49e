"""The report as one HTML file that needs no network: templates/page.html.j2 filled in."""

from collections.abc import Sequence
from pathlib import Path

from zest.page import render_page
from zest.page.section import Section

TEMPLATE = Path(__file__).parent / "templates" / "page.html.j2"


def render(competition: str, sections: Sequence[Section]) -> str:
    """Return the page. All text from the data is escaped; the charts are Markup already."""
    return render_page(TEMPLATE, competition=competition, sections=sections)
