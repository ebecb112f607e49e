"""What charts as inline SVG share; they grow with the page: positions in percent, text in its size.

Every chart has a role, a label for screen readers and a <title>. Colours are classes of page.css,
so that the charts follow the light and the dark theme. Text from outside is escaped by Markup.
"""

import math

from markupsafe import Markup


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` + 1 round numbers in [low, high], a step of 1, 2 or 5 x 10^k apart.

    Heckbert 1990, "Nice numbers for graph labels", Graphics Gems, page 61.
    """
    raw = (high - low) / most
    power = 10 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def number(value: float, digits: int) -> str:
    """Write a number with thousands separated by a comma, as the whole report does."""
    return f"{value:,.{digits}f}"


def svg(kind: str, label: str, *parts: Markup) -> Markup:
    """Return a chart of a class of page.css, with what it shows in words."""
    head = Markup('<svg class="{}" role="img" aria-label="{}"><title>{}</title>')
    return head.format(kind, label, label) + Markup("").join(parts) + Markup("</svg>")


def short(value: float) -> str:
    """Write a coordinate with at most two decimals: the page holds thousands of them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
