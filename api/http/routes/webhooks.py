"""Webhooks: where an enterprise wants its events sent; what could not be delivered, and sending it again."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http import show
from api.http.answers import DeadLetterPage, NewWebhookAnswer, ReplayAnswer, WebhookAnswer, WebhookPage
from api.http.asking import Listing, parts_of, repeatable_of, versions_of
from api.http.fields import IdempotencyKey, IfMatch, PathId
from api.http.openapi import CHANGING, CREATING, READING, told
from api.http.problems import UNSUPPORTED_MEDIA_TYPE
from api.http.requests import DeadLettersAsked, ReplayAsked, SecretRotated, WebhookAsked, WebhookChanged, WebhooksAsked
from api.http.rim import KeyedRoute
from dispatch.model import refusals
from dispatch.services import delivering, webhooks
from dispatch.services.webhooks import WebhookDraft

router = APIRouter(prefix="/v1/webhooks", route_class=KeyedRoute, tags=["webhooks"])

AMENDING = (*CHANGING, UNSUPPORTED_MEDIA_TYPE, refusals.Changed)


@router.post(
    "",
    operation_id="create_webhook",
    status_code=201,
    response_model=NewWebhookAnswer,
    responses=told(*CREATING, success=201),
)
async def create_webhook(request: Request, body: WebhookAsked, key: IdempotencyKey = None) -> Response:
    """Have an enterprise's events sent to an address, signed as Standard Webhooks has it. The secret is shown in this
    answer alone.
    """
    parts = parts_of(request)
    repeatable = await repeatable_of(request, key)
    new = await webhooks.create_webhook(
        parts.desk, parts.outbound, WebhookDraft(**dict(body)), parts.clock(), repeatable
    )
    shown = show.webhook(parts.desk.park, new.kept.thing) | {"secret": new.secret}
    return show.created(shown, new.kept, f"/v1/webhooks/{new.kept.thing.id}")


@router.get("", operation_id="list_webhooks", response_model=WebhookPage, responses=told(*READING))
async def list_webhooks(request: Request, asked: Annotated[WebhooksAsked, Query()]) -> Response:
    """List webhooks by when they were made."""
    desk = parts_of(request).desk
    listing = Listing("webhooks", asked)
    found = await webhooks.list_webhooks(desk, asked.enterprise, listing.page)
    items = [show.webhook(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.get(
    "/{webhook_id}",
    operation_id="get_webhook",
    response_model=WebhookAnswer,
    responses=told(*READING, refusals.NotThere),
)
async def get_webhook(request: Request, webhook_id: PathId) -> Response:
    """Read a webhook; its ETag is its version."""
    desk = parts_of(request).desk
    kept = await webhooks.get_webhook(desk, webhook_id)
    return show.answer(show.webhook(desk.park, kept.thing), version=kept.version)


@router.patch("/{webhook_id}", operation_id="change_webhook", response_model=WebhookAnswer, responses=told(*AMENDING))
async def change_webhook(
    request: Request, webhook_id: PathId, body: WebhookChanged, if_match: IfMatch = None
) -> Response:
    """Change a webhook's address, names, form, or whether anything is sent; what is left out stays."""
    parts = parts_of(request)
    changes = {name: value for name, value in dict(body).items() if value is not None}
    kept = await webhooks.change_webhook(parts.desk, parts.outbound, webhook_id, versions_of(if_match), **changes)
    return show.answer(show.webhook(parts.desk.park, kept.thing), version=kept.version)


@router.post(
    "/{webhook_id}/secret",
    operation_id="rotate_webhook_secret",
    status_code=201,
    response_model=NewWebhookAnswer,
    responses=told(*CREATING, refusals.NotThere, refusals.NotAllowedNow, success=201),
)
async def rotate_webhook_secret(
    request: Request, webhook_id: PathId, body: SecretRotated, key: IdempotencyKey = None
) -> Response:
    """Have a webhook signed with a new secret, and for a time of grace with the old one too: both signatures stand in
    the same header. The secret is shown in this answer alone.
    """
    parts = parts_of(request)
    repeatable, grace = await repeatable_of(request, key), timedelta(minutes=body.grace_minutes)
    new = await webhooks.rotate_secret(parts.desk, webhook_id, grace, parts.clock(), repeatable)
    shown = show.webhook(parts.desk.park, new.kept.thing) | {"secret": new.secret}
    return show.created(shown, new.kept, f"/v1/webhooks/{webhook_id}")


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    response_model=WebhookAnswer,
    responses=told(*CHANGING, refusals.Changed),
)
async def delete_webhook(request: Request, webhook_id: PathId, if_match: IfMatch = None) -> Response:
    """Remove a webhook with its secret, and drop what waits for it; the answer is what it was."""
    desk = parts_of(request).desk
    kept = await webhooks.get_webhook(desk, webhook_id)
    await webhooks.delete_webhook(desk, webhook_id, versions_of(if_match))
    return show.answer(show.webhook(desk.park, kept.thing))


@router.get(
    "/{webhook_id}/dead-letters",
    operation_id="list_dead_letters",
    response_model=DeadLetterPage,
    responses=told(*READING, refusals.NotThere),
)
async def list_dead_letters(
    request: Request, webhook_id: PathId, asked: Annotated[DeadLettersAsked, Query()]
) -> Response:
    """List what could not be delivered and is not tried again by itself."""
    desk = parts_of(request).desk
    listing = Listing(f"dead-letters {webhook_id}", asked)
    found = await delivering.list_dead(desk, webhook_id, listing.page)
    items = [show.dead_letter(desk.park, each) for each in found.things]
    return show.answer(show.page(items, listing.cursor(found.next_after)))


@router.post(
    "/{webhook_id}/replay",
    operation_id="replay_webhook",
    response_model=ReplayAnswer,
    responses=told(*CHANGING, UNSUPPORTED_MEDIA_TYPE),
)
async def replay_webhook(request: Request, webhook_id: PathId, body: ReplayAsked) -> Response:
    """Send again what was given up, or every event behind `after` that the stream still has."""
    parts = parts_of(request)
    count = await delivering.replay(parts.desk, webhook_id, body.after, parts.clock())
    return show.answer({"queued": count})
