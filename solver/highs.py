"""HiGHS for all problems: a solver with the options given, silent."""

from typing import Any

import highspy

Options = dict[str, bool | int | float | str]


class _SilentHighs(highspy.Highs):
    """HiGHS that keeps quiet from the start: the class greets on standard output while it is being made."""

    def enableCallbacks(self) -> None:  # noqa: N802 - overrides
        self.setOptionValue("output_flag", False)  # noqa: FBT003 - the package's call
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def new_highs(options: Options) -> Any:
    """Return a HiGHS solver on one thread that prints nothing, with `options` set."""
    highs = _SilentHighs()  # type: ignore[no-untyped-call]
    for name, setting in ({"threads": 1} | options).items():
        highs.setOptionValue(name, setting)
    return highs
