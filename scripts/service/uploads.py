"""The photos of a request: taken from its body as the bytes arrive, and refused as early as can be.

A body is multipart/form-data (RFC 7578) with one part, named `photos`, for each photo. Nothing is
written to a disk, and what is too large is not kept.
"""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.limits import Limits, Refused

FIELD = "photos"
_LONGEST_NAME = 255  # characters of a file's name that are told back


@dataclass
class Upload:
    """A photo as it was sent.

    Attributes:
        name: of its file, as the client wrote it; empty without one.
        data: encoded; empty where it is too large.
        is_too_large: more bytes than a photo may have.
    """

    name: str
    data: bytearray = field(default_factory=bytearray)
    is_too_large: bool = False

    def let_go(self) -> None:
        """Give the memory back, whoever still holds this."""
        self.data = bytearray()  # not cleared: a thread may be copying it


class PhotoParts:
    """The parts of a body, read piece by piece.

    Args:
        content_type: of the request.
        limits: of the number of photos, and of the bytes of each.

    Raises:
        Refused: 415, no multipart/form-data; 400, it lacks its boundary, or that is too long.
    """

    def __init__(self, content_type: str, limits: Limits):
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            raise Refused(
                415,
                "send the photos as multipart/form-data, each as a part named photos "
                "(curl -F photos=@one.jpg -F photos=@another.jpg)",
            )
        if not options.get(b"boundary"):
            raise Refused(400, "the Content-Type multipart/form-data lacks its boundary")
        self._limits = limits
        self._uploads: list[Upload] = []
        self._is_whole = False
        self._header_name, self._header_value, self._disposition = b"", b"", b""
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._take_header_name,
                    "on_header_value": self._take_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open_part,
                    "on_part_data": self._take_data,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise Refused(400, f"the boundary of the body cannot be used: {error}") from error

    def write(self, piece: bytes) -> None:
        """Take in the next bytes of the body.

        Raises:
            Refused: 400, they are not multipart/form-data; 413, too many photos; 422, a part that
                is no photo.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed() from error

    def finish(self) -> list[Upload]:
        """Return the photos, in their order, once the body is at its end.

        Raises:
            Refused: 400, the body ends too early; 422, there are no photos in it.
        """
        if not self._is_whole:
            raise _malformed()
        if not self._uploads:
            raise Refused(422, "there are no photos: send each as a part named photos")
        return self._uploads

    def _begin(self) -> None:
        self._disposition = b""

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != FIELD:
            raise Refused(422, f"a part is named {name[:_LONGEST_NAME]!r}; each must be {FIELD!r}")
        if len(self._uploads) == self._limits.photos:
            raise Refused(
                413, f"more than {self._limits.photos} photos; send them in several requests"
            )
        file = options.get(b"filename", b"").decode("utf-8", "replace")
        self._uploads.append(Upload(file[:_LONGEST_NAME]))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        upload = self._uploads[-1]
        if len(upload.data) + end - start > self._limits.photo_bytes:
            upload.is_too_large = True
            upload.data.clear()
        if not upload.is_too_large:
            upload.data += data[start:end]

    def _end(self) -> None:
        self._is_whole = True


def _malformed() -> Refused:
    return Refused(400, "the body is not multipart/form-data, or ends before its last boundary")
