"""Keys by which systems call: made and shown once, found, revoked."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import KeyAnswer, KeyPage, NewKeyAnswer
from api.http.asking import Listing, identities_of, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.requests import KeyAsked, KeysAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import api_keys
from dispatch.services.api_keys import ApiKeyDraft

router = APIRouter(prefix="/v1/keys", route_class=KeyedRoute, tags=["keys"])


@router.post(
    "", operation_id="create_key", status_code=201, response_model=NewKeyAnswer, responses=told(*CREATING, success=201)
)
async def create_key(request: Request, body: KeyAsked, key: IdempotencyKey = None) -> Response:
    """Make a key for a system. It is shown in this answer alone: a repeat tells what was made, without the key."""
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    new = await api_keys.create_key(parts.desk, ApiKeyDraft(**dict(body)), parts.clock(), repeatable)
    shown = show.key(parts.desk.park, new.kept.thing) | {"key": new.text}
    return show.created(shown, new.kept, f"/v1/keys/{new.kept.thing.id}")


@router.get("", operation_id="list_keys", response_model=KeyPage, responses=told(*READING))
async def list_keys(request: Request, asked: Annotated[KeysAsked, Query()]) -> Response:
    """List keys by when they were made, those revoked too."""
    desk = parts_of(request).desk
    listing = Listing("keys", asked)
    found = await api_keys.list_keys(desk, listing.page)
    uses = await api_keys.last_uses(desk, [each.id for each in found.things])
    items = [show.key(desk.park, each, used) for each, used in zip(found.things, uses, strict=True)]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get("/{key_id}", operation_id="get_key", response_model=KeyAnswer, responses=told(*READING, refusals.NotThere))
async def get_key(request: Request, key_id: PathId) -> Response:
    """Read what is kept of a key; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await api_keys.get_key(desk, key_id)
    (used,) = await api_keys.last_uses(desk, [key_id])
    return show.answer(show.key(desk.park, kept.thing, used), version=kept.version)


@router.post(
    "/{key_id}/revoke",
    operation_id="revoke_key",
    response_model=KeyAnswer,
    responses=told(*CHANGING, refusals.Changed, refusals.NotAllowedNow),
)
async def revoke_key(request: Request, key_id: PathId, if_match: IfMatch = None) -> Response:
    """Revoke a key for ever: at once where it is revoked, within two seconds in every other process of the service."""
    parts = parts_of(request)
    kept = await api_keys.revoke_key(parts.desk, key_id, parts.clock(), versions_of(if_match))
    identities_of(request).forget()
    (used,) = await api_keys.last_uses(parts.desk, [key_id])
    return show.answer(show.key(parts.desk.park, kept.thing, used), version=kept.version)
