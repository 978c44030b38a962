"""HiGHS for all problems: a solver with the options given, silent."""

import os
import sys
from functools import cache

import highspy


def new_highs(options: dict[str, bool | int | float | str]) -> highspy.Highs:
    """Return a HiGHS solver on one thread that prints nothing, with `options` set."""
    _let_it_greet()
    highs: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, setting in ({"output_flag": False, "threads": 1} | options).items():
        highs.setOptionValue(name, setting)
    return highs


@cache
def _let_it_greet() -> None:
    """Make the first solver of the process with standard output closed to it.

    HiGHS 1.16 prints its name when it is first used, before it can be told not to; standard output belongs to the
    command's answer.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)
