"""The table of what the worker can do, by name."""

import asyncio
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from api.assembly import archive_dir, read_settings, wall_clock
from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.planning.whole_day import Budget, Watch
from dispatch.roads.find import table_for
from dispatch.services.closures import JOB_NAME as REPLAN
from dispatch.services.day_planning import Order, Surroundings, plan_and_publish
from dispatch.services.desk import Desk
from dispatch.services.matching_rounds import JOB_NAME as ROUND
from dispatch.services.matching_rounds import Round, match_and_offer
from dispatch.services.plans import JOB_NAME as PLAN
from dispatch.services.replanning import replan_closure
from dispatch.services.sweeping import sweep
from dispatch.services.waiting import fill_all
from dispatch.store.archive import archive_days
from dispatch.store.changes import acting
from dispatch.worker.tasks import TaskContext, Tasks
from dispatch.worker.timers import Timer
from solver.outcome import Progress, relative_gap


def plan_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Plan the day named in the arguments and publish the plan under the job's id."""
    with acting(context.job_id, wall_clock):
        return asyncio.run(_plan(context, arguments))


async def _plan(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    settings = read_settings()
    park = load_park(settings.park_file)
    order = Order(
        plan_id=context.job_id,
        day=date.fromisoformat(arguments["day"]),
        budget=Budget.of(float(arguments["seconds"]), int(arguments["seed"])),
    )
    watch = Watch(on_progress=lambda news: context.progress(told(news)), should_stop=context.should_stop)
    async with context.open_store() as store:
        at = Surroundings(park, table_for(park, settings.park_file.parent), store, wall_clock)
        return await plan_and_publish(at, order, watch)


def told(news: Progress) -> dict[str, Any]:
    """Return a solver's news as a job's progress."""
    known = news.cost is not None and news.bound is not None
    return asdict(news) | {"gap": relative_gap(news.cost, news.bound) if known else None}  # type: ignore[arg-type]


def round_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do a matching round under the job's id, and make matches of its offers."""
    with acting(context.job_id, wall_clock):
        return asyncio.run(_match(context, arguments))


async def _match(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    settings = read_settings()
    park = load_park(settings.park_file)
    order = Round(context.job_id, timedelta(minutes=int(arguments["ahead_minutes"])))
    async with context.open_store() as store:
        at = Surroundings(park, table_for(park, settings.park_file.parent), store, wall_clock)
        return await match_and_offer(at, order)


def replan_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move whoever is booked where the closure named in the arguments closes."""
    with acting(context.job_id, wall_clock):
        return asyncio.run(_replan(context, arguments))


async def _replan(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    park = load_park(read_settings().park_file)
    async with context.open_store() as store:
        return await replan_closure(Desk(park, store), str(arguments["closure"]), wall_clock())


SWEEP_SECONDS = 10.0
WAITLIST_SECONDS = 5.0
ARCHIVE_SECONDS = 600.0

TASKS: Tasks = {PLAN: plan_task, ROUND: round_task, REPLAN: replan_task}


def timers_of(park: Park) -> tuple[Timer, ...]:
    """Return what the worker does again and again."""
    settings = read_settings()
    keep, archive = settings.keep_days, archive_dir(settings)
    return (
        Timer("sweep", SWEEP_SECONDS, lambda store, now: sweep(Desk(park, store), now)),
        Timer("waitlist", WAITLIST_SECONDS, lambda store, now: fill_all(Desk(park, store), now)),
        Timer("archive", ARCHIVE_SECONDS, lambda store, _: archive_days(store, park.grid, archive, keep)),
    )
