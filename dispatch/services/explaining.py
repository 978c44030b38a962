"""Explanations of published plans, made in a thread, one after the other: others are served meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from time import monotonic

from dispatch.model.promises import HOLDING
from dispatch.model.refusals import NotAllowedNow
from dispatch.planning.explaining import Document, Standing, as_it_stands, day_explained, visit_explained
from dispatch.services import publication
from dispatch.services.day_planning import Decided
from dispatch.services.desk import Desk, not_there
from dispatch.services.plans import get_plan
from dispatch.services.reports import Reports
from dispatch.store import codec
from dispatch.worker.jobs import JobState


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="explaining")


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains plans by the projection of a process, one at a time."""

    thread: ThreadPoolExecutor = field(default_factory=_one_thread)

    async def explain_day(self, desk: Desk, reports: Reports, plan_id: str, seconds: float, now: datetime) -> Document:
        """Return what is scarce on a plan's day as it stands; NotThere, NotAllowedNow until the plan has succeeded."""
        return await self._explain(desk, reports, plan_id, now, lambda on: day_explained(on, seconds, monotonic))

    async def explain_visit(
        self, desk: Desk, reports: Reports, plan_id: str, visit_id: str, now: datetime, *, seconds: float
    ) -> Document:
        """Return why a visit of a plan's day is where it is; NotThere for a visit of another day too."""

        def explain(on: Standing) -> Document:
            found = visit_explained(on, visit_id, seconds, monotonic)
            if found is None:
                raise not_there("visit", f"{visit_id} in plan {plan_id}")
            return found

        return await self._explain(desk, reports, plan_id, now, explain)

    async def _explain(
        self, desk: Desk, reports: Reports, plan_id: str, now: datetime, explain: Callable[[Standing], Document]
    ) -> Document:
        job = (await get_plan(desk, plan_id)).thing
        stored = await desk.store.find(desk.keys.plan(plan_id))
        if job.state is not JobState.SUCCEEDED or stored is None:
            raise NotAllowedNow(f"plan {plan_id} is {job.state}")
        day = date.fromisoformat(str(job.arguments["day"]))
        opened = await publication.open_visits(desk.store, day)
        await reports.catch_up(desk.store)
        happened = await reports.happened((day,))

        def work() -> Document:
            decided = codec.read(Decided, stored.document)
            asked = {each.visit.id: each.visit for each in decided.placements}
            standing = {each.visit for each in happened.appointments if each.state in HOLDING}
            visits = {name: visit for name, visit in asked.items() if name in standing}
            visits |= {visit.id: visit for visit in opened}
            on = as_it_stands(desk.park, day, list(visits.values()), happened.appointments, happened.closures, now)
            return {"plan": plan_id, "day": day, **explain(on)}

        return await asyncio.get_running_loop().run_in_executor(self.thread, work)
