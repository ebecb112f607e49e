"""Around every request: its time, its line in the log, its count."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics import Metrics

log = logging.getLogger("zest.service")
PREDICT = "/predict"
WORKED_ON = (200, 504)  # quick refusals would make a service under too much load look fast


class Watch:
    """Log and count each request when it is answered.

    Args:
        app: that answers.
        metrics: that count.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # if the application fails without an answer

        async def notice(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, notice)
        finally:
            seconds = time.perf_counter() - started
            # The route as we name it: what a client has written stays out of log and labels.
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.requests[route, status] += 1
            if route == PREDICT and status in WORKED_ON:
                self._metrics.seconds.add(seconds)
            client = scope["client"][0] if scope.get("client") else "-"
            photos = scope.get("state", {}).get("photos")
            told = f" photos={photos}" if photos is not None else ""
            log.info(
                "%s %s %d %.1f ms%s from %s",
                *(_method(scope["method"]), route, status, seconds * 1e3, told, client),
            )


def _method(name: str) -> str:
    return name if name.isalpha() and len(name) < 10 else "unknown"
