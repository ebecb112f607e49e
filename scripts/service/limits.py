"""What the service takes in, and how it says no."""

from dataclasses import dataclass

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
    """

    photo_bytes: int = 20_000_000
    request_bytes: int = 100_000_000
    photos: int = 64
    pixels: int = 64_000_000
    photos_under_way: int = 256
    bytes_under_way: int = 500_000_000
    seconds: float = 30.0


class Room:
    """How much of the limits for all requests together is taken; used by one thread.

    Attributes:
        photos: under way.
        bytes: of bodies that are held in memory.
    """

    def __init__(self, limits: Limits):
        self._limits = limits
        self.photos = self.bytes = 0

    def is_full(self) -> bool:
        """Tell whether not one more photo can be taken in."""
        return self.photos >= self._limits.photos_under_way

    def enter(self, photos: int) -> None:
        """Take room for photos.

        Raises:
            Refused: 503, there is none.
        """
        if self.photos + photos > self._limits.photos_under_way:
            raise full()
        self.photos += photos

    def hold(self, size: int) -> None:
        """Take room for bytes.

        Raises:
            Refused: 503, there is none.
        """
        if self.bytes + size > self._limits.bytes_under_way:
            raise full()
        self.bytes += size

    def leave(self, photos: int, size: int) -> None:
        """Give back what was taken."""
        self.photos -= photos
        self.bytes -= size


def full() -> Refused:
    """Return the refusal of a service that has enough to do."""
    return Refused(503, f"too many photos are waiting; try again in {RETRY_AFTER} s")
