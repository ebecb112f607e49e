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
    "thresholds": "thresholds of the expected grade",
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
        obstacle: why it may not, or need not, be switched on; or nothing.
    """

    what: str
    metric: str
    value: float
    low: float
    high: float
    sure: bool
    lines: dict
    obstacle: str = ""

    @property
    def verdict(self) -> str:
        """Return what is to be thought of it."""
        if not self.sure:
            return "not distinguishable"
        return "better" if self.value > 0 else "worse"


def gains(found: Found) -> list[Gain]:
    """Return every change that a stage has judged; of too few photos there is no judgement."""
    return [one for one in _judged(found) if None not in (one.value, one.low, one.high)]


def advisable(found: Found) -> list[Gain]:
    """Return the sure gains that nothing stands in the way of."""
    return [one for one in gains(found) if one.sure and one.value > 0 and not one.obstacle]


def _judged(found: Found) -> Iterator[Gain]:
    yield from _of_views(found)
    yield from _of_ensembles(found)
    yield from _of_decodings(found)


def _of_views(found: Found) -> Iterator[Gain]:
    submission = found.cfg["submission"]
    for way, judged in (found.tta or {"ways": {}})["ways"].items():
        obstacle = ""
        if found.cfg["rules"]["tta"] == "forbidden":
            obstacle = "rules.tta: forbidden"
        elif submission["tta"] == way:
            obstacle = "switched on"
        elif submission["decode"] == "thresholds":
            obstacle = "not with submission.decode: thresholds"
        what = f"test-time augmentation: {TTA_WORDS[way]} ({judged['views']} times the work)"
        lines = {"submission": {"tta": way}}
        yield _gain(what, found.title, judged["gain"], judged["sure"], lines, obstacle)


def _of_ensembles(found: Found) -> Iterator[Gain]:
    submission = found.cfg["submission"]
    for way, judged in (found.ensemble or {"ways": {}})["ways"].items():
        members = [name for name, weight in judged["weights"].items() if weight > 0]
        named = listed(members) if len(members) <= 4 else f"{len(members)} models"
        what = f"ensemble with {way} weights: {named}"
        obstacle = ""
        if found.cfg["rules"]["ensemble"] == "forbidden":
            obstacle = "rules.ensemble: forbidden"
        elif submission["model"] == "ensemble" and submission["ensemble"]["weights"] == way:
            obstacle = "switched on"
        elif submission["decode"] == "thresholds":
            obstacle = "not with submission.decode: thresholds"
        elif found.ensemble and found.ensemble["leader"] != found.leader:
            obstacle = f"against {found.ensemble['leader']}, the best of its models"
        lines = {"submission": {"model": "ensemble", "ensemble": {"weights": way}}}
        yield _gain(what, found.title, judged["gain"], judged["sure"], lines, obstacle)


def _of_decodings(found: Found) -> Iterator[Gain]:
    """Yield other ways to choose the class, in the contest's metric where that sees classes."""
    submission = found.cfg["submission"]
    for way, of_metrics in (found.decodings or {"gains": {}})["gains"].items():
        metric = found.metric if found.metric in of_metrics else "quadratic_weighted_kappa"
        gain = of_metrics[metric]
        obstacle = ""
        if metric != found.metric:
            obstacle = f"{found.title} does not see it"
        elif submission["decode"] == way:
            obstacle = "switched on"
        elif submission["values"] == "probabilities":
            obstacle = "probabilities are handed in"
        elif way == "thresholds" and submission["tta"] != "none":
            obstacle = "not with submission.tta"
        elif way == "thresholds" and submission["model"] == "ensemble":
            obstacle = "not with an ensemble"
        sure = gain["low"] > 0 or gain["high"] < 0
        lines = {"submission": {"decode": way}}
        yield _gain(DECODE_WORDS[way], TITLES[metric], gain, sure, lines, obstacle)


def _gain(
    what: str, metric: str, gain: dict | None, sure: bool, lines: dict, obstacle: str
) -> Gain:
    ends = [(gain or {}).get(key) for key in ("value", "low", "high")]
    return Gain(what, metric, *ends, sure, lines, obstacle)
