"""`parkdispatch solve` and `parkdispatch check`: instance and plan files of the formats in formulation.md."""

import time
from typing import Annotated, Any

import typer

import solver.matching.check
import solver.matching.instance
import solver.matching.plan
import solver.matching.shares
import solver.matching.solve
from api.cli import started
from api.cli.mdvsp import check_mdvsp, solve_mdvsp
from api.cli.output import proof, put_json, say, say_progress
from api.cli.plan_files import SECONDS, AsJson, InstanceFile, Out, PlanFile, Seed, answer, check_writable, left, proven
from api.cli.sharing import carrier_report
from api.cli.solving_slots import check_slots, solve_slots
from api.cli.stopping import stop_on_signal
from solver.matching.baselines import flow_imbalance_km, measures
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan

solve_app = typer.Typer(help="Solve an instance file and write the plan with its proof.", no_args_is_help=True)
check_app = typer.Typer(help="Check a plan file against its instance, without a solver.", no_args_is_help=True)
solve_app.command("slots")(solve_slots)
check_app.command("slots")(check_slots)
solve_app.command("mdvsp")(solve_mdvsp)
check_app.command("mdvsp")(check_mdvsp)

Seconds = Annotated[float, SECONDS]
NobodyWorseOff = Annotated[
    bool,
    typer.Option("--nobody-worse-off", help="no carrier drives more empty kilometres than with its own alone (N1)"),
]


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
    began = started.began()
    check_writable(out)
    instance = solver.matching.instance.load(file)
    carriers: dict[str, Any] = {}
    with stop_on_signal() as should_stop:
        how: dict[str, Any] = {
            "seconds": left(seconds, began),
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
    say(f"{served} of {loads} loads served, cost {outcome.cost}, {proven(outcome.bound, outcome.gap)}")
    if as_json:
        told = {"loads": loads, "served": served, **_driven(instance, outcome.plan), **proof(outcome)}
        put_json(told | carriers | {"out": str(out)})


@check_app.command("matching")
def check_matching(file: InstanceFile, plan: PlanFile) -> None:
    """Print the recomputed cost of a matching plan (exit 0) or every broken row (exit 1)."""
    instance = solver.matching.instance.load(file)
    claimed = solver.matching.plan.load_plan(plan, instance)
    faults = [fault.text for fault in solver.matching.check.violations(instance, claimed.plan)]
    faults = faults or solver.matching.check.claims(instance, claimed.plan, claimed.cost, claimed.bound)
    answer(faults, 0 if faults else solver.matching.check.cost(instance, claimed.plan))


def _driven(instance: MatchingInstance, plan: MatchingPlan) -> dict[str, float]:
    """Return what a plan drives empty, and what no order of its loads could avoid (formulation.md)."""
    found = measures(instance, plan)
    return {
        "trucks_used": found.trucks_used,
        "empty_km": found.empty_km,
        "empty_share": found.empty_share,
        "imbalance_km": flow_imbalance_km(instance, plan),
    }
