"""The sections on the leader as a whole: its rank, its costs, what was tried, how it learned."""

from collections.abc import Iterator

import numpy as np

from leaderboard.ranking import axis_of, numbers
from report import charts
from report.found import Found
from report.gains import advisable, gains
from zest.metrics import reliability_bins
from zest.page import plots
from zest.page.section import Section
from zest.words import listed

MOST_MODELS = 12  # in a chart or a table; a sweep has more
WHERE = {"cpu": "one core", "gpu": "the GPU"}
ALIKE = 1.1  # up to this ratio, sizes and speeds are taken for the same


def leader(found: Found) -> Section:
    """Tell which model leads, by how much, and what that is worth."""
    score, cost = found.score, found.costs[found.leader]
    where = WHERE[cost["device"]]
    predicted = found.predictions.probabilities.argmax(axis=1)
    wrong = int((predicted != found.predictions.labels).sum())
    photos = len(predicted)
    shown = found.ranked[:MOST_MODELS]
    return Section(
        name="leader",
        title=f"{found.leader} leads",
        n=f"n = {photos:,} validation photos, {_folds(len(found.histories))}",
        source="leaderboard.json, evaluation/*/scores.json (stage evaluate), costs.csv",
        meaning=found.sentences,
        content={
            "figures": [
                (
                    f"{score['value']:.3f}",
                    found.title,
                    f"{score['low']:.3f} to {score['high']:.3f}, "
                    f"{100 * found.ranked[0]['confidence']:g} % interval",
                ),
                (f"{wrong:,}", "mistakes", f"of {photos:,} photos"),
                (f"{float(cost['megabytes']):.1f} MB", "of weights", cost["architecture"]),
                (
                    _rate(cost),
                    "photos a second",
                    f"predicted on {where}, decoding aside",
                ),
                (_duration(cost), "of training", "a fold, on the machine that trained it"),
                (f"{cost['image_size']}", "pixels", "the side of what it sees"),
            ],
            "ranked": shown,
            "metric": found.metric,
            "title": found.title,
            "axis": axis_of([one["scores"][found.metric] for one in shown]),
            "more": len(found.ranked) - len(shown),
        },
    )


def costs(found: Found) -> Section:
    """Set the scores beside what the models cost."""
    rows = []
    dots = []
    for place, one in enumerate(found.ranked[:MOST_MODELS]):
        name, score, cost = one["model"], one["scores"][found.metric], found.costs[one["model"]]
        gap = found.behind[place - 1] if place else None
        verdict = "leads" if gap is None else _verdict(gap)
        rows.append(
            {
                "name": name,
                "score": f"{score['value']:.3f}",
                "verdict": verdict,
                "megabytes": f"{float(cost['megabytes']):.1f}",
                "parameters": f"{int(cost['parameters']) / 1e6:.2f}",
                "rate": _rate(cost),
                "training": _duration(cost),
            }
        )
        if np.isfinite([score[key] for key in ("value", "low", "high")]).all():
            x = float(cost["photos_per_second"])
            ends = (score["value"], score["low"], score["high"])
            dots.append(plots.Dot(name, x, *ends, leads=not place))
    label = f"{found.title} against photos a second"
    return Section(
        name="costs",
        title="What it costs",
        n=f"n = {len(found.ranked)} {'model' if len(found.ranked) == 1 else 'models'}",
        source="costs.csv (stage costs): measured on this machine, as it was loaded",
        meaning=[*_cheaper(found), *_exported(found)],
        content={
            "rows": rows,
            "chart": plots.cost_chart(label, dots) if dots else None,
            "title": found.title,
            "more": len(found.ranked) - len(rows),
        },
    )


def _exported(found: Found) -> Iterator[str]:
    """Say where it stands what the exports cost, where it does not stand below."""
    if not found.exports:
        yield (
            "What each export of a model weighs, takes on a device and scores: snakemake deploy, "
            "in deployment.html; with deploy.in_report, here too."
        )


def _verdict(gap: dict) -> str:
    if gap["value"] is None:
        return "no number"
    return "worse" if gap["is_sure"] else "not distinguishable"


def _cheaper(found: Found) -> Iterator[str]:
    """Say which model to take where several cannot be told apart."""
    if not found.behind:
        yield "It is the only model: add another, and its costs can be set beside these."
        return
    if not found.near:
        yield "No other model comes near it, so its costs are the price of its score."
        return
    for key, word, comparative, sign in (
        ("megabytes", "smallest", "smaller", 1),
        ("photos_per_second", "fastest", "faster", -1),
    ):
        ordered = sorted(
            [found.leader, *found.near], key=lambda one: sign * float(found.costs[one][key])
        )
        best, own = (float(found.costs[name][key]) for name in (ordered[0], found.leader))
        ratio = max(best, own) / min(best, own)
        if ratio > ALIKE:
            yield (
                f"Of those that cannot be told from {found.leader}, {ordered[0]} is the {word}, "
                f"by a factor of {ratio:.1f}: where that matters, take it."
            )
        else:
            yield f"None of those that cannot be told from {found.leader} is {comparative}."


def ablations(found: Found) -> Section:
    """Show the verdicts on settings that were tried in several values."""
    shown = [
        {
            "name": one["ablation"],
            "key": one["key"],
            "model": one["model"],
            "rows": [
                {"model": arm["value"], "scores": {found.metric: numbers(arm["score"])}}
                for arm in one["arms"]
            ],
            "axis": axis_of([numbers(arm["score"]) for arm in one["arms"]]),
            "seeds": len(one["arms"][0]["models"]),
            "verdict": one["verdict"],
        }
        for one in found.ablations
    ]
    return Section(
        name="ablations",
        title="What was tried",
        n=f"n = {len(shown)} {'ablation' if len(shown) == 1 else 'ablations'}",
        source="ablations/*.json (stage ablations)",
        meaning=[one["verdict"] for one in shown],
        content={"shown": shown, "metric": found.metric, "title": found.title},
    )


def more(found: Found) -> Section:
    """Show what else could be done with the predictions, and whether it is a gain."""
    judged, sure = gains(found), advisable(found)
    if sure:
        told = f"Sure gains: {listed([one.what for one in sure])}."
    else:
        told = "None of these is a sure gain that could be switched on."
    return Section(
        name="gains",
        title="What more would gain",
        n=f"n = {len(judged)} changes, {len(found.predictions.ids):,} photos",
        source="evaluation/*/tta.json, ensemble/ensemble.json, evaluation/*/decodings.json",
        meaning=[
            told,
            "Every gain is of photos that the change was not fitted to; positive is better. The "
            "intervals of one kind of change hold at once, those of different kinds each by "
            "itself. A change is switched on only by the configuration.",
        ],
        content={"gains": judged},
    )


def certainty(found: Found) -> Section:
    """Compare how sure the model is with how often it is right."""
    labels, probabilities = found.predictions.labels, found.predictions.probabilities
    sure, right, counts = reliability_bins(labels, probabilities)
    error = found.ranked[0]["scores"]["calibration_error"]
    return Section(
        name="certainty",
        title="Can its certainty be trusted?",
        n=f"n = {len(labels):,} photos; calibration error {error['value']:.3f} "
        f"({error['low']:.3f} to {error['high']:.3f})",
        source="evaluation/*/calibration.json (stage evaluate)",
        meaning=list(_certainty_words(found)),
        content={"chart": charts.reliability(sure, right, counts)},
    )


def _certainty_words(found: Found) -> Iterator[str]:
    mean = found.predictions.probabilities.max(axis=1).mean()
    right = (found.predictions.probabilities.argmax(axis=1) == found.predictions.labels).mean()
    yield (
        f"On the whole it is {100 * mean:.0f} % sure and {100 * right:.0f} % right. Dots on the "
        "dotted line are as sure as they are right; below it, it promises too much."
    )
    if found.calibration is None:
        return
    temperature, gain = found.calibration["temperature"], found.calibration["gain"]
    told = (
        f"log loss gets better by {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) "
        "on photos that it was not fitted to"
    )
    if gain["low"] <= 0:
        yield f"No temperature makes a sure difference: by the best one, {temperature:.2f}, {told}."
        return
    word = "too sure of itself" if temperature > 1 else "less sure than it could be"
    yield (
        f"It is {word}: a temperature of {temperature:.2f} sets that right, and {told}. The chosen "
        "classes stay the same."
    )


def learning(found: Found) -> Section:
    """Show the learning curves of the leader, a line a fold."""
    key = "val_loss" if found.metric == "log_loss" else f"val_{found.metric}"
    drawn = []
    for title, pairs in (
        ("loss", [("train_loss", "training"), ("val_loss", "validation")]),
        (found.title, [(key, "validation")]),
    ):
        lines = [
            charts.Line(
                f"{name}, fold {fold}" if len(found.histories) > 1 else name,
                name,
                [(row["epoch"], row[column]) for row in rows],
            )
            for fold, rows in zip(found.cfg["train_folds"], found.histories, strict=True)
            for column, name in pairs
            if all(row[column] is not None and np.isfinite(row[column]) for row in rows)
        ]
        if lines:
            points = [point for line in lines for point in line.points]
            axes = plots.axes_around(*zip(*points, strict=True))
            told = f"{title} by epoch, {_folds(len(found.histories))}"
            drawn.append((title, charts.curves(told, lines, axes)))
    epochs = max(len(rows) for rows in found.histories)
    return Section(
        name="learning",
        title="How it learned",
        n=f"{_folds(len(found.histories))}, {epochs} {'epoch' if epochs == 1 else 'epochs'}",
        source="models/*/fold*/history.parquet (stage train)",
        meaning=list(_learning_words(found, key)),
        content={"charts": drawn if epochs > 1 else []},
    )


def _learning_words(found: Found, key: str) -> Iterator[str]:
    if max(len(rows) for rows in found.histories) == 1:
        yield "It was fitted in one go, so there are no curves."
        return
    last = rising_folds(found, key)
    folds = len(found.histories)
    if 2 * last > folds:
        yield (
            f"In {last} of {_folds(folds)} the last epoch had the best {found.title}: it may not "
            "have learned all that it can."
        )
    else:
        yield (
            f"In {folds - last} of {_folds(folds)} the {found.title} of the last epoch was reached "
            "before: longer training alone promises little."
        )
    yield (
        "The training loss is of altered photos and smoothed labels, so it may lie above that of "
        "validation; what tells overfitting is a validation loss that rises again."
    )


def rising_folds(found: Found, key: str) -> int:
    """Return in how many folds the last epoch alone has the best score on validation photos."""
    sign = -1 if key in ("val_loss", "val_brier") else 1
    scores = [[sign * row[key] for row in rows] for rows in found.histories]
    return sum(len(one) > 1 and one[-1] > max(one[:-1]) for one in scores)


def _folds(count: int) -> str:
    return "1 fold" if count == 1 else f"{count} folds"


def _rate(cost: dict[str, str]) -> str:
    return f"{float(cost['photos_per_second']):,.0f}"


def _duration(cost: dict[str, str]) -> str:
    seconds = float(cost["training_seconds_per_fold"])
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
