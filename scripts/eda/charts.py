"""The charts of the report on the photos, as inline SVG (see zest.page.svg)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import simplejpeg
from markupsafe import Markup

from zest.images import fit, load_rgb
from zest.page import jpeg_uri
from zest.page.svg import nice_ticks, number, short, svg

BINS = 24
DOT_SIDE = 56  # pixels of a picture on the map
STRIP_SLICES = 32


@dataclass(frozen=True)
class Scale:
    """How values of a measure are drawn: where bins end, which values are written, and how."""

    edges: np.ndarray  # (BINS + 1,), ascending
    ticks: list[float]
    logarithmic: bool

    @property
    def digits(self) -> int:
        """Return the decimal places, at most 4, with which every tick is written as it is."""
        return next((d for d in range(4) if all(round(t, d) == round(t, 4) for t in self.ticks)), 4)

    def share(self, value: float) -> float:
        """Return where a value lies between the ends of the scale, in percent."""
        low, high, value = (
            (math.log(x) for x in (self.edges[0], self.edges[-1], value))
            if self.logarithmic
            else (self.edges[0], self.edges[-1], value)
        )
        return 100 * (value - low) / (high - low)


def linear_scale(values: np.ndarray) -> Scale:
    """Return a scale from the smallest to the largest value, widened where they are equal."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6:
        low, high = low - 0.05, high + 0.05
    return Scale(np.linspace(low, high, BINS + 1), nice_ticks(low, high, 4), False)


def log_scale(values: np.ndarray, floor: float) -> Scale:
    """Return a logarithmic scale over values, those under `floor` counted at `floor`."""
    low, high = (max(float(end), floor) for end in (values.min(), values.max()))
    if high / low < 1.1:
        low, high = low / 1.1, high * 1.1
    if high / low < 8:  # powers of ten would leave one or two ticks
        return Scale(np.geomspace(low, high, BINS + 1), nice_ticks(low, high, 4), True)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    candidates = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    ticks = [tick for tick in candidates if low <= tick <= high]
    while len(ticks) > 5:
        ticks = ticks[::2]
    return Scale(np.geomspace(low, high, BINS + 1), ticks, True)


def bar(percent: float, mark: float, label: str) -> Markup:
    """Draw one horizontal bar.

    Args:
        percent: length of the bar, of the chart's width.
        mark: where a thin line stands, in percent of the width.
        label: what the bar says, in words.
    """
    return svg(
        "bar",
        label,
        Markup('<rect class="fill" width="{}%" height="100%" rx="2"/>').format(short(percent)),
        Markup('<rect class="mark" x="{}%" y="-3" width="1.5" height="20"/>').format(short(mark)),
    )


def histogram(title: str, series: Sequence[tuple[str, np.ndarray]], scale: Scale) -> Markup:
    """Draw one or two distributions over each other, each as shares of its own photos.

    Args:
        title: the measure, for the label.
        series: (name, values) of the training photos, drawn filled, and perhaps of the test photos,
            drawn as an outline.
        scale: of the horizontal axis; values beyond its ends are counted in its last bins.
    """
    counts = [_histogram(values, scale) for _, values in series]
    shares = [100 * count / len(values) for count, (_, values) in zip(counts, series, strict=True)]
    peak = max(float(share.max()) for share in shares)
    parts = []
    for level in nice_ticks(0, peak, 2)[1:]:
        y = 100 * (1 - level / peak)
        parts.append(
            Markup(
                '<line class="grid" x2="100%" y1="{y}" y2="{y}"/><text class="level" y="{t}">'
            ).format(y=short(16 + y), t=short(13 + y))
            + f"{level:g} %"
            + Markup("</text>")
        )
    shapes = [
        Markup('<path class="{}" d="{}"/>').format(kind, _steps(share / peak * 100))
        for kind, share in zip(("area", "outline"), shares, strict=False)
    ]
    parts.append(
        Markup(
            '<svg y="16" width="100%" height="100" viewBox="0 0 {} 100" preserveAspectRatio="none">'
        ).format(BINS)
        + Markup("").join(shapes)
        + Markup("").join(_bin_titles(series, counts, scale))
        + Markup("</svg>")
    )
    parts.append(Markup('<line class="axis" x2="100%" y1="116.5" y2="116.5"/>'))
    for tick in scale.ticks:
        place = scale.share(tick)
        anchor = "start" if place < 8 else "end" if place > 92 else "middle"
        parts.append(
            Markup('<text x="{}%" y="132" text-anchor="{}">{}</text>').format(
                short(place), anchor, number(tick, scale.digits)
            )
        )
    return svg("histogram", _summary(title, series, scale.digits + 1), *parts)


def strip(colours: np.ndarray, order: np.ndarray, label: str) -> Markup:
    """Draw the mean colours of photos side by side, from the darkest to the brightest.

    Args:
        colours: (n, 3), RGB on [0, 1], n at least 1.
        order: (n,), brightness: what the photos are sorted by.
        label: what the strip shows, in words.
    """
    chosen = strip_colours(colours, order)
    width = 100 / len(chosen)
    slices = [
        Markup('<rect x="{}%" width="{}%" height="100%" fill="{}"/>').format(
            short(index * width), short(width + 0.2), hex_colour(colour)
        )
        for index, colour in enumerate(chosen)
    ]
    return svg("strip", label, *slices)


def strip_colours(colours: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return up to 32 of the colours (n, 3), evenly spaced in rank by `order`: (m, 3)."""
    ranked = colours[np.argsort(order, kind="stable")]
    places = np.linspace(0, len(ranked) - 1, min(STRIP_SLICES, len(ranked)))
    return ranked[places.round().astype(int)]


def spread(values: np.ndarray, scale: Scale, label: str) -> Markup:
    """Draw values as a box: 5 to 95 % thin, 25 to 75 % thick, the median as a mark."""
    quantiles = np.percentile(values, [5, 25, 50, 75, 95])
    p5, p25, p50, p75, p95 = (scale.share(value) for value in quantiles)
    rect = Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}" rx="1"/>')
    return svg(
        "spread",
        label,
        Markup('<line class="grid" x2="100%" y1="9" y2="9"/>'),
        rect.format("whisker", short(p5), 8, short(max(p95 - p5, 0.4)), 2),
        rect.format("box", short(p25), 4, short(max(p75 - p25, 0.8)), 10),
        Markup('<rect class="median" x="{}%" y="2" width="2" height="14"/>').format(short(p50)),
    )


def dot_uri(data: bytes) -> str:
    """Return a JPEG of 56 x 56 pixels as a data URI, small enough for thousands on a page."""
    square = np.ascontiguousarray(fit(load_rgb(data), DOT_SIDE))
    return jpeg_uri(simplejpeg.encode_jpeg(square, quality=70, colorsubsampling="420"))


def hex_colour(colour: np.ndarray) -> str:
    """Write a colour (3,) on [0, 1] as #rrggbb."""
    return "#" + "".join(f"{value:02x}" for value in (colour * 255).round().astype(int))


def _summary(title: str, series: Sequence[tuple[str, np.ndarray]], digits: int) -> str:
    """Return a histogram's label: of each series n, median and range."""
    parts = [
        f"{name} photos: n = {len(values):,}, median {number(np.median(values), digits)}, "
        f"from {number(values.min(), digits)} to {number(values.max(), digits)}"
        for name, values in series
    ]
    return f"{title}. " + "; ".join(parts)


def _histogram(values: np.ndarray, scale: Scale) -> np.ndarray:
    return np.histogram(np.clip(values, scale.edges[0], scale.edges[-1]), bins=scale.edges)[0]


def _steps(heights: np.ndarray) -> str:
    """Return the path of a staircase over bins of width 1, in a box 100 high."""
    steps = "".join(f"V{short(100 - height)}h1" for height in heights)
    return f"M0 100{steps}V100"


def _bin_titles(series, counts, scale: Scale) -> list[Markup]:
    """Return an invisible column over each bin that says what is in it, to whoever points there."""
    titles = []
    for index in range(BINS):
        found = [
            f"{name} {count[index]} of {len(values)}"
            for (name, values), count in zip(series, counts, strict=True)
        ]
        low, high = (number(edge, scale.digits + 1) for edge in scale.edges[index : index + 2])
        titles.append(
            Markup(
                '<rect class="bin" x="{}" width="1" height="100"><title>{}</title></rect>'
            ).format(index, f"{low} to {high}: {', '.join(found)}")
        )
    return titles
