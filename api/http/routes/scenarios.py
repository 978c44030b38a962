"""Scenarios of the live plan: what would happen if. Started as a job, watched, cancelled, and applied."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from api.http import show
from api.http.answers import AppliedAnswer, ScenarioAnswer, ScenarioPage
from api.http.asking import Listing, parts_of, repeatable_of
from api.http.fields import IdempotencyKey, PathId
from api.http.openapi import CHANGING, CREATING, READING, also_as, told
from api.http.requests import Paged, ScenarioApplied, ScenarioAsked
from api.http.rim import KeyedRoute
from api.http.sse import MEDIA_TYPE as EVENT_STREAM
from api.http.sse import EventStream, Message
from api.scenarios import check_scenario
from dispatch.model import refusals
from dispatch.services import applying, scenarios
from dispatch.services.desk import Desk, Misfit
from dispatch.services.scenarios import ScenarioDraft
from solver.reading import BadInput

LOOK_SECONDS = 0.2
HEARTBEAT_LOOKS = 50

router = APIRouter(prefix="/v1/scenarios", route_class=KeyedRoute, tags=["scenarios"])

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", pattern=r"^[0-9]{1,6}$", description="Listening goes on behind it.")
]


@router.post(
    "",
    operation_id="start_scenario",
    status_code=202,
    response_model=ScenarioAnswer,
    responses=told(*CREATING, refusals.NotAllowedNow, success=202),
)
async def start_scenario(request: Request, body: ScenarioAsked, key: IdempotencyKey = None) -> Response:
    """Ask what would happen to the live plan of a day if something changed. Look at Location for news."""
    parts = parts_of(request)
    draft = ScenarioDraft(**body.arguments(parts.desk.park.grid.day_of(parts.clock())))
    _check(parts.desk, draft)
    repeatable = await repeatable_of(request, key)
    kept = await scenarios.start_scenario(parts.desk, parts.jobs, draft, parts.clock(), repeatable)
    return show.created(show.scenario(parts.desk.park, kept.thing), kept, f"/v1/scenarios/{kept.thing.id}", status=202)


@router.get("", operation_id="list_scenarios", response_model=ScenarioPage, responses=told(*READING))
async def list_scenarios(request: Request, asked: Annotated[Paged, Query()]) -> Response:
    """List scenarios, newest first."""
    parts = parts_of(request)
    listing = Listing("scenarios", asked)
    found = await scenarios.list_scenarios(parts.jobs, listing.page)
    items = [show.scenario(parts.desk.park, job) for job in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{scenario_id}",
    operation_id="get_scenario",
    response_model=ScenarioAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_scenario(request: Request, scenario_id: PathId) -> Response:
    """Read a scenario: its state, the news of its run, and its result once it has succeeded."""
    desk = parts_of(request).desk
    kept = await scenarios.get_scenario(desk, scenario_id)
    return show.answer(show.scenario(desk.park, kept.thing), version=kept.version)


@router.get(
    "/{scenario_id}/progress",
    operation_id="watch_scenario",
    response_class=Response,
    responses=also_as(EVENT_STREAM, told(*READING, refusals.NotThere)),
)
async def watch_scenario(request: Request, scenario_id: PathId, last_event_id: LastEventId = None) -> Response:
    """Listen to a scenario's progress as server-sent events, `progress` ones and, when it has ended, an `ended` one."""
    desk = parts_of(request).desk
    await scenarios.get_scenario(desk, scenario_id)
    return EventStream(_news(desk, scenario_id, int(last_event_id or 0)))


@router.get(
    "/{scenario_id}/result.csv",
    operation_id="get_scenario_csv",
    response_class=Response,
    responses=also_as("text/csv", told(*READING, refusals.NotThere, refusals.NotAllowedNow)),
)
async def get_scenario_csv(request: Request, scenario_id: PathId) -> Response:
    """Read a scenario's measures as a table: baseline, changed, difference, each with its half width."""
    desk = parts_of(request).desk
    job = (await scenarios.get_scenario(desk, scenario_id)).thing
    if job.result is None:
        raise refusals.NotAllowedNow(f"scenario {scenario_id} is {job.state}")
    return Response(show.scenario_csv(job.result), media_type="text/csv")


@router.post(
    "/{scenario_id}/cancel",
    operation_id="cancel_scenario",
    status_code=202,
    response_model=ScenarioAnswer,
    responses=told(*CHANGING, refusals.NotAllowedNow, success=202),
)
async def cancel_scenario(request: Request, scenario_id: PathId) -> Response:
    """Ask a scenario's run to end: one that waits ends at once, one that runs within a second."""
    parts = parts_of(request)
    kept = await scenarios.cancel_scenario(parts.desk, parts.jobs, scenario_id, parts.clock())
    return show.answer(show.scenario(parts.desk.park, kept.thing), 202, version=kept.version)


@router.post(
    "/{scenario_id}/apply",
    operation_id="apply_scenario",
    response_model=AppliedAnswer,
    responses=told(*CHANGING, refusals.NotAllowedNow),
)
async def apply_scenario(request: Request, scenario_id: PathId, body: ScenarioApplied) -> Response:
    """Make a scenario's moves on the live plan, by the rules of every move; each that is not made says why."""
    parts = parts_of(request)
    applied = await applying.apply_scenario(parts.desk, scenario_id, body.consent, parts.clock())
    return show.answer(show.applied(scenario_id, body.consent, applied))


def _check(desk: Desk, draft: ScenarioDraft) -> None:
    try:
        check_scenario(desk.park, draft.as_arguments())
    except BadInput as fault:
        raise Misfit(fault.where, fault.problem) from None


async def _news(desk: Desk, scenario_id: str, seen: int) -> AsyncIterator[Message | None]:
    """Yield what is new of a job until it has ended; `seen` counts the news told before."""
    quiet = 0
    while True:
        job = (await scenarios.get_scenario(desk, scenario_id)).thing
        for number, entry in enumerate(job.progress[seen:], start=seen + 1):
            yield Message(orjson.dumps({"at": entry.at, **entry.document}), "progress", str(number))
            seen, quiet = number, 0
        if job.is_final:
            ended: dict[str, Any] = {"state": job.state, "error": job.error}
            yield Message(orjson.dumps(ended), "ended", str(seen + 1))
            return
        quiet += 1
        if quiet % HEARTBEAT_LOOKS == 0:
            yield None
        await asyncio.sleep(LOOK_SECONDS)
