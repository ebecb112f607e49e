"""Code is parsed whatever a collection of garbage runs in between."""

import ast
import gc

from zest.parsing import parse

FUNCTION = "def f(a, b=(1, [2, 3])):\n    return {a: [b, (a, b)], 2: a}\n"


class Compiling:
    """What compiles code when it is thrown away."""

    def __del__(self):
        ast.parse("x = (((1, 2), 3), [4])")


def litter():
    one, other = Compiling(), Compiling()
    one.other, other.other = other, one


def test_a_finaliser_that_compiles_code_does_not_disturb():
    thresholds = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for _ in range(200):
            for _ in range(3):
                litter()
            assert len(parse(30 * FUNCTION).body) == 30
            assert gc.isenabled()
    finally:
        gc.set_threshold(*thresholds)
