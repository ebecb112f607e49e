"""The routes of the service, from HTTP to the pipeline and back."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect

from deployment.client.predict import FORMATS
from deployment.running import ExportedModel
from service.answers import About, Answer, ClassTold, Graded, Health, LimitsTold, NotGraded, Problem
from service.limits import RETRY_AFTER, Limits, Refused, Room, full
from service.metrics import CONTENT_TYPE, Metrics
from service.photos import prepare
from service.pipeline import Pipeline
from service.uploads import FIELD, PhotoParts, Upload
from service.watching import PREDICT, Watch

CLIENT_IS_GONE = 499  # nobody reads it; the log does

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "additionalProperties": False,
                "properties": {
                    FIELD: {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                    }
                },
            }
        }
    },
}
_REFUSALS = {
    400: "the body is not what its Content-Type says",
    408: "the request did not arrive in time",
    413: "too many bytes, photos or pixels",
    415: "no multipart/form-data, or no photo in a format that is read",
    422: "no photos in the request, or a broken one",
    503: "too many photos are waiting; see Retry-After",
    504: "no answer in time",
}


def create_app(model: ExportedModel, limits: Limits, cores: int) -> FastAPI:
    """Return the service as an ASGI application.

    Args:
        model: that grades.
        limits: of what is taken in.
        cores: that may be busy.
    """
    metrics, room = Metrics(), Room(limits)
    pipeline = Pipeline(model.predict_fitted, cores, metrics.batches.add)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        size = model.preprocessing["image_size"]
        model.predict_fitted(np.zeros((1, size, size, 3), np.uint8))  # the first one is slow
        pipeline.start()
        yield
        await pipeline.stop()

    app = FastAPI(
        title="Zest",
        summary="Grades photos.",
        version=model.sha256[:12],
        lifespan=lifespan,
        docs_url=None,  # these pages would load their scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(Watch, metrics=metrics)

    @app.exception_handler(Refused)
    async def refuse(_request: Request, refused: Refused) -> Response:
        return _problem(refused.status, Problem(detail=refused.detail))

    @app.exception_handler(ClientDisconnect)
    async def give_up(_request: Request, _gone: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_IS_GONE)

    @app.post(
        PREDICT,
        response_model=Answer,
        responses={
            code: {"model": Problem, "description": text} for code, text in _REFUSALS.items()
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def predict(request: Request) -> Response:
        """Grade one photo or many.

        A photo that cannot be graded has an error in its place, and the others are graded. Where
        none can be, the status is that of the first.
        """
        held = photos = 0

        def hold(size: int) -> None:
            nonlocal held
            room.hold(size)
            held += size

        try:
            if room.is_full():
                raise full()  # before the body is read
            uploads = await receive(request, limits, hold)
            request.state.photos = len(uploads)
            room.enter(len(uploads))
            photos = len(uploads)
            found = await grade(uploads)
        finally:
            room.leave(photos, held)
        return answer(uploads, found)

    async def grade(uploads: list[Upload]) -> list[np.ndarray | Refused]:
        """Return the probabilities of each photo, or why there are none."""
        tasks = [
            asyncio.create_task(
                pipeline.grade(functools.partial(prepare, upload, model.preprocessing, limits))
            )
            for upload in uploads
        ]
        try:
            async with asyncio.timeout(limits.seconds):
                found = await asyncio.gather(*(_outcome(task) for task in tasks))
        except TimeoutError as error:
            metrics.photos["unanswered"] += len(uploads)
            raise Refused(
                504, f"no answer within {limits.seconds:g} s; send fewer photos"
            ) from error
        finally:
            for task in tasks:
                task.cancel()
        return found

    def answer(uploads: list[Upload], found: list[np.ndarray | Refused]) -> Response:
        refused = [one for one in found if isinstance(one, Refused)]
        metrics.photos["refused"] += len(refused)
        metrics.photos["graded"] += len(found) - len(refused)
        entries = [
            NotGraded(photo=upload.name, error=one.detail)
            if isinstance(one, Refused)
            else _graded(upload.name, one, model)
            for upload, one in zip(uploads, found, strict=True)
        ]
        if len(refused) < len(found):
            return JSONResponse(Answer(photos=entries).model_dump())
        detail = f"photo {uploads[0].name!r}: {refused[0].detail}"
        several = [one for one in entries if isinstance(one, NotGraded)] if len(entries) > 1 else []
        return _problem(refused[0].status, Problem(detail=detail, photos=several))

    @app.get("/health", responses={503: {"model": Health, "description": "not live, or not ready"}})
    async def health(response: Response) -> Health:
        """Tell whether photos can be sent: 503 where the service is dead or full."""
        is_live = pipeline.is_running
        is_ready = is_live and not room.is_full()
        if not is_ready:
            response.status_code = 503
            response.headers["Retry-After"] = str(RETRY_AFTER)
        return Health(live=is_live, ready=is_ready, photos_under_way=room.photos)

    @app.get("/health/live", responses={503: {"model": Health, "description": "not live"}})
    async def live(response: Response) -> Health:
        """Tell whether the service works, be it full or not: 503 where it must be started anew."""
        told = await health(Response())
        if not told.live:
            response.status_code = 503
        return told

    @app.get("/metrics", response_class=PlainTextResponse)
    async def count() -> Response:
        """Return figures for a monitor, in the text format of Prometheus."""
        return Response(metrics.text(room.photos), headers={"Content-Type": CONTENT_TYPE})

    @app.get("/about")
    async def about() -> About:
        """Tell of the model: its classes, its preprocessing, its hash; and of the limits."""
        return About(
            architecture=model.architecture,
            model_sha256=model.sha256,
            classes=[ClassTold(class_num=one.class_num, name=one.name) for one in model.classes],
            preprocessing=model.preprocessing,
            limits=LimitsTold(**vars(limits), formats=list(FORMATS)),
        )

    return app


async def receive(request: Request, limits: Limits, hold: Callable[[int], None]) -> list[Upload]:
    """Return the photos of a request, whose body is refused as soon as it is too large.

    Args:
        request: its body is not read yet.
        limits: of its bytes, its photos and its time.
        hold: called with the number of bytes that arrived, before they are kept; may raise Refused.

    Raises:
        Refused: 400, 408, 413, 415, 422 or 503, with the reason.
    """
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
                hold(len(piece))
                parts.write(piece)
    except TimeoutError as error:
        raise Refused(408, f"the request did not arrive within {limits.seconds:g} s") from error
    return parts.finish()


async def _outcome(task: asyncio.Task) -> np.ndarray | Refused:
    try:
        return await task
    except Refused as refused:
        return refused


def _graded(photo: str, probabilities: np.ndarray, model: ExportedModel) -> Graded:
    best = model.classes[int(probabilities.argmax())]
    return Graded(
        photo=photo,
        class_num=best.class_num,
        name=best.name,
        probability=float(probabilities.max()),
        probabilities={
            one.class_num: float(value)
            for one, value in zip(model.classes, probabilities, strict=True)
        },
    )


def _problem(status: int, problem: Problem) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else None
    return JSONResponse(problem.model_dump(), status, headers)
