"""Talking to the service within this process."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
from PIL import Image

from deployment.running import ExportedModel
from exported_tiny import CLASSES, TOLD
from photo_bytes import encoded
from service.app import create_app
from service.limits import Limits
from zest.classes import ClassInfo

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'
INFOS = [ClassInfo(label, one["class_num"], one["name"], 0) for label, one in enumerate(CLASSES)]


class SlowModel(ExportedModel):
    """A model that waits until it is let go on, and gives each image the class of its brightness.

    Attributes:
        batches: how many images it has seen at once.
        taken: the same, from the moment that it was given them.
        go_on: to be set; it is at the start.
    """

    def __init__(self):
        super().__init__(None, INFOS, TOLD["preprocessing"], "slow", "0" * 64)
        object.__setattr__(self, "batches", [])
        object.__setattr__(self, "taken", [])
        object.__setattr__(self, "go_on", threading.Event())
        self.go_on.set()

    def predict_fitted(self, images: np.ndarray) -> np.ndarray:
        self.taken.append(len(images))
        self.go_on.wait(20)
        self.batches.append(len(images))
        levels = (images.mean(axis=(1, 2, 3)) // 86).astype(int)
        return np.eye(len(INFOS), dtype=np.float32)[levels]


def grey(level: int) -> bytes:
    """Return a photo of one level of grey, 0 to 255, whose class SlowModel knows."""
    return encoded(Image.new("RGB", (30, 30), (level,) * 3), "PNG")


def files(*photos: bytes) -> list:
    """Return photos as httpx sends them."""
    return [("photos", (f"{number}.jpg", data)) for number, data in enumerate(photos)]


def talk(
    model: ExportedModel,
    conversation: Callable[[httpx.AsyncClient], Awaitable[Any]],
    cores: int = 1,
    **limits,
) -> Any:
    """Return what a conversation with a service of a model returns."""
    app = create_app(model, Limits(**limits), cores)

    async def main() -> Any:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            return await conversation(client)

    return asyncio.run(main())


def post(model: ExportedModel, *photos: bytes, **limits) -> httpx.Response:
    """Return the answer to one request with some photos."""
    return talk(model, lambda client: client.post("/predict", files=files(*photos)), **limits)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def under_way(client: httpx.AsyncClient) -> int:
    return (await client.get("/health")).json()["photos_under_way"]


async def until_under_way(client: httpx.AsyncClient, photos: int) -> None:
    async def are_they() -> bool:
        return await under_way(client) == photos

    await until(are_they)


async def send(client: httpx.AsyncClient, *photos: bytes) -> asyncio.Task:
    """Send a request, and wait until its photos are under way."""
    before = await under_way(client)
    task = asyncio.create_task(client.post("/predict", files=files(*photos)))
    await until_under_way(client, before + len(photos))
    return task


async def occupy(client: httpx.AsyncClient, slow: SlowModel) -> asyncio.Task:
    """Send a photo, and wait until the model is at work on it, and stays so."""
    slow.go_on.clear()
    before = len(slow.taken)
    task = await send(client, grey(20))

    async def is_taken() -> bool:
        return len(slow.taken) > before

    await until(is_taken)
    return task


class Sender:
    """A client that sends the body of a request to /predict piece by piece, and may leave.

    Args:
        client: of the service.
        headers: of the request; without a Content-Length the length of the body is not told.
        pause: seconds before each piece.

    Attributes:
        read: how many pieces the service has read.
    """

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], pause: float = 0):
        self.read, self._pause, self._answers = 0, pause, []
        self._messages: asyncio.Queue[dict] = asyncio.Queue()
        if "Content-Length" not in headers:
            headers = headers | {"Transfer-Encoding": "chunked"}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/predict",
            "raw_path": b"/predict",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        app = client._transport.app
        self._task = asyncio.create_task(app(scope, self._receive, self._take))

    def send(self, *pieces: bytes, is_all: bool = False) -> None:
        """Send pieces of the body."""
        for number, piece in enumerate(pieces, 1):
            more = not is_all or number < len(pieces)
            self._messages.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def leave(self) -> None:
        """Close the connection when all that was sent has been read."""
        self._messages.put_nowait({"type": "http.disconnect"})

    async def answer(self) -> tuple[int, dict[bytes, bytes]]:
        """Return the status and the headers of the answer."""
        async with asyncio.timeout(10):
            await self._task
        return self._answers[0]["status"], dict(self._answers[0]["headers"])

    async def _receive(self) -> dict:
        await asyncio.sleep(self._pause)
        message = await self._messages.get()
        self.read += message["type"] == "http.request"
        return message

    async def _take(self, message: dict) -> None:
        self._answers.append(message)


def post_pieces(
    model: ExportedModel, pieces: list[bytes], headers: dict[str, str], pause: float = 0, **limits
) -> tuple[int, int, bool]:
    """Send a body piece by piece, without its length unless the headers tell it, and no end.

    Returns:
        The status of the answer, how many pieces were read before it, and whether it closes the
        connection.
    """

    async def conversation(client: httpx.AsyncClient) -> tuple[int, int, bool]:
        sender = Sender(client, headers, pause)
        sender.send(*pieces)
        status, answered = await sender.answer()
        return status, sender.read, answered.get(b"connection") == b"close"

    return talk(model, conversation, **limits)
