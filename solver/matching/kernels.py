"""Compiled functions: typed decorators, and dice that compiled code can throw."""

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Args = ParamSpec("Args")
Result = TypeVar("Result")
Dice = NDArray[np.uint64]
UNCOUNTED: Final[dict[str, Any]] = {"_nrt": False}  # numba's own option, which its type stubs do not name


def kernel(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled to machine code at its first call, kept on disk, free of the interpreter
    lock."""
    return cast("Callable[Args, Result]", numba.njit(cache=True, nogil=True)(function))


def lean_kernel(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled as `kernel` does, for one that makes no array: it takes those it is given without
    counting who holds them, which in functions of a microsecond is most of their time."""
    return cast("Callable[Args, Result]", numba.njit(cache=True, nogil=True, **UNCOUNTED)(function))


def lane_kernel(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled as `kernel` does, for loops over lanes in which no number is NaN: such loops
    become vector instructions."""
    return cast("Callable[Args, Result]", numba.njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})(function))


def dice(seed: int) -> Dice:
    """Return the state of a generator for `throw`; the same seed throws the same numbers."""
    return np.random.default_rng(seed).integers(1, 2**63, size=1, dtype=np.uint64)


@lean_kernel
def throw(state: Dice) -> float:
    """Return a number in [0, 1) and move the state on (xorshift64*, Vigna 2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@lean_kernel
def pick(state: Dice, count: int) -> int:
    """Return a whole number from 0 to count - 1."""
    return int(throw(state) * count)
