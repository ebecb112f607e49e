"""The routes of the service."""

import contextlib
from collections.abc import AsyncIterator

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from deployment.client.predict import FORMATS
from deployment.running import ExportedModel
from service.answers import About, Answer, ClassTold, Health, LimitsTold, Problem
from service.closing import CloseEarly
from service.grading import Grading, problem
from service.limits import RETRY_AFTER, Limits, Refused, Room
from service.metrics import CONTENT_TYPE, Metrics
from service.pipeline import Pipeline
from service.uploads import FIELD
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
    422: "no photos in the request, or one that is broken or a strip",
    503: "too many photos are waiting, or no memory for this one; see Retry-After",
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
    grading = Grading(model, limits, room, pipeline, metrics)

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
    app.add_middleware(CloseEarly)

    @app.exception_handler(Refused)
    async def refuse(_request: Request, refused: Refused) -> Response:
        return problem(refused.status, Problem(detail=refused.detail))

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
        return await grading.serve(request)

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
