"""`parkdispatch bench`: tables of what the planner reaches on this machine."""

import time
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from api import benchmark
from api.assembly import wall_clock
from api.cli.output import put_json, put_line, say
from simulations.benchmarks import matching, slots
from simulations.benchmarks.tables import machine, markdown

bench_app = typer.Typer(help="Measure on this machine and print a table.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


@bench_app.command("slots")
def bench_slots(as_json: AsJson = False) -> None:
    """Measure the slot solver on days of three flavours, beside first come, first served."""
    _report("slots", slots.rows(slots.Study(), time.monotonic), as_json)


@bench_app.command("matching")
def bench_matching(as_json: AsJson = False) -> None:
    """Measure the matching solver on generated days, beside simpler ways and other solvers."""
    _report("matching", matching.rows(matching.Study(), time.monotonic), as_json)


@bench_app.command("api")
def bench_api(as_json: AsJson = False) -> None:
    """Measure bookings over HTTP against the embedded store, beside an empty POST and commits without HTTP."""
    _report("api", benchmark.rows(benchmark.Study(), time.monotonic, wall_clock()), as_json)


def _report(name: str, rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    found = []
    for row in rows:
        say("  ".join(f"{key} {value}" for key, value in row.items()))
        found.append(row)
    if as_json:
        put_json({"benchmark": name, "machine": machine(), "rows": found})
    else:
        put_line(f"{name}: {', '.join(f'{key} {value}' for key, value in machine().items())}\n")
        put_line(markdown(found))
