"""What the service answers, as the OpenAPI document describes it."""

from pydantic import BaseModel, Field


class Graded(BaseModel):
    """A photo and its class."""

    photo: str = Field(description="name of the file as it was sent; empty without one")
    class_num: str = Field(description="of the likeliest class, as the contest numbers it")
    name: str = Field(description="of that class, for people")
    probability: float = Field(ge=0, le=1.0001, description="of that class")
    probabilities: dict[str, float] = Field(description="of every class, by class_num")


class NotGraded(BaseModel):
    """A photo that cannot be graded."""

    photo: str = Field(description="name of the file as it was sent; empty without one")
    error: str = Field(description="why not")


class Answer(BaseModel):
    """The photos of a request in their order; at least one of them is graded."""

    photos: list[Graded | NotGraded]


class Problem(BaseModel):
    """Why a request is not served."""

    detail: str = Field(description="what is wrong, and what to do")
    photos: list[NotGraded] = Field(
        default=[],
        description="of several photos of which none can be graded, each with its reason",
    )


class Health(BaseModel):
    """Whether the service can be used."""

    live: bool = Field(description="false: start the service anew")
    ready: bool = Field(description="false: no room for another photo at present")
    photos_under_way: int


class ClassTold(BaseModel):
    """A class of the model."""

    class_num: str
    name: str


class LimitsTold(BaseModel):
    """What is taken in."""

    photo_bytes: int
    request_bytes: int
    photos: int = Field(description="of a request")
    pixels: int = Field(description="of a photo")
    seconds: float = Field(description="for a request to arrive, and again for its answer")
    formats: list[str]


class About(BaseModel):
    """The model, and what it takes."""

    architecture: str
    model_sha256: str = Field(description="of the model's file")
    classes: list[ClassTold] = Field(description="in the order of the probabilities")
    preprocessing: dict = Field(description="done by the service: how a photo is fitted, in pixels")
    limits: LimitsTold
