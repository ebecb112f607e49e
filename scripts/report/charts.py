"""The charts of the report, as inline SVG (zest.page.plots), and the pictures of its gallery."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from markupsafe import Markup

from zest.page import jpeg_uri
from zest.page.plots import TOP, Axes, circle, grid
from zest.page.svg import nice_ticks, short, svg

SQUARE = 300  # pixels of a chart with two equal axes
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


def curves(label: str, lines: Sequence[Line], axes: Axes) -> Markup:
    """Draw lines over epochs."""
    epochs = [tick for tick in nice_ticks(axes.left, axes.right, 6) if tick == round(tick)]
    parts = grid(axes, epochs)
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
            parts.append(circle(axes.x(x), axes.y(y), 3, f"dot-{line.kind}", line.name))
    return svg("plot", label, *parts)


def reliability(sure: np.ndarray, right: np.ndarray, photos: np.ndarray) -> Markup:
    """Draw how often photos are right against how sure the model was.

    Args:
        sure: mean probability of the predicted class in each bin, (bins,).
        right: share of the bin's photos that are right, (bins,).
        photos: of each bin, (bins,): the area of its dot.
    """
    axes = Axes(0, 1, 0, 1, height=SQUARE)
    parts = grid(axes, [0, 0.25, 0.5, 0.75, 1])
    parts.append(
        Markup('<line class="diagonal" x1="0%" x2="100%" y1="{}" y2="{}"/>').format(
            axes.y(0), axes.y(1)
        )
    )
    for x, y, count in zip(sure, right, photos, strict=True):
        told = f"{count} photos: {100 * x:.0f} % sure, {100 * y:.0f} % right"
        radius = 3 + 9 * float(np.sqrt(count / photos.max()))
        parts.append(circle(100 * float(x), axes.y(float(y)), radius, "bin-dot", told))
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
