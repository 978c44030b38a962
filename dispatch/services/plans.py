"""Plans: a day handed to the solver as a job, and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime

from dispatch.model import rules
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.asked_jobs import JobKind, cancel_job, find_started, get_job, list_jobs, start_job
from dispatch.services.desk import Desk, Kept, Listed, PageAsked, Repeatable
from dispatch.worker.jobs import PLAN, Job, Jobs

JOB_NAME = PLAN
PLANS = JobKind(JOB_NAME, "plan", "plan")


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
    started = await find_started(desk, PLANS, repeatable)
    if started is not None:
        return started
    if not rules.may_plan(desk.park, draft.day, now):
        raise NotAllowedNow(f"day {draft.day.isoformat()} is past")
    arguments = {"day": draft.day.isoformat(), "seconds": draft.seconds, "seed": draft.seed}
    return await start_job(desk, jobs, PLANS, arguments, now, repeatable)


async def get_plan(desk: Desk, plan_id: str) -> Kept[Job]:
    """Return a plan's job; NotThere otherwise."""
    return await get_job(desk, PLANS, plan_id)


async def list_plans(jobs: Jobs, page: PageAsked) -> Listed[Job]:
    """Return the jobs of plans, newest first; a page may come out short of its limit."""
    return await list_jobs(jobs, PLANS, page)


async def cancel_plan(desk: Desk, jobs: Jobs, plan_id: str, now: datetime) -> Kept[Job]:
    """Ask a plan's job to end; NotAllowedNow when it has ended. One that runs ends within a second."""
    return await cancel_job(desk, jobs, PLANS, plan_id, now)
