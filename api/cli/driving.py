"""`parkdispatch drive-day`: a whole day driven through the HTTP API in fast-forward, and whether everything held."""

import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.assembly import read_settings
from api.cli.output import put_json, put_line, say
from api.driving import report
from api.driving.callers import AUDITOR, OPERATOR, Callers, Who
from api.driving.connections import Connections
from api.driving.drive import Agenda, Drive
from api.driving.running import Driven, Pace, Run
from api.own_service import NO_RATES, OwnService, Unfit
from dispatch.clock import SteppedClock
from dispatch.files import MAX_DAY_THINGS, load_park
from dispatch.model.park import Park
from dispatch.store.embedded import find_running
from dispatch.store.store import Store
from simulations.demand.days import DEFAULT_DATE, MAX_SEED
from simulations.demand.generate import generate_day
from simulations.driving.script import Script, write_script
from solver.reading import BadInput

ROUND_VISITS = 25  # a small day takes no more rounds than one for so many visits, and none more than each 15 minutes
LEAST_PATIENCE = 15.0


def drive_day(  # noqa: PLR0917 - options of a command are given by name
    visits: Annotated[
        int, typer.Option("--visits", help="how many are asked for", min=20, max=MAX_DAY_THINGS)
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="of the day and of what people do", min=0, max=MAX_SEED)] = 1,
    day: Annotated[str, typer.Option("--day", help="which day it is in the park")] = DEFAULT_DATE.isoformat(),
    park_file: Annotated[Path | None, typer.Option("--park", help="the park; the demo park when left out")] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="keep store and logs here; a new directory")
    ] = None,
    clients: Annotated[int, typer.Option("--clients", help="connections at once", min=1, max=1000)] = 32,
    step: Annotated[float, typer.Option("--step", help="minutes of the park from step to step", min=0.5, max=15)] = 1.0,
    patience: Annotated[
        float | None,
        typer.Option("--patience", help="minutes the clock may be ahead of a matching round; by the visits", min=1),
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="times faster than real time it must be", min=0)] = 50.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Drive a day through the API in fast-forward, with everybody's keys; exit code 1 unless everything holds."""
    park = load_park(park_file or read_settings().park_file)
    script = write_script(park, generate_day(park, visits=visits, seed=seed, date=_date(day)), seed)
    with _directory(data_dir) as directory:
        told = _driven(
            park, script, directory, _Options(park_file, seed, clients, _pace(visits, step, patience), speed)
        )
    if as_json:
        put_json(told)
    else:
        put_line(report.text(told))
    if not told["is_good"]:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Options:
    park_file: Path | None
    seed: int
    clients: int
    pace: Pace
    speed: float


def _pace(visits: int, step: float, patience: float | None) -> Pace:
    least = max(LEAST_PATIENCE, 24 * 60 * ROUND_VISITS / visits) if patience is None else patience
    return Pace(timedelta(minutes=step), timedelta(minutes=least))


def _driven(park: Park, script: Script, directory: Path, options: _Options) -> dict[str, Any]:
    """Return the report of a day driven over a service of its own, with its store and worker."""
    clock = SteppedClock.make(directory / "clock", script.begins)
    where = {} if options.park_file is None else {"PARKDISPATCH_PARK_FILE": str(options.park_file.resolve())}
    service = OwnService(
        directory,
        PARKDISPATCH_TEST_CLOCK=str(clock.file.resolve()),
        PARKDISPATCH_OPERATOR_KEY=secrets.token_urlsafe(24),  # opened by nobody: the drive has keys of its own
        PARKDISPATCH_LOG_LEVEL="warning",
        **NO_RATES,
        **where,
    )
    service.environment.pop("REDIS_URL", None)
    try:
        service.start()
        say(f"service on port {service.port}, files in {directory}; it is {clock():%F %H:%M} UTC in the park")
        began = time.monotonic()
        keys = {who: _make_key(service, who) for who in (OPERATOR, AUDITOR)}
        run = asyncio.run(_run(park, script, clock, service, keys, options))
        seconds = time.monotonic() - began
        replay = _call(service, "replay", "--json", may_fail=True)
    except Unfit as fault:
        raise BadInput(str(directory / "service.log"), "", str(fault)) from None
    finally:
        service.stop()
    hours = (clock() - script.begins) / timedelta(hours=1)
    timed = report.Time(hours, seconds, run[1].day_seconds, options.speed)
    return report.document(*run, replay, timed)


async def _run(
    park: Park, script: Script, clock: SteppedClock, service: OwnService, keys: dict[Who, str], options: _Options
) -> tuple[Drive, Driven]:
    url = find_running(service.directory / "store")
    assert url is not None
    async with Connections("127.0.0.1", service.port, options.clients) as connections, Store(url, park.id) as store:
        callers = Callers(connections, keys, clock)
        drive = Drive(park, script, callers, Agenda(), clock, options.seed, options.pace.step)
        return drive, await Run(drive, clock, store, options.pace, say).through()


def _make_key(service: OwnService, who: Who) -> str:
    return str(_call(service, "keys", "create", "--role", who.role, "--note", "drive", "--json")["key"])


def _call(service: OwnService, *arguments: str, may_fail: bool = False) -> dict[str, Any]:
    """Return what a command of ours says, over the service's store."""
    command = [sys.executable, "-P", "-m", "parkdispatch", *arguments]
    done = subprocess.run(command, env=service.environment, capture_output=True, check=not may_fail)  # noqa: S603 - ours
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


@contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    """Yield the directory for store and logs: the one given, which must be new or empty, else one that is removed."""
    if given is None:
        with tempfile.TemporaryDirectory(prefix="parkdispatch-") as made:
            yield Path(made)
        return
    try:
        given.mkdir(parents=True, exist_ok=True)
        if any(given.iterdir()):
            raise BadInput("--data-dir", str(given), "is not empty; a day is driven from an empty store")
    except OSError as fault:
        raise BadInput("--data-dir", str(given), f"cannot be used ({fault.strerror})") from None
    yield given


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("--day", "", f"{text[:40]!r} is not a day, such as 2026-11-25") from None
