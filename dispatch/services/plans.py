"""Plans: a day handed to the solver as a job, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime

import orjson

from dispatch.model import rules
from dispatch.model.refusals import KeyReused, NotAllowedNow
from dispatch.services.desk import Desk, Kept, Listed, PageAsked, Repeatable, find_repeat, new_id, not_there
from dispatch.store.commit import FingerprintDiffers, VersionChanged
from dispatch.worker.jobs import Job, Jobs, find_job

JOB_NAME = "plan"
MOST_SCANS = 10


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A day to be planned, and how long the solvers may take together."""

    day: date
    seconds: int
    seed: int


async def start_plan(
    desk: Desk, jobs: Jobs, draft: PlanDraft, now: datetime, repeatable: Repeatable | None
) -> Kept[Job]:
    """Queue the planning of a day; NotAllowedNow when the day is past, KeyReused."""
    repeat = await find_repeat(desk, repeatable)
    if repeat is not None:
        kept = await get_plan(desk, str(orjson.loads(repeat)["job"]))
        return Kept(kept.thing, kept.version, repeated=True)
    if not rules.may_plan(desk.park, draft.day, now):
        raise NotAllowedNow(f"day {draft.day.isoformat()} is past")
    arguments = {"day": draft.day.isoformat(), "seconds": draft.seconds, "seed": draft.seed}
    key = (repeatable.key, repeatable.fingerprint) if repeatable else None
    plan_id = new_id("plan", repeatable)
    try:
        job = await jobs.submit(JOB_NAME, arguments, now, job_id=plan_id, repeat=key)
    except FingerprintDiffers:
        raise KeyReused("Idempotency-Key") from None
    except VersionChanged:  # made under the same key, whose record is no longer kept
        kept = await get_plan(desk, plan_id)
        return Kept(kept.thing, kept.version, repeated=True)
    return Kept(job, 1)


async def get_plan(desk: Desk, plan_id: str) -> Kept[Job]:
    """Return a plan's job; NotThere otherwise."""
    kept = await find_job(desk.store, plan_id)
    if kept is None or kept.job.name != JOB_NAME:
        raise not_there("plan", plan_id)
    return Kept(kept.job, kept.version)


async def list_plans(jobs: Jobs, page: PageAsked) -> Listed[Job]:
    """Return the jobs of plans, newest first; a page may come out short of its limit."""
    found: list[Job] = []
    after = page.after
    for _ in range(MOST_SCANS):
        asked = await jobs.list(after=after, limit=page.limit - len(found))
        found += [job for job in asked.jobs if job.name == JOB_NAME]
        after = asked.next_after
        if after is None or len(found) == page.limit:
            break
    return Listed(tuple(found), after)


async def cancel_plan(desk: Desk, jobs: Jobs, plan_id: str, now: datetime) -> Kept[Job]:
    """Ask a plan's job to end; NotAllowedNow when it has ended. One that runs ends within a second."""
    await get_plan(desk, plan_id)
    await jobs.cancel(plan_id, now)
    return await get_plan(desk, plan_id)
