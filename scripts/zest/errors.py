"""How a stage tells a person what went wrong, and ends with the right exit code."""

import errno
import sys
from collections.abc import Callable


class UserError(Exception):
    """Bad input: the message says what is wrong, where (file, row, key) and what to do about it."""


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and end the process: 0 done, 2 bad input, 1 a failure of ours.

    A `UserError`, a missing permission or a full disk is told in one line, without a traceback.
    """
    try:
        main()
    except UserError as error:
        _end(str(error), 2)
    except PermissionError as error:
        _end(f"{error.filename}: no permission to {_verb(error)}. Change its owner or mode.", 2)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = error.filename or "the results folder"
        _end(f"{where}: the disk is full. Free some space and run the same command again.", 1)


def _verb(error: PermissionError) -> str:
    return "write to a read-only file system" if error.errno == errno.EROFS else "read or write it"


def _end(message: str, code: int) -> None:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)
