"""`parkdispatch explain matching`: why a load is left, why a truck drives home empty, confirmed by the checker."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import put_json, put_line, say
from solver.matching import check
from solver.matching.explain import Explanation, empty_trucks, explain_load, explain_truck
from solver.matching.instance import MatchingInstance, load
from solver.matching.plan import MatchingPlan, load_plan
from solver.reading import BadInput

FEW = 10  # of each that are told when none is asked for


def explain_matching(
    file: Annotated[Path, typer.Argument(help="the instance, JSON", metavar="FILE.json")],
    plan: Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")],
    loads: Annotated[list[int] | None, typer.Option("--load", help="an unserved load, by number", min=0)] = None,
    trucks: Annotated[list[int] | None, typer.Option("--truck", help="a truck, by number", min=0)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Say why loads are unserved and trucks get no (further) load; without --load and --truck the first ten of each."""
    instance = load(file)
    decided = load_plan(plan, instance).plan
    faults = check.violations(instance, decided)
    if faults:
        raise BadInput(str(plan), "", f"is not lawful, so nothing can be said of it: {faults[0].text}")
    loads, trucks = _asked(instance, decided, str(plan), loads or [], trucks or [])
    told = [_told("load", i, explain_load(instance, decided, i)) for i in loads]
    told += [_told("truck", k, explain_truck(instance, decided, k)) for k in trucks]
    for each in told:
        put_line(each["text"]) if not as_json else say(each["text"])
    if as_json:
        put_json({"explanations": told})


def _asked(
    instance: MatchingInstance, plan: MatchingPlan, source: str, loads: list[int], trucks: list[int]
) -> tuple[list[int], list[int]]:
    """Return what is to be explained; BadInput for a number that is none, or a load that is served."""
    for i in loads:
        if i >= len(instance.loads):
            raise BadInput("--load", "", f"is {i}, but there are {len(instance.loads)} loads, counted from 0")
        if i not in plan.unserved:
            raise BadInput("--load", "", f"is {i}, which {source} serves; unserved are {_few(plan.unserved)}")
    for k in trucks:
        if k >= len(instance.trucks):
            raise BadInput("--truck", "", f"is {k}, but there are {len(instance.trucks)} trucks, counted from 0")
    if not loads and not trucks:
        return list(plan.unserved[:FEW]), empty_trucks(plan, len(instance.trucks))[:FEW]
    return loads, trucks


def _few(numbers: tuple[int, ...]) -> str:
    more = f" and {len(numbers) - FEW} more" if len(numbers) > FEW else ""
    return ", ".join(map(str, numbers[:FEW])) + more if numbers else "none"


def _told(what: str, number: int, found: Explanation) -> dict[str, Any]:
    told = asdict(found)
    del told["changed"]
    return {"of": what, "number": number, **told}
