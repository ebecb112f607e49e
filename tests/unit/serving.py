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

INFOS = [ClassInfo(label, one["class_num"], one["name"], 0) for label, one in enumerate(CLASSES)]


class SlowModel(ExportedModel):
    """A model that waits until it is let go on, and gives each image the class of its brightness.

    Attributes:
        batches: how many images it has seen at once.
        go_on: to be set; it is at the start.
    """

    def __init__(self):
        super().__init__(None, INFOS, TOLD["preprocessing"], "slow", "0" * 64)
        object.__setattr__(self, "batches", [])
        object.__setattr__(self, "go_on", threading.Event())
        self.go_on.set()

    def predict_fitted(self, images: np.ndarray) -> np.ndarray:
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


def post_pieces(
    model: ExportedModel, pieces: list[bytes], headers: dict[str, str], pause: float = 0, **limits
) -> tuple[int, int]:
    """Send a body piece by piece, without its length unless the headers tell it.

    Returns:
        The status of the answer, and how many pieces were read before it.
    """
    app = create_app(model, Limits(**limits), 1)
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
    read, answers = 0, []

    async def receive() -> dict:
        nonlocal read
        await asyncio.sleep(pause)
        if read == len(pieces):
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": pieces[read - 1], "more_body": True}

    async def send(message: dict) -> None:
        answers.append(message)

    async def main() -> None:
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)

    asyncio.run(main())
    return answers[0]["status"], read
