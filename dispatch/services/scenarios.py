"""Scenarios of the live plan: asked for as a job, and applied as moves of the appointments they would move."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from dispatch.model import rules
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.asked_jobs import JobKind, cancel_job, find_started, get_job, list_jobs, start_job
from dispatch.services.desk import Desk, Kept, Listed, PageAsked, Repeatable
from dispatch.worker.jobs import SIMULATE, Job, Jobs

JOB_NAME = SIMULATE
SCENARIOS = JobKind(JOB_NAME, "scenario", "scenario")


@dataclass(frozen=True, slots=True)
class ScenarioDraft:
    """What of the live plan of a day is changed, and how it is run; `changes` as documents."""

    day: date
    changes: tuple[dict[str, Any], ...]
    policy: str
    replications: int
    seed: int
    seconds: float

    def as_arguments(self) -> dict[str, Any]:
        """Return the draft as the arguments of its job."""
        return {**asdict(self), "day": self.day.isoformat(), "changes": list(self.changes)}


async def start_scenario(
    desk: Desk, jobs: Jobs, draft: ScenarioDraft, now: datetime, repeatable: Repeatable | None
) -> Kept[Job]:
    """Queue a scenario of the live plan; NotAllowedNow when the day is past, KeyReused."""
    started = await find_started(desk, SCENARIOS, repeatable)
    if started is not None:
        return started
    if not rules.may_plan(desk.park, draft.day, now):
        raise NotAllowedNow(f"day {draft.day.isoformat()} is past")
    return await start_job(desk, jobs, SCENARIOS, draft.as_arguments(), now, repeatable)


async def get_scenario(desk: Desk, scenario_id: str) -> Kept[Job]:
    """Return a scenario's job; NotThere otherwise."""
    return await get_job(desk, SCENARIOS, scenario_id)


async def list_scenarios(jobs: Jobs, page: PageAsked) -> Listed[Job]:
    """Return the jobs of scenarios, newest first; a page may come out short of its limit."""
    return await list_jobs(jobs, SCENARIOS, page)


async def cancel_scenario(desk: Desk, jobs: Jobs, scenario_id: str, now: datetime) -> Kept[Job]:
    """Ask a scenario's job to end; NotAllowedNow when it has ended. One that runs ends within a second."""
    return await cancel_job(desk, jobs, SCENARIOS, scenario_id, now)
