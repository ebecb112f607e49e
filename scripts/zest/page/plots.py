"""Charts with two axes, as inline SVG (see zest.page.svg); their look is in plots.css."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from zest.page.svg import nice_ticks, short, svg

HEIGHT = 190  # pixels
TOP, BOTTOM = 18, 30  # of these, above and below the area


@dataclass(frozen=True)
class Dot:
    """A model in a chart of score against cost: its place, and the ends of its interval.

    `named` says whether its name is written beside it; it is told on hover either way.
    """

    name: str
    x: float
    y: float
    low: float
    high: float
    leads: bool
    named: bool = True


@dataclass(frozen=True)
class Axes:
    """The ends of both axes; x may be logarithmic, and the height is in pixels."""

    left: float
    right: float
    low: float
    high: float
    logarithmic: bool = False
    height: int = HEIGHT

    @property
    def area(self) -> int:
        """Return the height between the ends of y."""
        return self.height - TOP - BOTTOM

    def x(self, value: float) -> float:
        """Return the place of a value in percent of the width."""
        left, right, value = (
            np.log([self.left, self.right, value])
            if self.logarithmic
            else (self.left, self.right, value)
        )
        return float(100 * (value - left) / (right - left))

    def y(self, value: float) -> float:
        """Return the place of a value in pixels from the top."""
        share = (value - self.low) / (self.high - self.low)
        return TOP + (1 - share) * self.area


def axes_around(
    xs: Sequence[float], ys: Sequence[float], logarithmic: bool = False, margin: float = 0.08
) -> Axes:
    """Return axes that hold all values, with some room around them."""
    low, high = min(ys), max(ys)
    room = margin * (high - low) or 0.05
    left, right = min(xs), max(xs)
    if logarithmic:
        factor = max((right / left) ** margin, 1.25)
        return Axes(left / factor, right * factor, low - room, high + room, True)
    return Axes(left, right if right > left else left + 1, low - room, high + room)


def cost_chart(label: str, dots: Sequence[Dot], unit: str = "photos/s") -> Markup:
    """Draw scores, with their intervals, against a cost on a logarithmic axis.

    Args:
        label: what the chart shows, in words.
        dots: the models.
        unit: of their x.
    """
    ends = [end for dot in dots for end in (dot.low, dot.high)]
    axes = axes_around([dot.x for dot in dots], ends, logarithmic=True)
    parts = grid(axes, _decades(axes.left, axes.right))
    for dot in dots:
        place = axes.x(dot.x)
        parts.append(
            Markup('<line class="interval" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(
                short(place), short(axes.y(dot.low)), short(axes.y(dot.high))
            )
        )
        told = f"{dot.name}: {dot.y:.3f} ({dot.low:.3f} to {dot.high:.3f}), {dot.x:.3g} {unit}"
        parts.append(
            circle(place, axes.y(dot.y), 7 if dot.leads else 5, "leads" if dot.leads else "", told)
        )
        if not dot.named:
            continue
        anchor = "start" if place < 75 else "end"
        parts.append(
            Markup('<text class="name" x="{}%" dx="{}" y="{}" text-anchor="{}">{}</text>').format(
                *(short(place), 8 if anchor == "start" else -8, short(axes.y(dot.y) - 9)),
                *(anchor, dot.name),
            )
        )
    return svg("plot", label, *parts)


def grid(axes: Axes, xs: Sequence[float]) -> list[Markup]:
    """Draw the levels of y with their values, and the values of x below."""
    parts = []
    for level in nice_ticks(axes.low, axes.high, 4):
        parts.append(
            Markup(
                '<line class="grid" x2="100%" y1="{y}" y2="{y}"/>'
                '<text class="level" y="{text}">{value}</text>'
            ).format(y=short(axes.y(level)), text=short(axes.y(level) - 3), value=f"{level:g}")
        )
    for value in xs:
        place = axes.x(value)
        anchor = "start" if place < 6 else "end" if place > 94 else "middle"
        parts.append(
            Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
                short(place), axes.height - 8, anchor, f"{value:g}"
            )
        )
    return parts


def _decades(left: float, right: float) -> list[float]:
    """Return round numbers between two ends of a logarithmic axis, at most about six."""
    found = [
        factor * 10.0**power
        for power in range(int(np.floor(np.log10(left))), int(np.ceil(np.log10(right))) + 1)
        for factor in (1, 2, 5)
        if left <= factor * 10.0**power <= right
    ]
    return found if len(found) <= 7 else found[::3]


def circle(x: float, y: float, radius: float, kind: str, told: str) -> Markup:
    """Draw a dot of a class of plots.css: x in percent, y and radius in pixels; `told` on hover."""
    return Markup('<circle class="{}" cx="{}%" cy="{}" r="{}"><title>{}</title></circle>').format(
        kind, short(x), short(y), short(radius), told
    )
