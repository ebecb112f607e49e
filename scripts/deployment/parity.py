"""Is what was exported the model that was scored? The same photos through every path.

A path is one way from images to probabilities: the training model, its exports in the runtimes
that are installed. A link is one step from a photo's file to its probabilities, compared between
Zest and an exported model with the client of its bundle; the first that differs is where to look.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from deployment.client import predict as client
from deployment.graph import INPUT
from deployment.running import BATCH_SIZE, open_session
from zest.engine.batches import normalise
from zest.images import fit, load_rgb
from zest.paired import Difference, OutOfFold

PIXEL_TOLERANCE = 1  # of 255 levels: two ways to round
PIXELS_THAT_MAY_DIFFER = 1e-3  # share of the values
# Where `images.fit` is stretch, one side may grow and the other shrink, and OpenCV rounds a fifth
# of the values otherwise (tests/unit/test_client.py); another way to resize differs in most.
STRETCHED_THAT_MAY_DIFFER = 0.25
NORMALISED_TOLERANCE = 1e-5
TIE = 2e-5  # of probability: twice deploy.tolerance as it is by default


@dataclass(frozen=True)
class PathParity:
    """How far the probabilities of a path lie from those that were scored.

    Attributes:
        path: its name.
        max_difference: of a probability, absolute.
        mean_difference: of a probability, absolute.
        agreement: share of the photos with the same likeliest class, 0 to 1; see `compare`.
        photos: how many.
    """

    path: str
    max_difference: float
    mean_difference: float
    agreement: float
    photos: int


@dataclass(frozen=True)
class Link:
    """One step from file to probabilities, in Zest and outside of it.

    Attributes:
        name: decode, resize, normalise, network or quantise.
        max_difference: in the unit of what the step gives.
        unit: of it.
        tolerance: largest difference that is none.
        share: of the values, that differ by more than rounding to the last place of uint8; None
            where the values are not of uint8.
        holds: whether the step is the same.
    """

    name: str
    max_difference: float
    unit: str
    tolerance: float
    share: float | None
    holds: bool


def compare(path: str, scored: np.ndarray, found: np.ndarray, tie: float = TIE) -> PathParity:
    """Compare the probabilities of a path with those that were scored.

    Args:
        path: its name.
        scored: float (photos, K).
        found: the same, of the path.
        tie: of probability: classes that lie so close are both the likeliest one.
    """
    differences = np.abs(np.asarray(found, np.float64) - scored)
    named = np.take_along_axis(scored, found.argmax(axis=1)[:, None], axis=1)[:, 0]
    same = named >= scored.max(axis=1) - tie
    return PathParity(
        path, float(differences.max()), float(differences.mean()), float(same.mean()), len(found)
    )


def broken(parity: PathParity, tolerance: float) -> str | None:
    """Return what is wrong with a path in float, or None; NaN is wrong."""
    if parity.max_difference <= tolerance and parity.agreement == 1:
        return None
    return (
        f"{parity.path}: probabilities differ by up to {parity.max_difference:.2g} (tolerance "
        f"{tolerance:g}), and {1 - parity.agreement:.1%} of {parity.photos} photos change their "
        "class"
    )


def loses_too_much(parity: PathParity, loss: Difference, most: float, confidence: float) -> bool:
    """Return whether a path loses too much, beyond chance where chance can be told.

    The interval knows of photos that the split keeps together, and is wide where these are few;
    McNemar's test counts each photo, and is not. Either of them is enough.

    Args:
        parity: of the path; probabilities that are no numbers are too much.
        loss: in the contest's metric. Where it is not known, the photos that change their class
            stand for it; where its interval is not, its value alone counts.
        most: that it may be.
        confidence: of the interval and the test, 0 to 1.
    """
    if not math.isfinite(parity.max_difference):
        return True
    if not loss.is_known:
        return 1 - parity.agreement > most
    by_photos = loss.only_leader > loss.only_other and loss.mcnemar_p < 1 - confidence
    beyond_chance = loss.low > 0 or not math.isfinite(loss.low) or by_photos
    return loss.value > most and beyond_chance


def pixel_links(files: Iterable[Path], size: int, how: str) -> list[Link]:
    """Compare decoding and resizing, by Zest and by the client of the bundle.

    Args:
        files: of photos that the client reads.
        size: of the network's images, in pixels.
        how: `images.fit`.
    """
    decoded, resized = [], []
    for file in files:
        pixels = load_rgb(file.read_bytes(), client.MAX_PIXELS, size)
        decoded.append(_levels(pixels, client.load_rgb(file, short_side=size)))
        resized.append(_levels(fit(pixels, size, how), client.fit(pixels, size, how)))
    return [
        _pixel_link("decode", decoded, PIXELS_THAT_MAY_DIFFER),
        _pixel_link("resize", resized, may_differ(how)),
    ]


def may_differ(how: str) -> float:
    """Return the share of the resized values that may differ by a level, by `images.fit`."""
    return STRETCHED_THAT_MAY_DIFFER if how == "stretch" else PIXELS_THAT_MAY_DIFFER


def _levels(ours: np.ndarray, theirs: np.ndarray) -> tuple[int, int, int]:
    """Return the largest difference, how many values differ, and how many there are."""
    if ours.shape != theirs.shape:
        return 255, ours.size, ours.size
    differences = np.abs(ours.astype(np.int16) - theirs)
    return int(differences.max()), int((differences > 0).sum()), ours.size


def _pixel_link(name: str, found: list[tuple[int, int, int]], most: float) -> Link:
    largest, differing, values = (np.array(column) for column in zip(*found, strict=True))
    share = float(differing.sum() / values.sum())
    holds = bool(largest.max() <= PIXEL_TOLERANCE and share <= most)
    return Link(name, float(largest.max()), "levels of 255", PIXEL_TOLERANCE, share, holds)


def normalise_link(model: Path, images: np.ndarray, mean: tuple, std: tuple) -> Link:
    """Compare the normalisation in a graph with that of training.

    Args:
        model: of `deployment.graph.name_and_describe`.
        images: uint8 RGB, (n, size, size, 3).
        mean: of the normalisation, on [0, 1].
        std: of the normalisation, on [0, 1].
    """
    ours = normalise(images[:BATCH_SIZE], mean, std)
    theirs = normalised_by(model)(images[:BATCH_SIZE])
    largest = float(np.abs(ours - theirs).max())
    unit = "of what the network sees"
    tolerance = NORMALISED_TOLERANCE
    return Link("normalise", largest, unit, tolerance, None, largest <= tolerance)


def normalised_by(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the part of a graph up to the subtraction of the normalisation, as a function."""
    model = onnx.load(str(path))
    last = next(node for node in model.graph.node if node.op_type == "Sub").output[0]
    output = onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None)
    model.graph.output.append(output)
    session = open_session(model.SerializeToString())
    return lambda images: session.run([last], {INPUT: images})[0]


def probability_link(name: str, parity: PathParity, tolerance: float, holds: bool) -> Link:
    """Return the link of a path whose images are the same."""
    return Link(name, parity.max_difference, "of probability", tolerance, None, holds)


def first_difference(links: list[Link]) -> Link | None:
    """Return the first link that does not hold, from the file on, or None."""
    return next((link for link in links if not link.holds), None)


def with_probabilities(scored: OutOfFold, found: np.ndarray) -> OutOfFold:
    """Return the same photos with other probabilities, to be scored."""
    return OutOfFold(
        scored.ids, scored.labels, found.astype(np.float64), scored.groups, scored.folds
    )
