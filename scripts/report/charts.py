"""The charts of the report, as inline SVG (see zest.page.svg), and the pictures of its gallery."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from markupsafe import Markup

from zest.page import jpeg_uri
from zest.page.svg import nice_ticks, short, svg

HEIGHT, SQUARE = 190, 300  # pixels of a chart with two axes, and of one with two equal ones
TOP, BOTTOM = 18, 30  # of these, above and below the area
SIDE = 160  # pixels of a picture in the gallery
HEAT_OPACITY = 0.65  # of the hottest place


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        name: for the legend.
        kind: its class in report.css.
        points: (x, y) from left to right.
    """

    name: str
    kind: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Dot:
    """A model in a chart of score against cost: its place, and the ends of its interval."""

    name: str
    x: float
    y: float
    low: float
    high: float
    leads: bool


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


def curves(label: str, lines: Sequence[Line], axes: Axes) -> Markup:
    """Draw lines over epochs."""
    epochs = [tick for tick in nice_ticks(axes.left, axes.right, 6) if tick == round(tick)]
    parts = _grid(axes, epochs)
    for line in lines:
        path = " L".join(f"{short(axes.x(x))} {short(axes.y(y) - TOP)}" for x, y in line.points)
        parts.append(
            Markup(
                '<svg y="{}" width="100%" height="{}" viewBox="0 0 100 {}" '
                'preserveAspectRatio="none"><path class="line {}" d="M{}"><title>{}</title></path>'
                "</svg>"
            ).format(*(TOP, axes.area, axes.area, line.kind, path, line.name))
        )
        if len(line.points) == 1:
            ((x, y),) = line.points
            parts.append(_circle(axes.x(x), axes.y(y), 3, f"dot-{line.kind}", line.name))
    return svg("plot", label, *parts)


def cost_chart(label: str, dots: Sequence[Dot]) -> Markup:
    """Draw scores, with their intervals, against photos a second on a logarithmic axis."""
    ends = [end for dot in dots for end in (dot.low, dot.high)]
    axes = axes_around([dot.x for dot in dots], ends, logarithmic=True)
    parts = _grid(axes, _decades(axes.left, axes.right))
    for dot in dots:
        place = axes.x(dot.x)
        parts.append(
            Markup('<line class="interval" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(
                short(place), short(axes.y(dot.low)), short(axes.y(dot.high))
            )
        )
        told = f"{dot.name}: {dot.y:.3f} ({dot.low:.3f} to {dot.high:.3f}), {dot.x:.0f} photos/s"
        parts.append(
            _circle(place, axes.y(dot.y), 7 if dot.leads else 5, "leads" if dot.leads else "", told)
        )
        anchor = "start" if place < 75 else "end"
        parts.append(
            Markup('<text x="{}%" dx="{}" y="{}" text-anchor="{}">{}</text>').format(
                *(short(place), 10 if anchor == "start" else -10, short(axes.y(dot.y) + 4)),
                *(anchor, dot.name),
            )
        )
    return svg("plot", label, *parts)


def reliability(sure: np.ndarray, right: np.ndarray, photos: np.ndarray) -> Markup:
    """Draw how often photos are right against how sure the model was.

    Args:
        sure: mean probability of the predicted class in each bin, (bins,).
        right: share of the bin's photos that are right, (bins,).
        photos: of each bin, (bins,): the area of its dot.
    """
    axes = Axes(0, 1, 0, 1, height=SQUARE)
    parts = _grid(axes, [0, 0.25, 0.5, 0.75, 1])
    parts.append(
        Markup('<line class="diagonal" x1="0%" x2="100%" y1="{}" y2="{}"/>').format(
            axes.y(0), axes.y(1)
        )
    )
    for x, y, count in zip(sure, right, photos, strict=True):
        told = f"{count} photos: {100 * x:.0f} % sure, {100 * y:.0f} % right"
        radius = 3 + 9 * float(np.sqrt(count / photos.max()))
        parts.append(_circle(100 * float(x), axes.y(float(y)), radius, "bin-dot", told))
    return svg("plot square", "How often the model is right against how sure it is", *parts)


def share_bar(low: float, value: float, high: float, label: str) -> Markup:
    """Draw a share, 0 to 1, as a bar with its interval as a line."""
    return svg(
        "bar",
        label,
        Markup('<rect class="fill" width="{}%" height="100%" rx="2"/>').format(short(100 * value)),
        Markup('<line class="whisker" x1="{}%" x2="{}%" y1="7" y2="7"/>').format(
            short(100 * low), short(100 * high)
        ),
    )


def with_heat(picture: bytes, heat: np.ndarray) -> tuple[str, str]:
    """Return a picture, and the same under its heat map, as data URIs.

    Args:
        picture: JPEG of what the network saw.
        heat: float, (h, w), 0 to 1.
    """
    image = simplejpeg.decode_jpeg(picture, colorspace="RGB")
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(heat.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    smooth = smooth.clip(0, 1)[..., None]
    colours = cv2.applyColorMap((smooth * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = HEAT_OPACITY * np.sqrt(smooth)
    blended = (image * (1 - share) + colours * share).round().astype(np.uint8)
    return _uri(image), _uri(blended)


def _uri(image: np.ndarray) -> str:
    encoded = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality=82, colorsubsampling="420"
    )
    return jpeg_uri(encoded)


def _grid(axes: Axes, xs: Sequence[float]) -> list[Markup]:
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


def _circle(x: float, y: float, radius: float, kind: str, told: str) -> Markup:
    return Markup('<circle class="{}" cx="{}%" cy="{}" r="{}"><title>{}</title></circle>').format(
        kind, short(x), short(y), short(radius), told
    )
