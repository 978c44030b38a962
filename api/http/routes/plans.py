"""Plans: started as a job, watched, cancelled; with cost, bound, gap and the comparison when done."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import DayExplanationAnswer, PlanAnswer, PlanPage, VisitExplanationAnswer
from api.http.asking import Listing, parts_of, repeatable_of
from api.http.fields import IdempotencyKey, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.requests import ExplanationAsked, Paged, PlanAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import plans
from dispatch.services.plans import PlanDraft

router = APIRouter(prefix="/v1/plans", route_class=KeyedRoute, tags=["plans"])


@router.post(
    "",
    operation_id="start_plan",
    status_code=202,
    response_model=PlanAnswer,
    responses=told(*CREATING, refusals.NotAllowedNow, success=202),
)
async def start_plan(request: Request, body: PlanAsked, key: IdempotencyKey = None) -> Response:
    """Start planning a day: slots for its open visits, chains for its posted loads. Look at Location for news."""
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await plans.start_plan(parts.desk, parts.jobs, PlanDraft(**dict(body)), parts.clock(), repeatable)
    return show.created(show.plan(parts.desk.park, kept.thing), kept, f"/v1/plans/{kept.thing.id}", status=202)


@router.get("", operation_id="list_plans", response_model=PlanPage, responses=told(*READING))
async def list_plans(request: Request, asked: Annotated[Paged, Query()]) -> Response:
    """List plans, newest first."""
    parts = parts_of(request)
    listing = Listing("plans", asked)
    found = await plans.list_plans(parts.jobs, listing.page)
    items = [show.plan(parts.desk.park, job) for job in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{plan_id}", operation_id="get_plan", response_model=PlanAnswer, responses=told(*READING, refusals.NotThere)
)
async def get_plan(request: Request, plan_id: PathId) -> Response:
    """Read a plan: its state, the news of its run, and its result once it has succeeded."""
    desk = parts_of(request).desk
    kept = await plans.get_plan(desk, plan_id)
    return show.answer(show.plan(desk.park, kept.thing), version=kept.version)


@router.get(
    "/{plan_id}/explanations",
    operation_id="explain_plan",
    response_model=DayExplanationAnswer,
    responses=told(*READING, refusals.NotThere, refusals.NotAllowedNow),
)
async def explain_plan(request: Request, plan_id: PathId, asked: Annotated[ExplanationAsked, Query()]) -> Response:
    """Say what is scarce on a plan's day as it stands, what one more of it is worth, and why visits are not where they
    wished. The longer it may take, the more is examined.
    """
    parts = parts_of(request)
    found = await parts.explainer.explain_day(parts.desk, parts.reports, plan_id, asked.seconds, parts.clock())
    return show.answer(found)


@router.get(
    "/{plan_id}/explanations/{visit_id}",
    operation_id="explain_visit",
    response_model=VisitExplanationAnswer,
    responses=told(*READING, refusals.NotThere, refusals.NotAllowedNow),
)
async def explain_visit(
    request: Request, plan_id: PathId, visit_id: PathId, asked: Annotated[ExplanationAsked, Query()]
) -> Response:
    """Say why a visit is where it is: what is full where it would rather be, and which one more would let it in."""
    parts = parts_of(request)
    found = await parts.explainer.explain_visit(
        parts.desk, parts.reports, plan_id, visit_id, parts.clock(), seconds=asked.seconds
    )
    return show.answer(found)


@router.post(
    "/{plan_id}/cancel",
    operation_id="cancel_plan",
    status_code=202,
    response_model=PlanAnswer,
    responses=told(*CHANGING, refusals.NotAllowedNow, success=202),
)
async def cancel_plan(request: Request, plan_id: PathId) -> Response:
    """Ask a plan's run to end: one that waits ends at once, one that runs within a second."""
    parts = parts_of(request)
    kept = await plans.cancel_plan(parts.desk, parts.jobs, plan_id, parts.clock())
    return show.answer(show.plan(parts.desk.park, kept.thing), 202, version=kept.version)
