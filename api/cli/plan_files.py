"""What `solve` and `check` share: their options, the time that is left, and how a result is told."""

import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import percent, put_line
from solver.reading import BadInput

LEAVING_SECONDS = 0.1  # for the last look at the plan and the writing of it

InstanceFile = Annotated[Path, typer.Argument(help="the instance, JSON", metavar="FILE.json")]
PlanFile = Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")]
Out = Annotated[Path, typer.Option("--out", help="where the plan is written", metavar="PLAN.json")]
SECONDS = typer.Option("--seconds", help="wall time of the whole call", min=0.01, max=86_400.0)
Seed = Annotated[int, typer.Option("--seed", help="seed of the solver's own dice", min=0, max=2**63 - 1)]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


def answer(faults: list[str], cost: int) -> None:
    """Print the faults and exit with 1, or the cost when there are none."""
    if faults:
        for fault in faults:
            put_line(fault)
        raise typer.Exit(1)
    put_line(str(cost))


def proven(bound: int, gap: float) -> str:
    """Return what is proven, as text."""
    return f"proven at least {bound}, gap {percent(gap)}"


def left(seconds: float, began: float) -> float:
    """Return what loading and reading have left of the time, and writing needs: `--seconds` is for the whole call."""
    return max(0.01, seconds - LEAVING_SECONDS - (time.monotonic() - began))


def check_writable(out: Path) -> None:
    """Raise BadInput where a plan cannot be written, before any time is spent on it."""
    if out.is_dir():
        raise BadInput(str(out), "", "is a directory, must be a file to write")
    if not out.parent.is_dir():
        raise BadInput(str(out), "", f"cannot be written: there is no directory {out.parent}")
