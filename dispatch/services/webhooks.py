"""Webhooks: addresses an enterprise wants its events sent to, each with a secret that signs them."""

import base64
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from dispatch.model.callers import Caller, Role, owners_of
from dispatch.model.park import FORBID_UNKNOWN
from dispatch.model.refusals import Changed
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    committed,
    find_repeat,
    get_kept,
    new_id,
    not_there,
    repeatable_by,
    retried,
)
from dispatch.services.event_forms import EventForm
from dispatch.services.listing import list_things
from dispatch.services.making import New, make
from dispatch.services.notifying import PREFIX
from dispatch.services.outbound import NotAllowed, Outbound
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, StoredEvent, VersionChanged, Write
from dispatch.store.keys import time_member

SECRET_BYTES = 32
MOST_FORMER = 4  # secrets that still sign beside the newest


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an enterprise's events are sent: all of them, or those named; its secret is kept apart."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    enterprise: str
    url: str
    names: tuple[str, ...]
    format: EventForm
    is_active: bool
    created_at: datetime
    former_until: datetime | None = None  # what is sent until then is signed by the secret before this one too

    def wants(self, event: StoredEvent) -> bool:
        """Answer whether the event is the enterprise's to know and one of those asked for."""
        named = not self.names or event.name in self.names
        return self.is_active and named and Caller(Role.ENTERPRISE, self.enterprise).owns(owners_of(event.document))


@dataclass(frozen=True, slots=True)
class Former:
    """A secret that was replaced, and until when it still signs beside the newer one."""

    secret: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs a webhook's deliveries: the newest secret, and for a time those before it."""

    newest: str
    former: tuple[Former, ...] = ()

    @classmethod
    def read(cls, document: object) -> "Secrets":
        """Return what the store keeps; older stores keep the one secret alone."""
        return cls(document) if isinstance(document, str) else codec.read(cls, document)

    def signing(self, now: datetime) -> list[str]:
        """Return the secrets that sign now, the newest first."""
        return [self.newest, *(each.secret for each in self.former if now < each.until)]

    def rotated(self, secret: str, now: datetime, grace: timedelta) -> "Secrets":
        """Return these with a new one; without grace none of the others signs any more."""
        until = now + grace
        former = [Former(self.newest, until), *(each for each in self.former if now < each.until)]
        return Secrets(secret, tuple(former[:MOST_FORMER]) if grace else ())


@dataclass(frozen=True, slots=True)
class WebhookDraft:
    """A webhook as it is asked for."""

    enterprise: str
    url: str
    names: tuple[str, ...] = ()
    format: EventForm = EventForm.PARK


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook just made, with its secret, which is shown this once; a repeat no longer has it."""

    kept: Kept[Webhook]
    secret: str | None


async def create_webhook(
    desk: Desk, outbound: Outbound, draft: WebhookDraft, now: datetime, repeatable: Repeatable | None
) -> NewWebhook:
    """Make a webhook; Misfit when the enterprise is unknown or nothing may be sent to its address, KeyReused."""
    if draft.enterprise not in desk.park.enterprise_by_id:
        raise Misfit("enterprise", f"{draft.enterprise[:40]!r} is not known in this park")
    _check_url(outbound, draft.url)
    webhook = Webhook(
        id=new_id("webhook", repeatable),
        enterprise=draft.enterprise,
        url=draft.url,
        names=draft.names,
        format=draft.format,
        is_active=True,
        created_at=now,
    )
    secret = _new_secret()
    keys, document = desk.keys, codec.dump(webhook)
    member = time_member(now, webhook.id)
    indexes = ((keys.webhooks(), member), (keys.webhooks_of(webhook.enterprise), member))
    commit = Commit(
        expects=(Expect(keys.webhook(webhook.id), 0),),
        writes=(
            Write(keys.webhook(webhook.id), document, add_to=indexes),
            Write(keys.webhook_secret(webhook.id), codec.dump(Secrets(secret))),
        ),
        events=(Event("WebhookCreated", document),),
    )
    kept = await make(desk, New(webhook, f"webhook {webhook.id}", commit, own_id=False), repeatable)
    return NewWebhook(kept, None if kept.repeated else secret)


async def get_webhook(desk: Desk, webhook_id: str) -> Kept[Webhook]:
    """Return a webhook; NotThere otherwise."""
    return await get_kept(desk, Webhook, desk.keys.webhook(webhook_id), "webhook", webhook_id)


async def list_webhooks(desk: Desk, enterprise: str | None, page: PageAsked) -> Listed[Webhook]:
    """Return webhooks by when they were made, of all or of one enterprise."""
    index = desk.keys.webhooks() if enterprise is None else desk.keys.webhooks_of(enterprise)
    return await list_things(desk, Webhook, index, desk.keys.webhook, page)


async def change_webhook(
    desk: Desk, outbound: Outbound, webhook_id: str, expected: Versions, **changes: object
) -> Kept[Webhook]:
    """Change url, names, format or is_active; Misfit, NotThere, Changed unless at `expected`."""
    kept = await get_webhook(desk, webhook_id)
    check_version(kept.version, expected, f"webhook {webhook_id}")
    after = replace(kept.thing, **changes)  # type: ignore[arg-type] # the request's own fields
    _check_url(outbound, after.url)
    key, document = desk.keys.webhook(webhook_id), codec.dump(after)
    commit = Commit(
        expects=(Expect(key, kept.version),),
        writes=(Write(key, document),),
        events=(Event("WebhookChanged", document),),
    )
    await _commit(desk, commit, webhook_id)
    return Kept(after, kept.version + 1)


async def rotate_secret(
    desk: Desk, webhook_id: str, grace: timedelta, now: datetime, repeatable: Repeatable | None
) -> NewWebhook:
    """Sign with a new secret, and for the time of grace with the old one too; NotThere, KeyReused."""
    if await find_repeat(desk, repeatable) is not None:
        kept = await get_webhook(desk, webhook_id)
        return NewWebhook(replace(kept, repeated=True), None)
    keys, secret = desk.keys, _new_secret()

    async def attempt() -> NewWebhook:
        kept = await get_webhook(desk, webhook_id)
        stored = await desk.store.find(keys.webhook_secret(webhook_id))
        if stored is None:
            raise not_there("webhook", webhook_id)
        after = replace(kept.thing, former_until=now + grace if grace else None)
        rotated = Secrets.read(stored.document).rotated(secret, now, grace)
        document = codec.dump(after)
        commit = Commit(
            expects=(
                Expect(keys.webhook(webhook_id), kept.version),
                Expect(keys.webhook_secret(webhook_id), stored.version),
            ),
            writes=(
                Write(keys.webhook(webhook_id), document),
                Write(keys.webhook_secret(webhook_id), codec.dump(rotated)),
            ),
            events=(Event("WebhookSecretRotated", document),),
        )
        done = await committed(desk, repeatable_by(desk, commit, repeatable))
        return NewWebhook(Kept(after, kept.version + 1, repeated=done.repeated), None if done.repeated else secret)

    return await retried(f"webhook {webhook_id}", attempt)


async def delete_webhook(desk: Desk, webhook_id: str, expected: Versions) -> None:
    """Remove a webhook and its secret; what waits for it is dropped. NotThere, Changed unless at `expected`."""
    kept = await get_webhook(desk, webhook_id)
    check_version(kept.version, expected, f"webhook {webhook_id}")
    keys, member = desk.keys, time_member(kept.thing.created_at, webhook_id)
    indexes = ((keys.webhooks(), member), (keys.webhooks_of(kept.thing.enterprise), member))
    commit = Commit(
        expects=(Expect(keys.webhook(webhook_id), kept.version),),
        writes=(
            Write(keys.webhook(webhook_id), None, remove_from=indexes),
            Write(keys.webhook_secret(webhook_id), None),
        ),
        events=(Event("WebhookDeleted", codec.dump(kept.thing)),),
    )
    await _commit(desk, commit, webhook_id)


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def _commit(desk: Desk, commit: Commit, webhook_id: str) -> None:
    try:
        await desk.store.commit(commit)
    except VersionChanged:
        raise Changed(f"webhook {webhook_id}") from None


def _check_url(outbound: Outbound, url: str) -> None:
    try:
        outbound.check_url(url)
    except NotAllowed as fault:
        raise Misfit("url", str(fault)) from None
