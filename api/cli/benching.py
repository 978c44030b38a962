"""`parkdispatch bench`: tables of what the planner reaches on this machine."""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import typer

from api import benchmark, faults, release_burst
from api.assembly import wall_clock
from api.cli.output import put_json, put_line, say
from api.settings import demo_park_file
from dispatch.files import load_park, write_bytes
from dispatch.roads.estimate import estimated
from simulations.benchmarks import (
    fairness,
    matching,
    matching_online,
    matching_shares,
    mdvsp,
    online_slots,
    replanning,
    simulation,
    slots,
)
from simulations.benchmarks.tables import machine, markdown
from simulations.online.reveal import MIXES
from simulations.tables import csv_text
from solver.reading import BadInput

bench_app = typer.Typer(help="Measure on this machine and print a table.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
Instances = Annotated[
    Path, typer.Option("--instances", help="folder with the public instances", envvar="MDVSP_INSTANCES")
]


@bench_app.command("slots")
def bench_slots(
    quick: Annotated[bool, typer.Option("--quick", help="without general solvers and the largest days")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the slot solver on days of several flavours, beside first come, greedy and general solvers; then days
    planned again, and the price of fairness."""
    study = slots.Study(large=(), highs_seconds=0.0, cp_sat_seconds=0.0) if quick else slots.Study()
    _report("slots", slots.rows(study, time.monotonic), as_json)
    _report("days planned again", replanning.rows(replanning.Study(), time.monotonic), as_json)
    _report("fairness", fairness.rows(fairness.Study(), time.monotonic), as_json)


@bench_app.command("matching")
def bench_matching(as_json: AsJson = False) -> None:
    """Measure the matching solver on generated days, beside simpler ways and other solvers."""
    _report("matching", matching.rows(matching.Study(), time.monotonic), as_json)


@bench_app.command("online")
def bench_online(as_json: AsJson = False) -> None:
    """Measure days booked one by one: first come, steered by bid prices, and the offline plan."""
    park = load_park(demo_park_file())
    _report("online", online_slots.rows(online_slots.Study(), park, time.perf_counter), as_json)


@bench_app.command("mdvsp")
def bench_mdvsp(instances: Instances = Path("tests/data/mdvsp"), as_json: AsJson = False) -> None:
    """Measure the vehicle scheduling solver on the public instances in a folder, beside the best plans known."""
    _report("mdvsp", mdvsp.rows(mdvsp.Study(instances), time.monotonic), as_json)


@bench_app.command("matching-online")
def bench_matching_online(
    visits: Annotated[int, typer.Option("--visits", help="of a day; half as many loads", min=20, max=20_000)] = 600,
    days: Annotated[int, typer.Option("--days", help="how many days, seeds from 1", min=1, max=100)] = 10,
    mixes: Annotated[list[str] | None, typer.Option("--lead-time", help="a mix; all when left out")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure matching policies on days that run, as shares of what a clairvoyant plan saves; and one round's time."""
    unknown = [mix for mix in mixes or () if mix not in MIXES]
    if unknown:
        raise BadInput("--lead-time", "", f"{unknown[0][:40]!r} is not a mix; there are: {', '.join(MIXES)}")
    study = matching_online.Study(
        visits=visits,
        seeds=range(1, days + 1),
        mixes=tuple(mixes or MIXES),
        clairvoyant_seconds=max(10.0, visits / 160),
    )
    _report("matching-online", matching_online.rows(study, _demo_place(), time.monotonic), as_json)
    if not as_json:
        _report("matching round", matching_online.round_rows(time.monotonic), as_json)


@bench_app.command("matching-shares")
def bench_matching_shares(as_json: AsJson = False) -> None:
    """Measure what a day's carriers drive alone, together, and together with nobody worse off."""
    rows = matching_shares.rows(matching_shares.Study(), _demo_place(), time.monotonic)
    _report("matching-shares", rows, as_json)


@bench_app.command("day")
def bench_day(
    out: Annotated[Path, typer.Option("--out", help="results and pictures are written here, made when missing")] = Path(
        "out/bench-day"
    ),
    visits: Annotated[str, typer.Option("--visits", help="sizes of the days, by commas")] = "5000,7500,10000",
    replications: Annotated[int, typer.Option("--replications", help="of every day", min=2, max=10_000)] = 30,
    seed: Annotated[int, typer.Option("--seed", help="of the replications", min=0, max=2**63 - 1)] = 1,
    plan_seconds: Annotated[float, typer.Option("--plan-seconds", help="for one plan", min=0.1, max=600.0)] = 40.0,
    as_json: AsJson = False,
) -> None:
    """Measure ordinary and disturbed days of several sizes under three policies; say where planning does not help."""
    from simulations.benchmarks import days  # noqa: PLC0415 - matplotlib takes a second to load

    began = time.monotonic()
    parts = [part.strip() for part in visits.split(",")]
    sizes = tuple(int(part) for part in parts if part.isdecimal() and 20 <= int(part) <= 100_000)
    if len(sizes) < len(parts):
        raise BadInput("--visits", "", f"{visits[:40]!r} must be numbers from 20 to 100000 with commas")
    study = days.Study(sizes, replications, seed, plan_seconds)
    place = _demo_place()
    found = days.found(study, place.park, place.travel, lambda text: say(f"{time.monotonic() - began:7.1f} s  {text}"))
    table, words = days.table(study, found), days.no_help(study, found)
    head: dict[str, Any] = {"benchmark": "day", "machine": machine()} | {
        "visits": list(sizes),
        "replications": replications,
        "seed": seed,
        "day_seed": 1,
        "plan_seconds": plan_seconds,
        "wall_seconds": round(time.monotonic() - began, 1),
    }
    full = csv_text(list(days.rows(study, found)))
    out.mkdir(parents=True, exist_ok=True)
    days.draw(study, found, out)
    write_bytes(out / "results.csv", full.encode())
    write_bytes(out / "results.json", orjson.dumps(head | {"no_help": words}, option=orjson.OPT_INDENT_2) + b"\n")
    say(f"results.csv, results.json and pictures written to {out}")
    if as_json:
        put_json(head | {"rows": list(days.rows(study, found)), "no_help": words})
        return
    put_line(markdown(table))
    put_line("\nWhere planning does not help:\n")
    for line in words:
        put_line(f"- {line}")


@bench_app.command("simulation")
def bench_simulation(
    quick: Annotated[bool, typer.Option("--quick", help="smaller days, fewer replications")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the simulation kernel beside SimPy and Ciw on the same draws, its growth, and many replications."""
    if missing := simulation.missing_rivals():
        say(f"not installed, so not compared: {', '.join(missing)} (make bench-simulation installs them)")
    study = simulation.Study()
    if quick:
        study = simulation.Study((1_000, 2_000), 2_000, repeats=3, rival_repeats=1, replications=20)
    compared = simulation.rows(study, time.process_time)
    many = simulation.replication_rows(study, time.perf_counter)
    if as_json:
        _report("simulation", chain(compared, many), as_json)
    else:
        _report("simulation", compared, as_json)
        _report("replications", many, as_json)


@bench_app.command("validation")
def bench_validation(as_json: AsJson = False) -> None:
    """Measure how near the simulated park is to published figures, and expected waits to simulated truth."""
    from simulations.benchmarks import validation  # noqa: PLC0415 - the kernel is loaded only where it is used

    place, study = _demo_place(), validation.Study()
    _report("reality", validation.reality(study, place.park, place.travel, say), as_json)
    _report("expected waits", validation.predictions(study, place.park, place.travel, say), as_json)


@bench_app.command("api")
def bench_api(as_json: AsJson = False) -> None:
    """Measure bookings over HTTP against the embedded store, beside an empty POST and commits without HTTP; then the
    burst at a release, 10,000 requests for 6,000 places."""
    park, now = load_park(demo_park_file()), wall_clock()
    usual = benchmark.rows(benchmark.Study(), time.monotonic, now)
    burst = release_burst.rows(park, time.monotonic, park.grid.day_of(now))
    if as_json:
        _report("api", chain(usual, burst), as_json)
    else:
        _report("api", usual, as_json)
        _report("release burst", burst, as_json)


@bench_app.command("faults")
def bench_faults(
    rounds: Annotated[int, typer.Option("--rounds", help="kills in all", min=3, max=1000)] = 30,
    still_seconds: Annotated[float, typer.Option("--still", help="seconds the store stands still", min=0)] = 20.0,
    seed: Annotated[int, typer.Option("--seed", help="of what is killed when", min=0)] = 1,
    as_json: AsJson = False,
) -> None:
    """Kill service, worker and store under load, let the store stand still; count what is lost or double."""
    with tempfile.TemporaryDirectory(prefix="parkdispatch-") as directory:
        rng = np.random.default_rng(seed)
        found = asyncio.run(faults.study(Path(directory), rounds, still_seconds, rng))
    _report("faults", found.faults, as_json)
    _report("account", found.account, as_json)


@bench_app.command("contract")
def bench_contract(
    requests: Annotated[int, typer.Option("--requests", help="at least so many", min=1, max=10_000_000)] = 20_000,
    seed: Annotated[int, typer.Option("--seed", help="of the requests", min=0, max=2**31)] = 1,
    as_json: AsJson = False,
) -> None:
    """Let every role ask every operation of the OpenAPI document what it allows and forbids; exit code 1 on an answer
    that is not as the document says, on any 5xx, on an error that is no problem document."""
    if find_spec("schemathesis") is None:
        raise BadInput("schemathesis", "", "is not installed; make bench-contract installs it, or: pip install .[dev]")
    from api import contract_park  # noqa: PLC0415 - needs what only development has

    with tempfile.TemporaryDirectory(prefix="parkdispatch-") as directory:
        account = contract_park.study(Path(directory), requests, seed)
    for failure in account.failures:
        say(f"{failure.sent_by} {failure.operation}: {failure.wrong}\n    {failure.request}")
    _report("contract", account.rows(), as_json)
    if account.failures:
        raise typer.Exit(1)


def _demo_place() -> matching_online.Place:
    park = load_park(demo_park_file())
    return matching_online.Place(park, estimated(park))


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
