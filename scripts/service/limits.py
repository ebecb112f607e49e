"""What the service takes in, and how it says no."""

from dataclasses import dataclass
from typing import Self

RETRY_AFTER = 1  # seconds, of a client that finds the service full


class Refused(Exception):
    """A request that is not served.

    Args:
        status: of the answer.
        detail: what is wrong and what to do, for the person behind the client.
    """

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(frozen=True)
class Limits:
    """The most that is taken in.

    Attributes:
        photo_bytes: of one photo, encoded.
        request_bytes: of the body of a request.
        photos: of a request.
        pixels: of a photo; read from its header, before any pixel is decoded.
        photos_under_way: of all requests, from their arrival to their answer.
        bytes_under_way: of all requests, encoded: what they hold in memory.
        seconds: for a request to arrive, and again for its answer.

    Raises:
        ValueError: a request of the allowed size would never find room.
    """

    photo_bytes: int = 20_000_000
    request_bytes: int = 100_000_000
    photos: int = 64
    pixels: int = 64_000_000
    photos_under_way: int = 256
    bytes_under_way: int = 500_000_000
    seconds: float = 30.0

    def __post_init__(self) -> None:
        """Refuse limits by which a client would be told to come again, and again."""
        if self.photos > self.photos_under_way:
            raise ValueError(
                f"a request may have {self.photos} photos, but only {self.photos_under_way} of all "
                "requests may wait: it would be refused for ever"
            )
        if self.request_bytes > self.bytes_under_way:
            raise ValueError(
                f"a request may have {self.request_bytes} bytes, but all together only "
                f"{self.bytes_under_way}: it would be refused for ever"
            )


class Room:
    """How much of the limits for all requests together is taken; used by one thread.

    Attributes:
        photos: under way.
        bytes: of bodies that are held in memory.
        limits: of them.
    """

    def __init__(self, limits: Limits):
        self.limits = limits
        self.photos = self.bytes = 0

    def is_full(self) -> bool:
        """Tell whether not one more photo of the largest size can be taken in."""
        limits = self.limits
        largest = min(limits.photo_bytes, limits.request_bytes)
        return (
            self.photos + 1 > limits.photos_under_way
            or self.bytes + largest > limits.bytes_under_way
        )


class Share:
    """What one request takes of the room; given back at the end of its `with` block."""

    def __init__(self, room: Room):
        self._room = room
        self._photos = self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.photos -= self._photos
        self._room.bytes -= self._bytes

    def enter(self, photos: int) -> None:
        """Take room for photos.

        Raises:
            Refused: 503, there is none.
        """
        if self._room.photos + photos > self._room.limits.photos_under_way:
            raise full()
        self._room.photos += photos
        self._photos += photos

    def hold(self, size: int) -> None:
        """Take room for bytes.

        Raises:
            Refused: 503, there is none.
        """
        if self._room.bytes + size > self._room.limits.bytes_under_way:
            raise full()
        self._room.bytes += size
        self._bytes += size


def no_memory() -> Refused:
    """Return the refusal of a photo that there is no memory for."""
    return Refused(503, "there is no memory for it at present; try again later")


def full() -> Refused:
    """Return the refusal of a service that has enough to do."""
    return Refused(503, f"too many photos are waiting; try again in {RETRY_AFTER} s")
