"""Pages for people: one HTML file each that needs no network, in one look (page.css)."""

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render_page(template: Path, **values: object) -> str:
    """Return a page from a Jinja template, which may include `page.css` and its own neighbours.

    All text from the data is escaped; a name that the template lacks is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**values) + "\n"


def jpeg_uri(data: bytes) -> str:
    """Return an encoded JPEG as a data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
