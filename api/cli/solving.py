"""`parkdispatch solve` and `parkdispatch check`: instance and plan files of the formats in formulation.md."""

import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer

import solver.matching.check
import solver.matching.instance
import solver.matching.plan
import solver.matching.shares
import solver.matching.solve
import solver.slots.check
import solver.slots.compiled
import solver.slots.instance
import solver.slots.solve
from api.cli import fairness, started
from api.cli.fairness import FairnessPrice, FairSlots
from api.cli.mdvsp import check_mdvsp, solve_mdvsp
from api.cli.output import percent, proof, put_json, put_line, say, say_progress
from api.cli.sharing import carrier_report
from api.cli.stopping import stop_on_signal
from solver.matching.baselines import flow_imbalance_km, measures
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.outcome import Outcome
from solver.reading import BadInput
from solver.slots.instance import SlotInstance, SlotPlan

SLOT_SECONDS = 10.0
LEAVING_SECONDS = 0.1  # for the last look at the plan and the writing of it

solve_app = typer.Typer(help="Solve an instance file and write the plan with its proof.", no_args_is_help=True)
check_app = typer.Typer(help="Check a plan file against its instance, without a solver.", no_args_is_help=True)
solve_app.command("mdvsp")(solve_mdvsp)
check_app.command("mdvsp")(check_mdvsp)

InstanceFile = Annotated[Path, typer.Argument(help="the instance, JSON", metavar="FILE.json")]
PlanFile = Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")]
Out = Annotated[Path, typer.Option("--out", help="where the plan is written", metavar="PLAN.json")]
SECONDS = typer.Option("--seconds", help="wall time of the whole call", min=0.01, max=86_400.0)
Seconds = Annotated[float, SECONDS]
Effort = Annotated[
    int | None,
    typer.Option("--effort", help="rounds of work in place of a time: the same plan on any machine", min=1, max=10**6),
]
Seed = Annotated[int, typer.Option("--seed", help="seed of the solver's own dice", min=0, max=2**63 - 1)]
NobodyWorseOff = Annotated[
    bool,
    typer.Option("--nobody-worse-off", help="no carrier drives more empty kilometres than with its own alone (N1)"),
]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@solve_app.command("slots")
def solve_slots(  # noqa: PLR0917 - each is an option of the command
    file: InstanceFile,
    out: Out,
    seconds: Annotated[float | None, SECONDS] = None,
    effort: Effort = None,
    seed: Seed = 0,
    fairness_price: FairnessPrice = None,
    fair_slots: FairSlots = None,
    as_json: AsJson = False,
) -> None:
    """Assign entry slots (rows S1-S6, costs F1-F4)."""
    began = started.began()
    _check_writable(out)
    instance = solver.slots.instance.load(file)
    with stop_on_signal() as should_stop:

        def solved(day: SlotInstance, for_seconds: float) -> Outcome[SlotPlan]:
            return solver.slots.solve.solve(
                day,
                seconds=for_seconds,
                effort=effort,
                on_progress=say_progress,
                should_stop=should_stop,
                clock=time.monotonic,
                seed=seed,
            )

        solver.slots.compiled.load()
        left = math.inf if seconds is None and effort else _left(seconds or SLOT_SECONDS, began)
        outcome, fair = fairness.planned(instance, fairness_price, fair_slots, left, solved)
    solver.slots.instance.save_plan(outcome, out)
    start = outcome.plan.start
    placed = int((start >= 0).sum())
    say(f"{placed} of {instance.visits} visits placed, cost {outcome.cost}, {_proven(outcome.bound, outcome.gap)}")
    for line in fairness.lines(instance, start, fair):
        say(line)
    if as_json:
        told = {"visits": instance.visits, "placed": placed, **proof(outcome), "out": str(out)}
        put_json(told | {"fairness": fairness.document(instance, start, fair)})


@solve_app.command("matching")
def solve_matching(
    file: InstanceFile,
    out: Out,
    seconds: Seconds = 30.0,
    seed: Seed = 0,
    nobody_worse_off: NobodyWorseOff = False,
    as_json: AsJson = False,
) -> None:
    """Match return loads to trucks (rows M1-M4, costs F1-F4)."""
    began = time.monotonic()
    _check_writable(out)
    instance = solver.matching.instance.load(file)
    carriers: dict[str, Any] = {}
    with stop_on_signal() as should_stop:
        how: dict[str, Any] = {
            "seconds": _left(seconds, began),
            "on_progress": say_progress,
            "should_stop": should_stop,
            "clock": time.monotonic,
            "seed": seed,
        }
        if nobody_worse_off:
            found = solver.matching.shares.solve_nobody_worse_off(instance, **how)
            outcome, carriers = found.outcome, carrier_report(instance, found)
        else:
            outcome = solver.matching.solve.solve(instance, **how)
    solver.matching.plan.save_plan(outcome, out)
    served = sum(len(chain.loads) for chain in outcome.plan.chains)
    loads = served + len(outcome.plan.unserved)
    say(f"{served} of {loads} loads served, cost {outcome.cost}, {_proven(outcome.bound, outcome.gap)}")
    if as_json:
        told = {"loads": loads, "served": served, **_driven(instance, outcome.plan), **proof(outcome)}
        put_json(told | carriers | {"out": str(out)})


@check_app.command("slots")
def check_slots(file: InstanceFile, plan: PlanFile, as_json: AsJson = False) -> None:
    """Print the recomputed cost of a slot plan (exit 0) or every broken row (exit 1)."""
    instance = solver.slots.instance.load(file)
    claimed = solver.slots.instance.load_plan(plan, instance)
    start = claimed.plan.start
    faults = [fault.text for fault in solver.slots.check.violations(instance, start)]
    faults = faults or solver.slots.check.claims(instance, claimed)
    if not as_json:
        _answer(faults, solver.slots.check.cost(instance, start))
        return
    costs = {label: cost(instance, start) for label, cost in solver.slots.check.COSTS.items()}
    told = {"accepted": not faults, "faults": faults, "cost": sum(costs.values()), "costs": costs}
    put_json(told | {"fairness": fairness.document(instance, start)})
    if faults:
        raise typer.Exit(1)


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
    """Return what loading and reading have left of the time, and writing needs: `--seconds` is for the whole call."""
    return max(0.01, seconds - LEAVING_SECONDS - (time.monotonic() - began))


def _check_writable(out: Path) -> None:
    if out.is_dir():
        raise BadInput(str(out), "", "is a directory, must be a file to write")
    if not out.parent.is_dir():
        raise BadInput(str(out), "", f"cannot be written: there is no directory {out.parent}")
