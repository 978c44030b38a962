"""Matching rounds: started as a job, they offer open loads to trucks; the offers are matches in state offered."""

from fastapi import APIRouter, Request, Response

from api.http import show
from api.http.answers import MatchingRoundAnswer
from api.http.asking import parts_of, repeatable_of
from api.http.fields import IdempotencyKey, PathId
from api.http.openapi import CREATING, READING, told
from api.http.requests import MatchingRoundAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import matching_rounds

router = APIRouter(prefix="/v1/matching-rounds", route_class=KeyedRoute, tags=["matches"])


@router.post(
    "",
    operation_id="start_matching_round",
    status_code=202,
    response_model=MatchingRoundAnswer,
    responses=told(*CREATING, success=202),
)
async def start_matching_round(request: Request, body: MatchingRoundAsked, key: IdempotencyKey = None) -> Response:
    """Offer today's posted loads to the trucks that are out, as they are next free. Look at Location for what came."""
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    kept = await matching_rounds.start_round(parts.desk, parts.jobs, body.ahead_minutes, parts.clock(), repeatable)
    shown = show.matching_round(parts.desk.park, kept.thing)
    return show.created(shown, kept, f"/v1/matching-rounds/{kept.thing.id}", status=202)


@router.get(
    "/{round_id}",
    operation_id="get_matching_round",
    response_model=MatchingRoundAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_matching_round(request: Request, round_id: PathId) -> Response:
    """Read a matching round: its state, and the offers it has made once it has succeeded."""
    desk = parts_of(request).desk
    kept = await matching_rounds.get_round(desk, round_id)
    return show.answer(show.matching_round(desk.park, kept.thing), version=kept.version)
