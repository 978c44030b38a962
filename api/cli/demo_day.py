"""The generated day that `make run` shows: loaded into the store once, planned by a job, found again later."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from api.assembly import wall_clock
from api.cli.output import say, say_progress_document
from api.summary import summary_lines
from dispatch.model.park import FORBID_UNKNOWN, Park
from dispatch.services import publication
from dispatch.services.plans import JOB_NAME
from dispatch.store import codec
from dispatch.store.changes import acting
from dispatch.store.commit import StoreDown, Write
from dispatch.store.store import Store
from dispatch.worker.jobs import Job, Jobs, JobState
from simulations.demand.generate import generate_day

LOOK_SECONDS = 0.3
SOLVER_SECONDS = 80  # for both problems together


@dataclass(frozen=True, slots=True)
class DemoDay:
    """Which generated day is shown."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    day: date
    visits: int
    seed: int

    @classmethod
    def tomorrow(cls, park: Park, now: datetime, *, visits: int, seed: int) -> "DemoDay":
        """Return the demo day of tomorrow, park time: a plan is made the evening before."""
        return cls(park.grid.day_of(now) + timedelta(days=1), visits, seed)


@dataclass(frozen=True, slots=True)
class Shown:
    """The demo day that stands in the store, and the job that plans it."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    demo: DemoDay
    job: str


def find_last(url: str, park: Park) -> Shown | None:
    """Return the demo day that stands in the store, or None."""

    async def find() -> Shown | None:
        async with Store(url, park.id) as store:
            return await _find_shown(store)

    return asyncio.run(find())


def prepare(url: str, park: Park, demo: DemoDay) -> None:
    """Bring the demo day into the store and plan it unless it is there, and say how it goes and what came of it."""
    try:
        with acting("demo", wall_clock):
            asyncio.run(_prepare(url, park, demo))
    except StoreDown as fault:
        say(f"the demo day is not planned: {fault}")


async def _prepare(url: str, park: Park, demo: DemoDay) -> None:
    async with Store(url, park.id) as store:
        shown = await _find_shown(store)
        jobs = Jobs(store)
        if shown is None or shown.demo != demo or await _has_failed(jobs, shown):
            shown = await _load(store, jobs, park, demo, shown)
        await _follow(jobs, shown, say)


async def _load(store: Store, jobs: Jobs, park: Park, demo: DemoDay, before: Shown | None) -> Shown:
    """Put the day into the store in place of the one shown before, and ask for its plan."""
    now = wall_clock()
    if before is not None and before.demo.day >= park.grid.day_of(now):
        say(f"removing the demo day of {before.demo.visits} visits, seed {before.demo.seed}; other bookings stay")
        old = generate_day(park, visits=before.demo.visits, seed=before.demo.seed, date=before.demo.day)
        await publication.remove_day(store, park, old, now)
    say(f"generating {demo.visits} visits for {demo.day.isoformat()}, seed {demo.seed}")
    day = generate_day(park, visits=demo.visits, seed=demo.seed, date=demo.day)
    loaded = await publication.load_day(store, park, day, now)
    say(f"loaded {loaded.visits} visits, {loaded.loads} loads, {loaded.trucks} trucks")
    arguments = {"day": demo.day.isoformat(), "seconds": SOLVER_SECONDS, "seed": 0}
    job_id = f"demo-{demo.day:%y%m%d}-{demo.visits}-{demo.seed}-{int(now.timestamp())}"
    shown = Shown(demo, job_id)
    await jobs.submit(JOB_NAME, arguments, now, job_id=job_id, also=(Write(store.keys.demo_day(), codec.dump(shown)),))
    return shown


async def _follow(jobs: Jobs, shown: Shown, tell: Callable[[str], None]) -> None:
    """Say a job's news until it has ended, then its result."""
    job = await jobs.get(shown.job)
    said = len(job.progress) if job.is_final else 0
    while True:
        for entry in job.progress[said:]:
            say_progress_document(entry.document)
        said = len(job.progress)
        if job.is_final:
            break
        await asyncio.sleep(LOOK_SECONDS)
        job = await jobs.get(shown.job)
    _say_result(job, shown, tell)


def _say_result(job: Job, shown: Shown, tell: Callable[[str], None]) -> None:
    if job.result is None:
        tell(f"the plan for {shown.demo.day.isoformat()} {job.state}: {job.error or 'no result'}")
        return
    for line in summary_lines(shown.demo.day.isoformat(), job.result):
        tell(line)


async def _has_failed(jobs: Jobs, shown: Shown) -> bool:
    return (await jobs.get(shown.job)).state in (JobState.FAILED, JobState.CANCELLED)


async def _find_shown(store: Store) -> Shown | None:
    stored = await store.find(store.keys.demo_day())
    return codec.read(Shown, stored.document) if stored is not None else None
