"""`parkdispatch explain`: why visits are where a plan puts them, and what one more of a scarce thing is worth."""

import time
from pathlib import Path
from typing import Annotated

import typer

from api import explanation
from api.cli.explaining_matching import explain_matching
from api.cli.output import put_json, put_line, say_progress
from solver.reading import BadInput, IntArray
from solver.slots import check
from solver.slots.board import Board, board
from solver.slots.explain import explain_visit
from solver.slots.explain_day import explain_day
from solver.slots.instance import SlotInstance, load, load_plan

explain_app = typer.Typer(help="Say why a plan is as it is, and where one more would help.", no_args_is_help=True)

VISIT_SECONDS = 5.0
DAY_SECONDS = 30.0


@explain_app.callback()
def _root() -> None:
    """Say why a plan is as it is, and where one more would help."""


explain_app.command("matching")(explain_matching)


@explain_app.command("slots")
def explain_slots(
    file: Annotated[Path, typer.Argument(help="the instance, JSON", metavar="FILE.json")],
    plan: Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")],
    visit: Annotated[int | None, typer.Option("--visit", help="explain this visit only", min=0)] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            help=f"wall time for re-solving [default: {VISIT_SECONDS:g} for a visit, {DAY_SECONDS:g} for a day]",
            min=0.1,
            max=86_400.0,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Say for every visit moved or not placed what was full, and which one more would have let it in."""
    instance = load(file)
    if visit is not None and visit >= instance.visits:
        raise BadInput("--visit", "", f"is {visit}, must be from 0 to {instance.visits - 1} in {file}")
    day = board(instance, _accepted(instance, file, plan))
    if visit is None:
        _explain_day(day, DAY_SECONDS if seconds is None else seconds, as_json)
    else:
        _explain_visit(day, visit, VISIT_SECONDS if seconds is None else seconds, as_json)


def _accepted(instance: SlotInstance, file: Path, plan: Path) -> IntArray:
    """Return a plan's starts; BadInput when the checker rejects it."""
    claimed = load_plan(plan, instance)
    faults = [fault.text for fault in check.violations(instance, claimed.plan.start)]
    faults = faults or check.claims(instance, claimed)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BadInput(str(plan), "", f"is not a plan that can be explained for {file}: {faults[0]}{more}")
    return claimed.plan.start


def _explain_visit(day: Board, visit: int, seconds: float, as_json: bool) -> None:
    found = explain_visit(day, visit, seconds=seconds, clock=time.monotonic)
    if as_json:
        put_json(explanation.visit_document(found))
        return
    for line in explanation.visit_lines(found, day.instance.slot_minutes):
        put_line(line)


def _explain_day(day: Board, seconds: float, as_json: bool) -> None:
    found = explain_day(day, seconds=seconds, on_progress=say_progress, clock=time.monotonic)
    if as_json:
        put_json(explanation.day_document(found))
        return
    for line in explanation.day_lines(found, day.instance.slot_minutes):
        put_line(line)
