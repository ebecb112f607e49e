"""Reading Python code as a syntax tree."""

import ast
import gc


def parse(source: bytes | str) -> ast.Module:
    """Parse a module, as `ast.parse` does, without a collection of garbage in between.

    What a collection runs, a finaliser, may compile code, too; CPython 3.11 then takes the count of
    its recursion for an error (https://github.com/python/cpython/issues/106905).

    Raises:
        SyntaxError, ValueError: it is no Python.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collecting:
            gc.enable()
