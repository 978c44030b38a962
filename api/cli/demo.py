"""`parkdispatch demo`: a generated day planned in a store that is thrown away afterwards."""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.assembly import read_settings, wall_clock
from api.cli.demo_day import SOLVER_SECONDS, DemoDay
from api.cli.output import put_json, say, say_progress
from api.cli.stopping import stop_on_signal
from api.summary import summary_lines
from dispatch.files import MAX_DAY_THINGS, load_park
from dispatch.model.day import Day
from dispatch.planning.together import Budget, Watch
from dispatch.roads.find import table_for
from dispatch.services import publication
from dispatch.services.day_planning import Order, Surroundings, plan_and_publish
from dispatch.store.embedded import StoreSettings, running_store
from dispatch.store.store import Store
from simulations.demand.days import MAX_SEED
from simulations.demand.generate import generate_day

Seconds = Annotated[
    float, typer.Option("--seconds", help="wall time of the two solver runs together", min=0.1, max=86_400.0)
]


def demo(
    visits: Annotated[int, typer.Option("--visits", help="how many visits", min=0, max=MAX_DAY_THINGS)] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="seed of the generated day", min=0, max=MAX_SEED)] = 1,
    seconds: Seconds = SOLVER_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Plan a generated day, print what came of it, and leave nothing behind."""
    began = time.monotonic()
    settings = read_settings()
    park = load_park(settings.park_file)
    asked = DemoDay.tomorrow(park, wall_clock(), visits=visits, seed=seed)
    say(f"generating {visits} visits for {asked.day.isoformat()}, seed {seed}")
    day = generate_day(park, visits=visits, seed=seed, date=asked.day)
    travel = table_for(park, settings.park_file.parent)
    order = Order("demo", asked.day, Budget.of(seconds))
    with (
        tempfile.TemporaryDirectory(prefix="parkdispatch-") as directory,
        stop_on_signal() as should_stop,
        running_store(StoreSettings(data_dir=Path(directory) / "store"), say=say) as url,
    ):
        at = Surroundings(park, travel, Store(url, park.id), wall_clock)
        result = asyncio.run(_plan(at, day, order, Watch(say_progress, should_stop)))
    for line in summary_lines(asked.day.isoformat(), result):
        say(line)
    if as_json:
        whole = {"seed": seed, **result, "seconds": time.monotonic() - began, "peak_memory_mb": peak_memory_mb()}
        put_json(whole)


async def _plan(at: Surroundings, day: Day, order: Order, watch: Watch) -> dict[str, Any]:
    async with at.store:
        loaded = await publication.load_day(at.store, at.park, day, at.clock())
        say(f"loaded {loaded.visits} visits, {loaded.loads} loads, {loaded.trucks} trucks")
        return await plan_and_publish(at, order, watch)


def peak_memory_mb() -> float:
    """Return the most memory this process has had, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
