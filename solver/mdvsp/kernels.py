"""Compiled functions: one typed decorator."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Args = ParamSpec("Args")
Result = TypeVar("Result")


def kernel(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled at its first call, kept on disk, free of the interpreter lock."""
    return cast("Callable[Args, Result]", numba.njit(cache=True, nogil=True)(function))
