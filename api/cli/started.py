"""When the command was called: `--seconds` is for the whole call, the loading of the solvers included."""

import time

_LOADED = time.monotonic()
_is_fresh = [False]


def by_command_line() -> None:
    """Note that this process is one call of the command; its time counts from when this module was loaded."""
    _is_fresh[0] = True


def began() -> float:
    """Return when the call began, on the clock of time.monotonic(); now, for a later call in the same process."""
    fresh, _is_fresh[0] = _is_fresh[0], False
    return _LOADED if fresh else time.monotonic()
