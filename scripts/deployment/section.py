"""What to take: the section on exports, of the deployment's page and of the report."""

import math

from deployment.exports import (
    SCORE_DECIMALS,
    SIZE_DECIMALS,
    TIME_DECIMALS,
    Export,
    frontier,
    short_name,
)
from zest.metrics import LOWER_IS_BETTER, TITLES
from zest.page import plots
from zest.page.section import Section
from zest.words import listed


def exports_section(exports: list[Export], metric: str) -> Section:
    """Return every export with its score, size and time, for `exports.html.j2`.

    Args:
        exports: of all models, one at least.
        metric: the contest's metric.
    """
    threads = exports[0].threads
    best = frontier(exports, metric in LOWER_IS_BETTER)
    dots = [
        plots.Dot(short_name(one), one.p50_ms, one.value, one.low, one.high, *2 * (one in best,))
        for one in exports
        if math.isfinite(one.value) and math.isfinite(one.low) and math.isfinite(one.high)
    ]
    title = TITLES[metric]
    rows = [
        {
            "model": one.model,
            "export": one.export,
            "score": "" if math.isnan(one.value) else f"{one.value:.{SCORE_DECIMALS}f}",
            "megabytes": f"{one.megabytes:.{SIZE_DECIMALS}f}",
            "p50": f"{one.p50_ms:.{TIME_DECIMALS}f}",
            "p95": f"{one.p95_ms:.{TIME_DECIMALS}f}",
            "rate": f"{one.photos_per_second:.0f}",
            "memory": f"{one.peak_memory_mb:.0f}",
            "mark": "frontier" if one in best else "",
        }
        for one in exports
    ]
    names = listed([f"{one.model} ({one.export})" for one in best])
    return Section(
        name="exports",
        title="What to take",
        n=f"n = {len(exports)} export{'s' if len(exports) != 1 else ''}; "
        f"{threads} thread{'s' if threads != 1 else ''}",
        source="deploy/exports.csv: speed.json and parity.json of each model",
        meaning=[
            f"On the frontier: {names}. Every other export is beaten by one of these in score, "
            "size or time, and better in none.",
            "Scores whose intervals overlap may differ by chance alone: then take the smaller or "
            "the faster one.",
        ],
        content={
            "title": title,
            "rows": rows,
            "chart": plots.cost_chart(f"{title} against ms a photo", dots, "ms") if dots else None,
        },
    )
