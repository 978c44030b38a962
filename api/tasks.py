"""The table of what the worker can do, by name."""

import asyncio
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from api.assembly import archive_dir, clock_of, read_settings
from api.predicting import BEAT_SECONDS, WaitsKeeper
from api.settings import Settings
from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.planning.together import Budget, Watch
from dispatch.roads.find import table_for
from dispatch.services.attending import keep_record
from dispatch.services.closures import JOB_NAME as REPLAN
from dispatch.services.day_planning import Order, Surroundings, plan_and_publish
from dispatch.services.delivering import Sending, deliver
from dispatch.services.desk import AllowanceBoard, Desk
from dispatch.services.matching_rounds import JOB_NAME as ROUND
from dispatch.services.matching_rounds import Round, match_and_offer
from dispatch.services.notifying import LogNotifier, Notifier, WebhookNotifier, key_of, notify
from dispatch.services.outbound import Outbound
from dispatch.services.plans import JOB_NAME as PLAN
from dispatch.services.reoffering import SOON_SECONDS, ask_round, follow_slots, keep_deadlines
from dispatch.services.replanning import replan_closure
from dispatch.services.scenarios import JOB_NAME as SIMULATE
from dispatch.services.series import settle_all
from dispatch.services.sweeping import sweep
from dispatch.services.waiting import fill_all
from dispatch.store.archive import archive_days
from dispatch.store.changes import acting
from dispatch.worker.jobs import Jobs
from dispatch.worker.tasks import TaskContext, Tasks
from dispatch.worker.timers import Timer
from solver.outcome import Progress, relative_gap


def plan_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Plan the day named in the arguments and publish the plan under the job's id."""
    with acting(context.job_id, clock_of(read_settings())):
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
        at = Surroundings(park, table_for(park, settings.park_file.parent), store, clock_of(settings))
        return await plan_and_publish(at, order, watch)


def told(news: Progress) -> dict[str, Any]:
    """Return a solver's news as a job's progress."""
    known = news.cost is not None and news.bound is not None
    return asdict(news) | {"gap": relative_gap(news.cost, news.bound) if known else None}  # type: ignore[arg-type]


def round_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do a matching round under the job's id, and make matches of its offers."""
    with acting(context.job_id, clock_of(read_settings())):
        return asyncio.run(_match(context, arguments))


async def _match(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    settings = read_settings()
    park = load_park(settings.park_file)
    order = Round(context.job_id, timedelta(minutes=int(arguments["ahead_minutes"])))
    async with context.open_store() as store:
        at = Surroundings(park, table_for(park, settings.park_file.parent), store, clock_of(settings))
        return await match_and_offer(at, order)


def replan_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Move whoever is booked where the closure named in the arguments closes."""
    with acting(context.job_id, clock_of(read_settings())):
        return asyncio.run(_replan(context, arguments))


async def _replan(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    settings = read_settings()
    park = load_park(settings.park_file)
    async with context.open_store() as store:
        return await replan_closure(Desk(park, store), str(arguments["closure"]), clock_of(settings)())


def scenario_task(context: TaskContext, arguments: dict[str, Any]) -> dict[str, Any]:
    """Simulate a scenario of the live plan."""
    from api.what_if import simulate  # noqa: PLC0415 - what simulates takes a second to load, which no other job needs

    return simulate(context, arguments)


SWEEP_SECONDS = 10.0
WAITLIST_SECONDS = 5.0
NOTIFY_SECONDS = 2.0
ATTENDANCE_SECONDS = 60.0
SERIES_SECONDS = 2.0  # soon after a release
ARCHIVE_SECONDS = 600.0
WEBHOOK_SECONDS = 1.0

TASKS: Tasks = {PLAN: plan_task, ROUND: round_task, REPLAN: replan_task, SIMULATE: scenario_task}


def timers_of(park: Park, settings: Settings) -> tuple[Timer, ...]:
    """Return what the worker does again and again."""
    board = AllowanceBoard()  # of the timers' desks together
    keep, archive, every = settings.keep_days, archive_dir(settings), park.rules.matching_round_seconds
    timers = [
        Timer("sweep", SWEEP_SECONDS, lambda store, now: sweep(Desk(park, store), now)),
        Timer("series", SERIES_SECONDS, lambda store, now: settle_all(Desk(park, store, allowance_board=board), now)),
        Timer("waitlist", WAITLIST_SECONDS, lambda store, now: fill_all(Desk(park, store, allowance_board=board), now)),
        Timer(
            "attendance",
            ATTENDANCE_SECONDS,
            lambda store, now: keep_record(Desk(park, store, allowance_board=board), now),
        ),
        Timer(
            "archive",
            ARCHIVE_SECONDS,
            lambda store, _: archive_days(store, park.grid, archive, keep),
            at_leisure=True,  # its days are those of the store's own clock
        ),
        Timer("deadlines", SOON_SECONDS, lambda store, now: keep_deadlines(Desk(park, store), Jobs(store), now)),
        Timer("loads", SOON_SECONDS, lambda store, now: follow_slots(Desk(park, store), Jobs(store), now)),
    ]
    waits = WaitsKeeper(park, table_for(park, settings.park_file.parent))
    timers.append(Timer("waits", BEAT_SECONDS, waits.beat, at_leisure=True))
    sending = Sending(Outbound(settings.webhook_inside), settings.webhook_retries)
    timers.append(Timer("webhooks", WEBHOOK_SECONDS, lambda store, now: deliver(Desk(park, store), sending, now)))
    if every:
        timers.append(
            Timer("rounds", every, lambda store, now: ask_round(Desk(park, store), Jobs(store), now, every, most=1))
        )
    notifier = notifier_of(settings)
    if notifier is not None:
        timers.append(Timer("notifier", NOTIFY_SECONDS, lambda store, now: notify(store, park, notifier, now)))
    return tuple(timers)


def notifier_of(settings: Settings) -> Notifier | None:
    """Return who is handed the notices, as the settings have it."""
    if settings.notify == "webhook":
        assert settings.notify_url is not None  # the settings see to that
        assert settings.notify_key is not None
        return WebhookNotifier(str(settings.notify_url), key_of(settings.notify_key.get_secret_value()))
    return LogNotifier() if settings.notify == "log" else None
