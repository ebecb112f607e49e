"""How a stage tells a person what went wrong, and ends with the right exit code."""

import errno
import sys
from collections.abc import Callable
from typing import NoReturn


class UserError(Exception):
    """Bad input: the message says what is wrong, where (file, row, key) and what to do about it."""


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and end the process: 0 done, 2 bad input, 1 a failure of ours.

    Bad input, a missing permission and a full disk are told in one line, without a traceback.
    """
    try:
        main()
    except UserError as error:
        _end(str(error), 2)
    except OSError as error:
        where = error.filename or "the results folder"
        if isinstance(error, PermissionError):
            _end(f"{where}: no permission to read or write it. Change its owner or mode.", 2)
        if error.errno == errno.EROFS:
            _end(f"{where}: it lies on a read-only file system. Work in another folder.", 2)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _end(f"{where}: the disk is full. Free space and run the same command again.", 1)
        raise


def _end(message: str, code: int) -> NoReturn:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)
