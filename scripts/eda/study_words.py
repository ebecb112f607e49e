"""What the findings of the stages duplicates, split and study mean, in plain words."""

from collections.abc import Callable

import numpy as np

from eda.findings import Estimate, Findings
from eda.survey import Split

DARK, BRIGHT = 0.1, 0.9  # brightness
BLURRED = 0.05  # of the median sharpness
TINY = 96  # pixels of the short side
ODD_SHAPE = 3  # long side / short side
PLAIN_FORMATS = ("JPEG", "PNG")
PLAIN_MODES = ("RGB", "L")
# Share of the photos outside of the largest class that a source must tell for sure.
SHORTCUT, LARGE_SHORTCUT = 0.1, 0.3
FLATTERY = 0.03  # of plain folds, from which it is told
TOLD_APART, CLEARLY_APART = 0.6, 0.75  # AUC

ODDITIES: dict[str, Callable[[Split], np.ndarray]] = {
    f"Very dark (brightness below {DARK})": lambda one: one.brightness < DARK,
    f"Very bright (brightness above {BRIGHT})": lambda one: one.brightness > BRIGHT,
    f"Blurred (sharpness below {BLURRED:.0%} of the median)": lambda one: (
        one.sharpness < BLURRED * np.median(one.sharpness)
    ),
    f"Tiny (short side under {TINY} pixels)": lambda one: np.minimum(one.width, one.height) < TINY,
    f"Odd shape (one side over {ODD_SHAPE} times the other)": lambda one: (
        np.maximum(one.width, one.height) > ODD_SHAPE * np.minimum(one.width, one.height)
    ),
    "Unusual format (neither JPEG nor PNG; an MPO holds several photos)": lambda one: (
        ~np.isin(one.format, PLAIN_FORMATS)
    ),
    "Unusual colour mode (CMYK, palette, 16 bits, transparency)": lambda one: (
        ~np.isin(one.mode, PLAIN_MODES)
    ),
    "Several pictures in one file (only the first is used)": lambda one: one.frames > 1,
}


def counted(number: int, one: str, several: str) -> str:
    """Return a number with what it counts: "1 pair stands", "1,200 pairs stand"."""
    return f"{number:,} {one if number == 1 else several}"


def photo_map(classes: int) -> list[str]:
    """Say how to read the map."""
    return [
        "Photos that a pretrained network finds alike stand together; the empty space between far "
        "groups means nothing. Islands of one colour are easy; a colour inside another is hard, or "
        "wrongly labelled. Small tight clumps are photos taken in one go.",
        *(
            ["There are more classes than colours, so colours repeat; the names show on hover."]
            if classes > 12
            else []
        ),
    ]


def duplicates(counts: dict[str, int]) -> list[str]:
    """Say what the duplicates mean."""
    disagree, within, across, test = counts.values()
    if not any(counts.values()):
        return ["No photo is there twice, neither by its bytes nor by its looks."]
    told = []
    if disagree:
        told.append(
            f"{counted(disagree, 'pair shows', 'pairs show')} the same thing under two labels: "
            "one of them is wrong, and a model learns from both. Look at these first, and correct "
            "the label file."
        )
    if within:
        told.append(
            f"{counted(within, 'pair stands', 'pairs stand')} within the training photos. In a "
            "plain split one of a pair may be learned and the other asked for, which is no test; "
            "the section Split says whether any stand in two folds."
        )
    if across:
        told.append(
            f"{counted(across, 'pair is', 'pairs are')} of a test photo and its twin among the "
            "training photos: a model may know its answer by heart, and that says nothing of new "
            "photos."
        )
    if test:
        told.append(
            f"{counted(test, 'pair stands', 'pairs stand')} within the test photos; both of a "
            "pair should be graded alike."
        )
    return told


def quality(counts: dict[str, int]) -> list[str]:
    """Say what the odd photos mean."""
    if not counts:
        return ["No photo is very dark, very bright, blurred, tiny, oddly shaped or stored oddly."]
    return [
        f"{counted(sum(counts.values()), 'finding', 'findings')}. An odd photo is not wrong "
        "by itself: look whether a person could grade it. What no person can grade teaches "
        "nothing; delete its row from the label file."
    ]


def doubtful_labels(found: int, photos: int) -> list[str]:
    """Say what the doubtful labels mean."""
    if not found:
        return ["The probe doubts no label: where it errs, it errs without being sure."]
    return [
        f"To a quick classifier that never saw them, {counted(found, 'photo', 'photos')} "
        f"({100 * found / photos:.1f} %) may be of another class (arrow), which looks as likely as "
        "for its own photos; the most doubtful first. It may be wrong: look at each, correct the "
        "label file where it is right. A wrong label in validation costs every model the same; in "
        "training it costs the small classes most."
    ]


def shortcut_verdict(one: dict[str, str]) -> str:
    """Say in a word how much a source tells more than the largest class."""
    low, majority = float(one["low"]), float(one["majority"])
    gain = (low - majority) / max(1 - majority, 1e-9)
    if gain <= 0:
        return "tells nothing"
    if gain < SHORTCUT:
        return "tells hardly anything"
    return "tells something" if gain < LARGE_SHORTCUT else "tells much"


def is_shortcut(one: dict[str, str]) -> bool:
    """Say whether a source tells so much that it should be told."""
    return shortcut_verdict(one) in ("tells something", "tells much")


def shortcuts(found: list[dict[str, str]]) -> list[str]:
    """Say what the shortcuts mean."""
    telling = [one["source"] for one in found if is_shortcut(one)]
    told = [
        "Each line predicts the class from that alone, without the thing itself; the mark in the "
        "bar is the share of the largest class, which needs no photo at all."
    ]
    if not telling:
        return [*told, "None tells much more: no easy way round the thing itself was found."]
    told.append(
        f"Warning: {', '.join(telling)} alone tell{'s' if len(telling) == 1 else ''} the class "
        "better than it should. A model will use that, too, and fail where it is different: with "
        "another table, camera or light."
    )
    if telling == ["mean colour"]:
        told[-1] = (
            "Only the mean colour tells the class, which is well where the colour is the thing’s "
            "own, and a trap where it is the table’s or the lamp’s."
        )
    return told


def told_apart(auc: Estimate) -> bool:
    """Say whether test photos can be told from training photos."""
    return auc.low >= 0.5 and auc.value >= TOLD_APART


def shift(auc: Estimate | None) -> list[str]:
    """Say what adversarial validation means."""
    if auc is None:
        return []
    if not told_apart(auc):
        return [
            f"A classifier can hardly tell test photos from training photos (AUC {auc.value:.2f}; "
            "0.5 is guessing, 1 is certainty): validation on training photos is a fair forecast."
        ]
    how = "clearly" if auc.value >= CLEARLY_APART else "in part"
    return [
        f"A classifier tells test photos from training photos {how} (AUC {auc.value:.2f}; 0.5 is "
        "guessing, 1 is certainty): they were taken on other occasions. A random validation would "
        "flatter; see the section Split for what to expect. The weights in eda/shift.csv make the "
        "training photos that are like the test photos count more in an estimate."
    ]


def split(found: Findings) -> list[str]:
    """Say what the split means for the score."""
    told = []
    if found.group_sizes:
        told.append(
            counted(len(found.group_sizes), "group of photos belongs", "groups of photos belong")
            + f" together: {sum(found.group_sizes):,} photos, up to {max(found.group_sizes):,} in "
            "one; "
            + (
                f"the split divides {found.divided_groups:,} of them, so its scores flatter."
                if found.divided_groups
                else "no group is divided."
            )
        )
    twins = [one for one in found.pairs if one["first_part"] == one["second_part"] == "train"]
    if twins:
        told.append(
            f"Leak: {len(found.leaks):,} of {len(twins):,} pairs of duplicates stand in two folds."
        )
    if chosen_distance(found) is not None:
        told.append(
            "The test photos are less like the training photos than these are like each other, so "
            "photos that were taken in one go are kept together, until validation is as hard as "
            "the test photos look: the least distance whose gap is nearly the smallest."
        )
    told.append(outlook(found.estimates))
    if found.group_sizes:
        told.append(
            "Photos of one group are right or wrong together, so fewer count than there are, and "
            "the intervals are of those."
        )
    return told


def outlook(estimates: dict[str, Estimate]) -> str:
    """Say what score to expect, by the estimates of eda/estimates.csv."""
    plain, grouped = estimates["plain folds"], estimates["folds of the split"]
    auc = estimates.get("AUC of test against training")
    if auc is None:
        return (
            f"A linear probe scores {grouped.value:.3f} in these folds ({grouped.low:.3f} to "
            f"{grouped.high:.3f}); on photos taken like these, expect about as much of it."
        )
    weighted = estimates["expected on the test photos"]
    expected = weighted if told_apart(auc) else grouped
    if expected.value >= plain.value - FLATTERY and not expected.high < plain.low:
        return (
            f"A linear probe scores {grouped.value:.3f} in these folds; expect about as much of it "
            "on the test photos, and judge other models in the same folds."
        )
    return (
        f"A linear probe would claim {plain.value:.3f} in plain folds. Expect about "
        f"{expected.value:.3f} on the test photos ({expected.low:.3f} to {expected.high:.3f}). "
        f"In the folds of this split it scores {grouped.value:.3f}: judge other models there, and "
        "expect them to lose as much on the test photos as it does. No such forecast is sure: mind "
        "its interval."
    )


def chosen_distance(found: Findings) -> str | None:
    """Return the distance of sessions that was chosen by itself, or None."""
    chosen = [row["distance"] for row in found.sessions if row["chosen"] == "1"]
    return chosen[0] if chosen and float(chosen[0]) else None
