"""What the figures mean, in plain words: for people who know lemons, and need not know the field.

Every judgement is computed from the data and names the threshold it was made by.
"""

from dataclasses import dataclass

import numpy as np

from eda import tables
from eda.statistics import cohen_d, imbalance_ratio, sure_cohen_d
from eda.survey import Split
from zest.classes import ClassInfo, class_title

MILD_IMBALANCE, STRONG_IMBALANCE = 3, 10  # largest class / smallest class
FEW_PHOTOS = 20  # a class under this is hard to learn and harder to judge; a split, to compare
PHOTOS_A_CLASS = 1000  # from here on, training from nothing is an option
COMMON_SIDE = 224  # pixels: the side at which most published networks are trained
NARROW, DARK, BRIGHT = 0.02, 0.25, 0.75
# Cohen 1988, Statistical Power Analysis for the Behavioral Sciences: d on pages 25 and 26; the
# shares of explained variance follow from f on pages 285 to 287.
SMALL_D, MEDIUM_D, LARGE_D = 0.2, 0.5, 0.8
SMALL_SHARE, MEDIUM_SHARE, LARGE_SHARE = 0.01, 0.06, 0.14

SAMPLES = [
    "Look at these before any figure. Would you sort them as the label says? What differs between "
    "the classes besides the thing itself: the table, the light, the distance? A model sees that "
    "too."
]


@dataclass(frozen=True)
class Comparison:
    """One measure, in the training and in the test photos."""

    measure: str
    train: str  # median
    test: str
    d: str  # standardised difference of the means; positive: larger in the test photos
    verdict: str
    strength: float  # |d|, or 0 where chance may well have made it


def data_size(photos: int, classes: int) -> str:
    """Say whether the photos suffice to train from nothing."""
    each = photos / classes
    if each >= PHOTOS_A_CLASS:
        return (
            f"About {each:,.0f} photos a class: enough to train a network from nothing (from "
            f"{PHOTOS_A_CLASS:,} on), though one trained on other photos before is still quicker."
        )
    return (
        f"About {each:,.0f} photos a class: under {PHOTOS_A_CLASS:,}, so a network that learned to "
        "see on other photos before (a pretrained one) will do better than one that starts from "
        "nothing, and varied copies of the photos (augmentation) will help."
    )


def proportion(train: int, test: int) -> str:
    """Say how the test set compares in number."""
    if not test:
        return "There are no test photos: the models can be compared, but nothing can be handed in."
    margin = 100 * 1.96 * np.sqrt(0.25 / test)
    return (
        f"On {test:,} test photos, chance alone moves a score of 50 % by up to {margin:.1f} "
        "percentage points either way (95 % interval): smaller differences say little."
    )


def balance(classes: list[ClassInfo], photos: np.ndarray) -> list[str]:
    """Say how unequal the classes are, and which are small."""
    if len(classes) == 1:
        return ["There is one class only: there is nothing to tell apart."]
    if photos.min() == 0:
        empty = _titles(classes, photos == 0)
        return [f"Without any training photo: {empty}. No model can learn what it never saw."]
    sentences = [_imbalance(classes, photos)]
    few = photos < FEW_PHOTOS
    if few.any():
        sentences.append(
            f"{_classes(few.sum())} fewer than {FEW_PHOTOS} photos: {_titles(classes, few)}. "
            "Their scores will jump about by chance."
        )
    return sentences


def _imbalance(classes: list[ClassInfo], photos: np.ndarray) -> str:
    ratio = imbalance_ratio(photos)
    if ratio == 1:
        return f"Every class has the same number of photos ({photos[0]:,}): nothing to balance."
    if ratio <= MILD_IMBALANCE:
        kind, advice = "mild", "no special measures are needed"
    elif ratio <= STRONG_IMBALANCE:
        kind, advice = "moderate", "watch the scores of the small classes, and consider balancing"
    else:
        kind = "strong"
        advice = "balance the training set, and judge by a score that counts each class alike"
    large, small = class_title(classes[photos.argmax()]), class_title(classes[photos.argmin()])
    return (
        f"The largest class ({large}) has {ratio:.1f} times the photos of the smallest ({small}): "
        f"{kind} imbalance (mild up to {MILD_IMBALANCE}, strong above {STRONG_IMBALANCE}); "
        f"{advice}."
    )


def _titles(classes: list[ClassInfo], chosen: np.ndarray) -> str:
    return _listed(
        [class_title(one) for one, listed in zip(classes, chosen, strict=True) if listed]
    )


def sizes(train: Split, test: Split) -> list[str]:
    """Say whether the photos have one size, and whether they are small."""
    sizes = {*tables.size_pairs(train), *tables.size_pairs(test)}
    if len(sizes) == 1:
        width, height = next(iter(sizes))
        sentences = [f"Every photo has the same size, {width} × {height} pixels: nothing to mend."]
    else:
        sentences = [
            f"{len(sizes):,} different sizes: before training, each photo is brought to one square."
        ]
    short = np.minimum(train.width, train.height)
    small = int((short < COMMON_SIDE).sum())
    if small:
        sentences.append(
            f"{small:,} of {len(train):,} training photos have a side under {COMMON_SIDE} pixels, "
            "the side most networks were made for: they will be enlarged, which adds no detail."
        )
    turned = sum(value != 1 for value in [*train.orientation, *test.orientation])
    if turned:
        sentences.append(
            f"{turned:,} {'photo was' if turned == 1 else 'photos were'} taken with the camera "
            "turned; Zest sets them upright."
        )
    return sentences


def aspect_range(train: Split, test: Split) -> str:
    """Say from what to what width / height goes."""
    ratio = np.concatenate([train.width / train.height, test.width / test.height])
    low, high = f"{ratio.min():.2f}", f"{ratio.max():.2f}"
    bounds = f"square: {tables.TALL} to {tables.WIDE}"
    if low == high:
        return f"Width ÷ height is {low} throughout ({bounds})."
    return f"Width ÷ height from {low} to {high} ({bounds})."


def light(train: Split) -> list[str]:
    """Say whether the training photos are dark, bright or grey, and how much they vary."""
    centre, spread = float(train.brightness.mean()), float(train.brightness.std())
    kind = "dark" if centre < DARK else "bright" if centre > BRIGHT else "of medium brightness"
    varied = "hardly vary" if spread < NARROW else "vary"
    sentences = [
        f"The training photos are {kind} on average ({centre:.2f}; dark below {DARK}, bright above "
        f"{BRIGHT}), and {varied} from photo to photo (standard deviation {spread:.2f})."
    ]
    grey = int(train.grey.sum())
    if grey == len(train):
        sentences.append("All of them are grey: only shapes and shades can tell the classes apart.")
    elif grey:
        sentences.append(
            f"{grey:,} of {len(train):,} have no colour: if they belong to few classes, a model "
            "may learn “grey” instead of the class."
        )
    return sentences


def colour_by_class(explained: dict[str, float]) -> list[str]:
    """Say how much of the differences in colour goes with the class.

    Args:
        explained: epsilon squared of each measure, 0 to 1.
    """
    measure = max(explained, key=lambda name: explained[name])
    share = explained[measure]
    size = "hardly any"
    if share >= LARGE_SHARE:
        size = "a large share"
    elif share >= MEDIUM_SHARE:
        size = "a medium share"
    elif share >= SMALL_SHARE:
        size = "a small share"
    first = (
        f"The class explains {100 * share:.0f} % of the differences in {measure} between photos: "
        f"{size} (small from {100 * SMALL_SHARE:.0f} %, medium from {100 * MEDIUM_SHARE:.0f} %, "
        f"large from {100 * LARGE_SHARE:.0f} %)."
    )
    if share < MEDIUM_SHARE:
        return [first, "The average colour of a photo will not give its class away."]
    return [
        first,
        "Average colour alone gives a hint of the class. That is well where the colour is the "
        "fruit’s own; it is a trap where it is the table’s or the lamp’s, because those may "
        "change.",
    ]


def comparisons(train: Split, test: Split) -> list[Comparison]:
    """Compare the test photos with the training photos, measure by measure."""
    log_size = [np.log(np.maximum(split.file_bytes, 1)) for split in (train, test)]
    log_sharp = [np.log(split.sharpness + 1) for split in (train, test)]
    pixels = [split.width.astype(float) * split.height / 1e6 for split in (train, test)]
    few = min(len(train), len(test)) < FEW_PHOTOS
    table = [
        ("Brightness", train.brightness, test.brightness, None, "darker", "brighter", 2),
        ("Contrast", train.contrast, test.contrast, None, "flatter", "richer in contrast", 2),
        ("Sharpness", train.sharpness, test.sharpness, log_sharp, "softer", "sharper", 0),
        ("Megapixels", *pixels, None, "smaller", "larger", 2),
        (
            "Kilobytes",
            train.file_bytes / 1000,
            test.file_bytes / 1000,
            log_size,
            "smaller",
            "larger",
            1,
        ),
    ]
    rows = []
    for measure, first, second, compared, less, more, digits in table:
        sides = compared or (first, second)
        d, sure = (0.0, 0.0) if few else (cohen_d(*sides), sure_cohen_d(*sides))
        rows.append(
            Comparison(
                measure=measure,
                train=f"{np.median(first):,.{digits}f}",
                test=f"{np.median(second):,.{digits}f}",
                d="–" if few else _signed(d),
                verdict="too few photos to tell" if few else _verdict(d, sure, less, more),
                strength=abs(sure),
            )
        )
    return rows


def shift(rows: list[Comparison], train: Split, test: Split) -> list[str]:
    """Say whether the test photos resemble the training photos."""
    if not rows:
        return ["There are no test photos to compare with."]
    known = set(tables.size_pairs(train))
    seen = sum(size in known for size in tables.size_pairs(test))
    sentences = [
        f"{100 * seen / len(test):.0f} % of the test photos have a size that occurs in training."
    ]
    notable = [row for row in rows if row.strength >= SMALL_D]
    if min(len(train), len(test)) < FEW_PHOTOS:
        return [
            f"With fewer than {FEW_PHOTOS} photos on a side, a comparison says little.",
            *sentences,
        ]
    if not notable:
        first = "In light, sharpness and size the test photos are like the training photos"
        last = f"(no difference of {SMALL_D} standard deviations is sure): a score measured on "
        return [
            f"{first} {last}held-out training photos is a fair forecast in this respect.",
            *sentences,
        ]
    told = _listed([f"{row.verdict} ({row.measure.lower()}, d = {row.d})" for row in notable])
    outlook = (
        "Expect the score on the test photos to fall short of the one on held-out training photos, "
        "and vary these measures in augmentation."
    )
    if max(row.strength for row in notable) < MEDIUM_D:
        outlook = "The score on the test photos may fall a little short of the one in training."
    return [
        f"The test photos are {told}. d counts standard deviations: slight from {SMALL_D}, clear "
        f"from {MEDIUM_D}, large from {LARGE_D}. {outlook}",
        *sentences,
    ]


def problems(count: int) -> list[str]:
    """Say what the problems mean for the run."""
    if not count:
        return ["Every photo could be read, and every row of the label file has its photo."]
    return [
        "These photos or rows were found wrong when the catalog was made, and are not part of any "
        "figure above. Mend the files and run the same command again, or leave them out knowingly."
    ]


def _verdict(d: float, sure: float, less: str, more: str) -> str:
    word = less if d < 0 else more
    if abs(d) < SMALL_D:
        return "about the same"
    if not sure:
        return f"{word}, or by chance"
    if abs(d) < MEDIUM_D:
        return f"slightly {word}"
    return f"clearly {word}" if abs(d) < LARGE_D else f"much {word}"


def _signed(d: float) -> str:
    return f"{d:+.2f}".replace("-", "−").replace("inf", "∞")


def _classes(count: int) -> str:
    return "1 class has" if count == 1 else f"{count:,} classes have"


def _listed(names: list[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
