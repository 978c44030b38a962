"""`solve mdvsp` and `check mdvsp`: instance files of the two public vehicle scheduling formats."""

import time
from pathlib import Path
from typing import Annotated

import typer

import solver.mdvsp.check
import solver.mdvsp.files
import solver.mdvsp.plan
from api.cli.output import percent, proof, put_json, put_line, say, say_progress
from api.cli.stopping import stop_on_signal
from solver.reading import BadInput

HELP = "the instance: .inp, or a GD text file; also inside .xz or .zip"
InstanceFile = Annotated[Path, typer.Argument(help=HELP, metavar="FILE")]
PlanFile = Annotated[Path, typer.Argument(help="the plan, JSON", metavar="PLAN.json")]
Out = Annotated[Path, typer.Option("--out", help="where the plan is written", metavar="PLAN.json")]
Seconds = Annotated[float, typer.Option("--seconds", help="wall time for solving", min=0.01, max=86_400.0)]
Shift = Annotated[
    int | None, typer.Option("--shift", help="minutes a trip may start earlier or later (GD files)", min=0, max=720)
]
Seed = Annotated[int, typer.Option("--seed", help="seed of the solver's own dice", min=0, max=2**63 - 1)]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


def solve_mdvsp(
    file: InstanceFile, out: Out, seconds: Seconds = 8.0, shift: Shift = None, seed: Seed = 0, as_json: AsJson = False
) -> None:
    """Schedule vehicles of several depots (rows V1-V4, costs F1-F2)."""
    began = time.monotonic()
    if out.is_dir():
        raise BadInput(str(out), "", "is a directory, must be a file to write")
    if not out.parent.is_dir():
        raise BadInput(str(out), "", f"cannot be written: there is no directory {out.parent}")
    instance = solver.mdvsp.files.load(file, shift)
    from solver.mdvsp.solve import solve  # noqa: PLC0415 - loads HiGHS and numba, which a bad file need not wait for

    with stop_on_signal() as should_stop:
        outcome = solve(
            instance,
            seconds=max(0.01, seconds - (time.monotonic() - began)),
            on_progress=say_progress,
            should_stop=should_stop,
            clock=time.monotonic,
            seed=seed,
        )
    solver.mdvsp.plan.save_plan(outcome, out)
    routes, trips = len(outcome.plan.routes), instance.trips
    proven = f"proven at least {outcome.bound}, gap {percent(outcome.gap)}"
    say(f"{trips} trips in {routes} routes, cost {outcome.cost}, {proven}")
    if as_json:
        put_json({"trips": trips, "routes": routes, **proof(outcome), "out": str(out)})


def check_mdvsp(file: InstanceFile, plan: PlanFile, shift: Shift = None) -> None:
    """Print the recomputed cost of a vehicle schedule (exit 0) or every broken row (exit 1)."""
    instance = solver.mdvsp.files.load(file, shift)
    claimed = solver.mdvsp.plan.load_plan(plan, instance)
    faults = [fault.text for fault in solver.mdvsp.check.violations(instance, claimed.plan)]
    faults = faults or solver.mdvsp.check.claims(instance, claimed.plan, claimed.cost, claimed.bound)
    for fault in faults:
        put_line(fault)
    if faults:
        raise typer.Exit(1)
    put_line(str(solver.mdvsp.check.cost(instance, claimed.plan)))
