"""What the readers of pickled weights share: how they refuse, and how they tell of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from zest.errors import UserError


class Refused(ValueError):
    """The file asks for something that weights do not need; the message says what."""


@contextmanager
def told_to_the_user(path: str | os.PathLike, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong in reading a file of weights into a UserError.

    Args:
        path: of the file.
        kind: what the file should be, in words.
    """
    try:
        yield
    except Refused as error:
        raise UserError(
            f"{path}: not weights that can be read safely: it holds {error}. "
            "Download the file again from a source you trust."
        ) from error
    # A broken pickle raises almost any kind: the unpickler trusts the stream's structure.
    except Exception as error:
        raise UserError(
            f"{path}: not a complete file of {kind} ({error}). "
            "Download it again; it may have been cut short."
        ) from error
