"""`parkdispatch solve slots` and `check slots`, without the matching solver: `--seconds` counts loading too."""

import math
import time
from typing import Annotated

import typer

import solver.slots.check
import solver.slots.compiled
import solver.slots.instance
import solver.slots.solve
from api.cli import fairness, started
from api.cli.fairness import FairnessPrice, FairSlots
from api.cli.output import proof, put_json, say, say_progress
from api.cli.plan_files import SECONDS, AsJson, InstanceFile, Out, PlanFile, Seed, answer, check_writable, left, proven
from api.cli.stopping import stop_on_signal
from solver.outcome import Outcome
from solver.slots.instance import SlotInstance, SlotPlan

SLOT_SECONDS = 10.0

slots_app = typer.Typer(help="Solve an instance file and write the plan with its proof.", no_args_is_help=True)

Effort = Annotated[
    int | None,
    typer.Option("--effort", help="rounds of work in place of a time: the same plan on any machine", min=1, max=10**6),
]


@slots_app.callback()
def solve() -> None:
    """Solve an instance file and write the plan with its proof."""


@slots_app.command("slots")
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
    check_writable(out)
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
        budget = math.inf if seconds is None and effort else left(seconds or SLOT_SECONDS, began)
        outcome, fair = fairness.planned(instance, fairness_price, fair_slots, budget, solved)
    solver.slots.instance.save_plan(outcome, out)
    start = outcome.plan.start
    placed = int((start >= 0).sum())
    say(f"{placed} of {instance.visits} visits placed, cost {outcome.cost}, {proven(outcome.bound, outcome.gap)}")
    for line in fairness.lines(instance, start, fair):
        say(line)
    if as_json:
        told = {"visits": instance.visits, "placed": placed, **proof(outcome), "out": str(out)}
        put_json(told | {"fairness": fairness.document(instance, start, fair)})


def check_slots(file: InstanceFile, plan: PlanFile, as_json: AsJson = False) -> None:
    """Print the recomputed cost of a slot plan (exit 0) or every broken row (exit 1)."""
    instance = solver.slots.instance.load(file)
    claimed = solver.slots.instance.load_plan(plan, instance)
    start = claimed.plan.start
    faults = [fault.text for fault in solver.slots.check.violations(instance, start)]
    faults = faults or solver.slots.check.claims(instance, claimed)
    if not as_json:
        answer(faults, solver.slots.check.cost(instance, start))
        return
    costs = {label: cost(instance, start) for label, cost in solver.slots.check.COSTS.items()}
    told = {"accepted": not faults, "faults": faults, "cost": sum(costs.values()), "costs": costs}
    put_json(told | {"fairness": fairness.document(instance, start)})
    if faults:
        raise typer.Exit(1)
