"""What a section of the report is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """What a template needs: every section has a title, its n, its source and its meaning."""

    name: str  # of the template, and the anchor in the page
    title: str
    n: str  # how many photos the figures stand on
    source: str  # the file and stage they come from
    meaning: list[str]  # sentences
    content: dict
