"""A request for grades: its photos are received, graded and answered."""

import asyncio
import functools
from collections.abc import Coroutine
from typing import Any

import numpy as np
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from deployment.running import ExportedModel
from service.answers import Answer, Graded, NotGraded, Problem
from service.limits import RETRY_AFTER, Limits, Refused, Room, Share, full
from service.metrics import Metrics
from service.photos import prepare
from service.pipeline import Pipeline
from service.uploads import PhotoParts, Upload

Found = list[np.ndarray | Refused]  # the probabilities of each photo, or why there are none


class Grading:
    """Requests for grades, all of one model.

    Args:
        model: that grades.
        limits: of what is taken in.
        room: that the requests share.
        pipeline: that computes.
        metrics: that count.
    """

    def __init__(
        self, model: ExportedModel, limits: Limits, room: Room, pipeline: Pipeline, metrics: Metrics
    ):
        self._model, self._limits, self._room = model, limits, room
        self._pipeline, self._metrics = pipeline, metrics

    async def serve(self, request: Request) -> Response:
        """Return the answer to a request whose body is not read yet.

        Raises:
            Refused: it is not served, or not in time.
            ClientDisconnect: nobody waits for the answer any more.
        """
        if self._room.is_full():
            raise full()  # before the body is read
        with Share(self._room) as share:
            uploads = await self._receive(request, share)
            request.state.photos = len(uploads)
            try:
                share.enter(len(uploads))
                found = await _unless_left(request, self._grade(uploads))
            except BaseException as error:
                self._metrics.photos[_outcome(error)] += len(uploads)
                raise
            finally:  # with the room: cancelled work stays in the queue of the threads for a while
                for upload in uploads:
                    upload.let_go()
        return self._answer(uploads, found)

    async def _receive(self, request: Request, share: Share) -> list[Upload]:
        """Return the photos of a request, whose body is refused as soon as it is too large.

        Raises:
            Refused: 400, 408, 413, 415, 422 or 503, with the reason.
        """
        limits = self._limits
        too_large = Refused(413, f"more than {limits.request_bytes / 1e6:g} MB in one request")
        parts = PhotoParts(request.headers.get("content-type", ""), limits)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limits.request_bytes:
            raise too_large
        size = 0
        try:
            async with asyncio.timeout(limits.seconds):
                async for piece in request.stream():
                    size += len(piece)
                    if size > limits.request_bytes:
                        raise too_large
                    share.hold(len(piece))
                    parts.write(piece)
        except TimeoutError as error:
            raise Refused(408, f"the request did not arrive within {limits.seconds:g} s") from error
        return parts.finish()

    async def _grade(self, uploads: list[Upload]) -> Found:
        """Return what became of each photo.

        Raises:
            Refused: 504, it takes too long.
        """
        model, limits = self._model, self._limits
        tasks = [
            asyncio.create_task(
                self._pipeline.grade(
                    functools.partial(prepare, upload, model.preprocessing, limits)
                )
            )
            for upload in uploads
        ]
        try:
            async with asyncio.timeout(limits.seconds):
                return await asyncio.gather(*(_found(task) for task in tasks))
        except TimeoutError as error:
            raise Refused(
                504, f"no answer within {limits.seconds:g} s; send fewer photos"
            ) from error
        finally:
            for task in tasks:
                task.cancel()

    def _answer(self, uploads: list[Upload], found: Found) -> Response:
        refused = [one for one in found if isinstance(one, Refused)]
        self._metrics.photos["refused"] += len(refused)
        self._metrics.photos["graded"] += len(found) - len(refused)
        entries = [
            NotGraded(photo=upload.name, error=one.detail)
            if isinstance(one, Refused)
            else self._graded(upload.name, one)
            for upload, one in zip(uploads, found, strict=True)
        ]
        if len(refused) < len(found):
            return JSONResponse(Answer(photos=entries).model_dump())
        detail = f"photo {uploads[0].name!r}: {refused[0].detail}"
        several = [one for one in entries if isinstance(one, NotGraded)] if len(entries) > 1 else []
        return problem(refused[0].status, Problem(detail=detail, photos=several))

    def _graded(self, photo: str, probabilities: np.ndarray) -> Graded:
        classes = self._model.classes
        best = classes[int(probabilities.argmax())]
        return Graded(
            photo=photo,
            class_num=best.class_num,
            name=best.name,
            probability=float(probabilities.max()),
            probabilities={
                one.class_num: float(value)
                for one, value in zip(classes, probabilities, strict=True)
            },
        )


def problem(status: int, told: Problem) -> Response:
    """Return the answer to a request that is not served."""
    headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else None
    return JSONResponse(told.model_dump(), status, headers)


async def _unless_left(request: Request, work: Coroutine[Any, Any, Found]) -> Found:
    """Return what some work returns, which is cancelled where the client leaves.

    Args:
        request: that has arrived whole.
        work: done for it.

    Raises:
        ClientDisconnect: it has left.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_leave(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _leave(request: Request) -> None:
    """Wait until the client leaves."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _found(task: asyncio.Task) -> np.ndarray | Refused:
    try:
        return await task
    except Refused as refused:
        return refused


def _outcome(error: BaseException) -> str:
    """Return what became of the photos of a request that ended so, one of OUTCOMES."""
    if isinstance(error, Refused):
        return "unanswered" if error.status == 504 else "turned_away"
    return "abandoned" if isinstance(error, ClientDisconnect) else "failed"
