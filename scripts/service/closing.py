"""Connections whose request is answered before all of it has arrived."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CloseEarly:
    """Close a connection where a request is answered before its body has arrived.

    The server would read the rest of it to keep the connection, for as long as the client sends.

    Args:
        app: that answers.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        has_body = b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
        is_whole = not has_body

        async def notice() -> Message:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                is_whole = True
            return message

        async def close(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_whole:
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self._app(scope, notice, close)
