"""Machine code where numba is there; where it cannot be imported the same functions run as they are, and say so."""

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

Args = ParamSpec("Args")
Result = TypeVar("Result")

try:
    import numba
    from numba.core import cgutils
    from numba.extending import intrinsic
except ImportError:
    IS_COMPILED = False
    sys.stderr.write(
        "parkdispatch: numba cannot be imported: the simulation runs uncompiled, hundreds of times slower\n"
    )
else:
    IS_COMPILED = True


def compiled(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled at its first call, kept on disk, free of the interpreter lock."""
    return _compiled(function, forced=False)


def inlined(function: Callable[Args, Result]) -> Callable[Args, Result]:
    """Return the function compiled as `compiled` does, and made part of the machine code of whoever calls it."""
    return _compiled(function, forced=True)


def _compiled(function: Callable[Args, Result], *, forced: bool) -> Callable[Args, Result]:
    if not IS_COMPILED:
        return function
    made = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=forced)(function)
    return cast("Callable[Args, Result]", made)


def _without_owner(_typing: Any, array: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.return_type)(context, builder, arguments[0])
        made.meminfo = cgutils.get_null_value(made.meminfo.type)  # type: ignore[no-untyped-call]
        return made._getvalue()  # noqa: SLF001 - how numba's own intrinsics return a structure

    return array(array), code


# The array without its owner, in compiled code: whoever calls keeps it alive, so that nobody need count references to
# it. Counting them took four fifths of the kernel's time.
borrowed: Any = intrinsic(_without_owner) if IS_COMPILED else lambda array: array
