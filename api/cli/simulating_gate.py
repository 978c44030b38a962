"""`parkdispatch simulate gate`: the entry lanes alone, for a day of Poisson arrivals; exact theory can check it."""

import time
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

import parkdispatch
from api.cli.output import put_json, put_line, say
from simulations.kernel.arrivals import ALLOWED_DAYS, HOURS, hourly_shares, parsed_days
from simulations.kernel.distributions import FORMS, Distribution, parsed
from simulations.kernel.gate import (
    DAY_MINUTES,
    Estimate,
    GateDay,
    GateRuns,
    hourly_queue,
    mean_of,
    ratio,
    simulate_gate,
)
from solver.reading import BadInput

SAY_EVERY_SECONDS = 2.0
gate_app = typer.Typer(help="Simulate a queue alone.", no_args_is_help=True)


@gate_app.callback()
def simulate() -> None:
    """Simulate a queue alone."""


@gate_app.command("gate")
def gate(  # noqa: PLR0917 - each is an option of the command
    profile: Annotated[Path, typer.Option("--profile", help="CSV with a row per hour of the week", metavar="CSV")],
    column: Annotated[str, typer.Option("--column", help="the column with the shares of arrivals")],
    trucks: Annotated[int, typer.Option("--trucks", help="Poisson arrivals a day, on average", min=0, max=1_000_000)],
    lanes: Annotated[int, typer.Option("--lanes", help="entry lanes, one line before all", min=1, max=10_000)],
    service: Annotated[str, typer.Option("--service", help=f"minutes in a lane: {FORMS}")],
    days: Annotated[str, typer.Option("--days", help=f"whose shares are averaged; {ALLOWED_DAYS}")] = "mon-fri",
    replications: Annotated[int, typer.Option("--replications", help="days simulated", min=1, max=1_000_000)] = 200,
    seed: Annotated[int, typer.Option("--seed", help="same seed, same figures", min=0, max=2**63 - 1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Simulate entry lanes over a day: arrivals at a rate constant within each hour, first come first served.

    The day begins empty at 00:00. The queue is the time average, within the hour, of trucks waiting and not yet
    served; the mean wait is what the trucks of a day wait within the day, per truck.
    """
    began = time.monotonic()
    shares = hourly_shares(profile, column, parsed_days(days))
    day = GateDay(trucks * shares, lanes, _service(service))
    runs = simulate_gate(day, replications=replications, seed=seed, on_done=_progress(replications))
    document = _document(day, runs) | {
        "profile": str(profile),
        "column": column,
        "days": days,
        "trucks": trucks,
        "lanes": lanes,
        "service": service,
        "replications": replications,
        "seed": seed,
        "version": parkdispatch.__version__,
        "wall_seconds": time.monotonic() - began,
    }
    if as_json:
        put_json(document)
        return
    wait = document["mean_wait_minutes"]
    put_line(f"mean wait {_text(wait)} minutes; {document['waiting_share']['mean'] * 100:.3g} % of the trucks wait")
    for hour, queue in enumerate(document["hourly_mean_queue"]):
        put_line(f"{hour:02d}h  {day.rates[hour]:8.1f} trucks  queue {_text(queue)}")


def _service(text: str) -> Distribution:
    found = parsed(text, "--service")
    if found.may_be_negative:
        raise BadInput("--service", "", f"{text[:60]!r} may be negative, but nothing takes less than no time")
    return found


def _progress(replications: int) -> Callable[[int], None]:
    last = time.monotonic()

    def on_done(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > SAY_EVERY_SECONDS:
            last = time.monotonic()
            say(f"{done} of {replications} replications")

    return on_done


def _document(day: GateDay, runs: GateRuns) -> dict[str, Any]:
    in_day = runs.queue_minutes.sum(axis=1)
    minutes_open = day.lanes * 60.0
    return {
        "mean_wait_minutes": _shown(ratio(in_day, runs.trucks)),
        "hourly_mean_queue": [_shown(queue) for queue in hourly_queue(day, runs)],
        "mean_wait_to_service_minutes": _shown(ratio(runs.wait_minutes, runs.trucks)),
        "waiting_share": _shown(ratio(runs.waited, runs.trucks)),
        "mean_queue": _shown(mean_of(in_day / DAY_MINUTES)),
        "hourly_utilisation": [_shown(mean_of(runs.busy_minutes[:, h] / minutes_open)) for h in range(HOURS)],
        "hourly_arrivals": day.rates.tolist(),
        "trucks_a_day": _shown(mean_of(runs.trucks)),
    }


def _shown(found: Estimate) -> dict[str, float | None]:
    return {"mean": found.mean, "half_width": None if isnan(found.half_width) else found.half_width}


def _text(found: dict[str, Any]) -> str:
    width = found["half_width"]
    return f"{found['mean']:.4f}" + ("" if width is None else f" ± {width:.4f}")
