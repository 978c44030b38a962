"""`parkdispatch solve` and `parkdispatch check`: instance and plan files of the formats in formulation.md."""

import time
from pathlib import Path
from typing import Annotated

import typer

import solver.matching.check
import solver.matching.instance
import solver.matching.plan
import solver.matching.solve
import solver.slots.check
import solver.slots.instance
import solver.slots.solve
from api.cli.output import percent, proof, put_json, put_line, say, say_progress
from api.cli.stopping import stop_on_signal
from solver.matching.baselines import flow_imbalance_km, measures
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.reading import BadInput

solve_app = typer.Typer(help="Solve an instance file and write the plan with its proof.", no_args_is_help=True)
check_app = typer.Typer(help="Check a plan file against its instance, without a solver.", no_args_is_help=True)

InstanceFile = Annotated[Path, typer.Argument(help="the instance, JSON", metavar="FILE.json")]
PlanFile = Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")]
Out = Annotated[Path, typer.Option("--out", help="where the plan is written", metavar="PLAN.json")]
Seconds = Annotated[float, typer.Option("--seconds", help="wall time for solving", min=0.01, max=86_400.0)]
Seed = Annotated[int, typer.Option("--seed", help="seed of the solver's own dice", min=0, max=2**63 - 1)]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@solve_app.command("slots")
def solve_slots(file: InstanceFile, out: Out, seconds: Seconds = 10.0, seed: Seed = 0, as_json: AsJson = False) -> None:
    """Assign entry slots (rows S1-S5, costs F1-F2)."""
    began = time.monotonic()
    _check_writable(out)
    instance = solver.slots.instance.load(file)
    with stop_on_signal() as should_stop:
        outcome = solver.slots.solve.solve(
            instance,
            seconds=_left(seconds, began),
            on_progress=say_progress,
            should_stop=should_stop,
            clock=time.monotonic,
            seed=seed,
        )
    solver.slots.instance.save_plan(outcome, out)
    placed = int((outcome.plan.start >= 0).sum())
    say(f"{placed} of {instance.visits} visits placed, cost {outcome.cost}, {_proven(outcome.bound, outcome.gap)}")
    if as_json:
        put_json({"visits": instance.visits, "placed": placed, **proof(outcome), "out": str(out)})


@solve_app.command("matching")
def solve_matching(
    file: InstanceFile, out: Out, seconds: Seconds = 30.0, seed: Seed = 0, as_json: AsJson = False
) -> None:
    """Match return loads to trucks (rows M1-M4, costs F1-F4)."""
    began = time.monotonic()
    _check_writable(out)
    instance = solver.matching.instance.load(file)
    with stop_on_signal() as should_stop:
        outcome = solver.matching.solve.solve(
            instance,
            seconds=_left(seconds, began),
            on_progress=say_progress,
            should_stop=should_stop,
            clock=time.monotonic,
            seed=seed,
        )
    solver.matching.plan.save_plan(outcome, out)
    served = sum(len(chain.loads) for chain in outcome.plan.chains)
    loads = served + len(outcome.plan.unserved)
    say(f"{served} of {loads} loads served, cost {outcome.cost}, {_proven(outcome.bound, outcome.gap)}")
    if as_json:
        put_json(
            {"loads": loads, "served": served, **_driven(instance, outcome.plan), **proof(outcome), "out": str(out)}
        )


@check_app.command("slots")
def check_slots(file: InstanceFile, plan: PlanFile) -> None:
    """Print the recomputed cost of a slot plan (exit 0) or every broken row (exit 1)."""
    instance = solver.slots.instance.load(file)
    claimed = solver.slots.instance.load_plan(plan, instance)
    start = claimed.plan.start
    faults = [fault.text for fault in solver.slots.check.violations(instance, start)]
    _answer(faults or solver.slots.check.claims(instance, claimed), solver.slots.check.cost(instance, start))


@check_app.command("matching")
def check_matching(file: InstanceFile, plan: PlanFile) -> None:
    """Print the recomputed cost of a matching plan (exit 0) or every broken row (exit 1)."""
    instance = solver.matching.instance.load(file)
    claimed = solver.matching.plan.load_plan(plan, instance)
    faults = [fault.text for fault in solver.matching.check.violations(instance, claimed.plan)]
    faults = faults or solver.matching.check.claims(instance, claimed.plan, claimed.cost, claimed.bound)
    _answer(faults, 0 if faults else solver.matching.check.cost(instance, claimed.plan))


def _driven(instance: MatchingInstance, plan: MatchingPlan) -> dict[str, float]:
    """Return what a plan drives empty, and what no order of its loads could avoid (formulation.md)."""
    found = measures(instance, plan)
    return {
        "trucks_used": found.trucks_used,
        "empty_km": found.empty_km,
        "empty_share": found.empty_share,
        "imbalance_km": flow_imbalance_km(instance, plan),
    }


def _answer(faults: list[str], cost: int) -> None:
    if faults:
        for fault in faults:
            put_line(fault)
        raise typer.Exit(1)
    put_line(str(cost))


def _proven(bound: int, gap: float) -> str:
    return f"proven at least {bound}, gap {percent(gap)}"


def _left(seconds: float, began: float) -> float:
    """Return what reading the file has left of the time: `--seconds` is for the whole call."""
    return max(0.01, seconds - (time.monotonic() - began))


def _check_writable(out: Path) -> None:
    if out.is_dir():
        raise BadInput(str(out), "", "is a directory, must be a file to write")
    if not out.parent.is_dir():
        raise BadInput(str(out), "", f"cannot be written: there is no directory {out.parent}")
