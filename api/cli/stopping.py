"""Ctrl-C and SIGTERM ask a running solver to stop; it answers with the best plan and bound so far."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from api.cli.output import say
from solver.outcome import ShouldStop


@contextmanager
def stop_on_signal() -> Iterator[ShouldStop]:
    """Yield a function that answers whether the user asked to stop; a second Ctrl-C ends the program at once."""
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("stopping: the best plan so far follows (again to end at once)")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
