"""Figures for a monitor, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections import Counter
from collections.abc import Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("graded", "refused", "unanswered", "turned_away", "abandoned", "failed")
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SECONDS_HELP = "Time from a request to its answer, for POST /predict with status 200 or 504."
_PHOTOS_HELP = "Photos of requests that arrived whole, by what became of them."
_PHOTOS = (1, 2, 4, 8, 16)


class Histogram:
    """Counts of values up to each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]):
        self._bounds = bounds
        self._counts = [0] * len(bounds)
        self._count = 0
        self._sum: float = 0

    def add(self, value: float) -> None:
        """Count a value."""
        self._count += 1
        self._sum += value
        for place, bound in enumerate(self._bounds):
            self._counts[place] += value <= bound

    def lines(self, name: str) -> Iterator[str]:
        """Yield its lines in the text format."""
        for bound, count in zip(self._bounds, self._counts, strict=True):
            yield f'{name}_bucket{{le="{bound:g}"}} {count}'
        yield f'{name}_bucket{{le="+Inf"}} {self._count}'
        yield f"{name}_sum {self._sum!r}"  # every digit: a monitor takes differences
        yield f"{name}_count {self._count}"


class Metrics:
    """What the service counts. Labels are our own words, never a client's: they stay few."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()  # by route and status
        self.photos = dict.fromkeys(OUTCOMES, 0)
        self.seconds = Histogram(_SECONDS)  # of requests for a prediction that were worked on
        self.batches = Histogram(_PHOTOS)  # photos of each batch

    def text(self, photos_under_way: int) -> str:
        """Return everything in the text format."""
        requests = [
            f'zest_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self.requests.items())
        ]
        photos = [
            f'zest_photos_total{{outcome="{outcome}"}} {count}'
            for outcome, count in sorted(self.photos.items())
        ]
        seconds, batch = "zest_predict_seconds", "zest_batch_photos"
        under_way = "zest_photos_under_way"
        lines = [
            *_head("zest_requests_total", "counter", "Requests that were answered."),
            *requests,
            *_head("zest_photos_total", "counter", _PHOTOS_HELP),
            *photos,
            *_head(seconds, "histogram", _SECONDS_HELP),
            *self.seconds.lines(seconds),
            *_head(batch, "histogram", "Photos that the network saw at once."),
            *self.batches.lines(batch),
            *_head(under_way, "gauge", "Photos that have arrived and are not answered."),
            f"{under_way} {photos_under_way}",
        ]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"
