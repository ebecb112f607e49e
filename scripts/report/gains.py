"""What more could be had from the leader's predictions, and whether it is sure."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.found import Found
from zest.metrics import TITLES
from zest.words import listed

TTA_WORDS = {
    "horizontal_flip": "the photo and its mirror image",
    "flips": "four mirror images",
    "quarter_turns": "four quarter turns",
    "flips_and_turns": "eight flips and turns",
    "multi_crop": "five crops of a larger photo",
}
DECODE_WORDS = {
    "expected_cost": "the class of the least expected squared distance",
    "thresholds_gain": "thresholds of the expected grade",
}


@dataclass(frozen=True)
class Gain:
    """A change of what is handed in, and what it changed on photos that it was not fitted to.

    Attributes:
        what: the change in words.
        metric: what is gained, in words.
        value: by how much; positive is better.
        low: lower end of its interval.
        high: upper end.
        sure: whether chance alone would hardly make it.
        lines: the configuration that does it.
        forbidden: the rule of the contest that forbids it, or nothing.
    """

    what: str
    metric: str
    value: float
    low: float
    high: float
    sure: bool
    lines: dict
    forbidden: str = ""

    @property
    def verdict(self) -> str:
        """Return what is to be thought of it."""
        if not self.sure:
            return "not distinguishable"
        return "better" if self.value > 0 else "worse"


def gains(found: Found) -> list[Gain]:
    """Return every change that a stage has judged; of too few photos there is no judgement."""
    return [one for one in _judged(found) if one.value is not None]


def _judged(found: Found) -> Iterator[Gain]:
    rules, title = found.cfg["rules"], found.title
    for way, judged in (found.tta or {"ways": {}})["ways"].items():
        yield _gain(
            f"test-time augmentation: {TTA_WORDS[way]} ({judged['views']} times the work)",
            title,
            judged["gain"],
            judged["sure"],
            {"submission": {"tta": way}},
            "rules.tta" if rules["tta"] == "forbidden" else "",
        )
    for way, judged in (found.ensemble or {"ways": {}})["ways"].items():
        members = [name for name, weight in judged["weights"].items() if weight > 0]
        named = listed(members) if len(members) <= 4 else f"{len(members)} models"
        yield _gain(
            f"ensemble with {way} weights: {named}",
            title,
            judged["gain"],
            judged["sure"],
            {"submission": {"model": "ensemble", "ensemble": {"weights": way}}},
            "rules.ensemble" if rules["ensemble"] == "forbidden" else "",
        )
    for way, words in DECODE_WORDS.items() if found.decodings else ():
        gain = found.decodings[way]
        decode = way.removesuffix("_gain")
        yield _gain(
            words,
            TITLES["quadratic_weighted_kappa"],
            gain,
            gain["low"] > 0 or gain["high"] < 0,
            {"submission": {"decode": decode}},
        )


def _gain(
    what: str, metric: str, gain: dict | None, sure: bool, lines: dict, forbidden: str = ""
) -> Gain:
    ends = [(gain or {}).get(key) for key in ("value", "low", "high")]
    return Gain(what, metric, *ends, sure, lines, forbidden)
