"""Webhook deliveries: a record for each event and webhook, sent until the receiver has it or the last try has failed.

Following the stream only writes records (their ids are those of event and webhook: hearing an event twice makes one);
sending takes those that are due, each under a lease, so that several workers share the work and none sends what another
is sending. A receiver sees an event at least once, and knows it again by its `webhook-id`.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson

from dispatch.model.park import FORBID_UNKNOWN, Park
from dispatch.services.desk import Desk, Listed, PageAsked
from dispatch.services.event_forms import shown
from dispatch.services.following import follow
from dispatch.services.listing import list_things
from dispatch.services.notifying import key_of, signed
from dispatch.services.outbound import NotAllowed, NotDelivered, Outbound
from dispatch.services.webhooks import Secrets, Webhook, get_webhook
from dispatch.store import codec
from dispatch.store.commit import Commit, Expect, NotDone, StoredEvent, StoreDown, VersionChanged, Write
from dispatch.store.keys import Keys, id_of, time_member

AT_ONCE = 32
LEASE = timedelta(seconds=60)  # longer than one delivery may take
GONE = 410  # the receiver wants no more
CURSOR = "webhooks"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a webhook; `dead` when no further try is made by itself."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    id: str
    webhook: str
    event: str
    body: str
    due_at: datetime
    attempts: int = 0
    is_dead: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """How deliveries are made: where to, and the pauses in seconds before the second and every further try."""

    outbound: Outbound
    retries: tuple[float, ...]


async def deliver(desk: Desk, sending: Sending, now: datetime) -> int:
    """Take note of new events for the webhooks and send what is due; return how many were sent and taken."""
    hooks = await _all_webhooks(desk)

    async def hear(event: StoredEvent) -> None:
        await queue(desk, [hook for hook in hooks if hook.created_at <= event.at and hook.wants(event)], [event], now)

    while await follow(desk.store, CURSOR, hear):
        pass
    return await _send_due(desk, sending, now)


async def queue(desk: Desk, hooks: Sequence[Webhook], events: Sequence[StoredEvent], now: datetime) -> int:
    """Write a delivery for each webhook and event that has none; return how many were new."""
    new = [each for hook in hooks for event in events if (each := _delivery(desk.park, hook, event, now)) is not None]
    outcomes = await desk.store.commit_many([_created(desk.keys, each) for each in new])
    for outcome in outcomes:
        if isinstance(outcome, StoreDown):
            raise outcome
    return sum(not isinstance(outcome, NotDone) for outcome in outcomes)


async def list_dead(desk: Desk, webhook_id: str, page: PageAsked) -> Listed[Delivery]:
    """Return the deliveries that were given up, by when; NotThere for an unknown webhook."""
    await get_webhook(desk, webhook_id)
    return await list_things(desk, Delivery, desk.keys.dead_deliveries(webhook_id), desk.keys.delivery, page)


async def replay(desk: Desk, webhook_id: str, after: str | None, now: datetime) -> int:
    """Send again: all that was given up, or every event behind `after` that the stream still has; return how many."""
    hook = (await get_webhook(desk, webhook_id)).thing
    if after is None:
        members = await desk.store.members(desk.keys.dead_deliveries(webhook_id))
        return await _revive(desk, [id_of(member) for member in members], now)
    count = 0
    while events := await desk.store.events(after, 200):
        wanted = [event for event in events if hook.wants(event)]
        count += await queue(desk, [hook], wanted, now)
        count += await _revive(desk, [_id(hook, event) for event in wanted], now)
        after = events[-1].id
    return count


async def _all_webhooks(desk: Desk) -> list[Webhook]:
    members = await desk.store.members(desk.keys.webhooks())
    stored = await desk.store.find_many([desk.keys.webhook(id_of(member)) for member in members])
    return [codec.read(Webhook, each.document) for each in stored if each is not None]


async def _send_due(desk: Desk, sending: Sending, now: datetime) -> int:
    behind = time_member(now + timedelta(microseconds=1), "")
    members = await desk.store.members_before(desk.keys.due_deliveries(), behind, AT_ONCE)
    return sum(await asyncio.gather(*(_send(desk, sending, id_of(member), now) for member in members)))


async def _send(desk: Desk, sending: Sending, delivery_id: str, now: datetime) -> bool:
    """Answer whether the delivery was ours to send and was taken."""
    keys = desk.keys
    stored = await desk.store.find(keys.delivery(delivery_id))
    if stored is None:
        return False
    due = codec.read(Delivery, stored.document)
    leased = replace(due, due_at=now + LEASE)
    try:
        await desk.store.commit(_changed(keys, due, leased, stored.version))
    except VersionChanged:
        return False  # another worker has it
    hook, secret = await desk.store.find_many([keys.webhook(due.webhook), keys.webhook_secret(due.webhook)])
    after: Delivery | None = None
    if hook is not None and secret is not None:
        signing = Secrets.read(secret.document).signing(now)
        after = await _try(sending, leased, codec.read(Webhook, hook.document), signing, now)
    with suppress(VersionChanged):  # we took too long, and another worker has it
        await desk.store.commit(_changed(keys, leased, after, stored.version + 1))
    return hook is not None and after is None


async def _try(
    sending: Sending, delivery: Delivery, hook: Webhook, secrets: Sequence[str], now: datetime
) -> Delivery | None:
    """Send it once; return it with what comes next, None when it was taken."""
    body = delivery.body.encode()
    headers = signed([key_of(secret) for secret in secrets], delivery.id, body, now)
    try:
        if not hook.is_active:
            raise NotAllowed("the webhook is not active")
        await sending.outbound.post(hook.url, body, headers)
    except (NotAllowed, NotDelivered) as fault:
        failed = replace(delivery, attempts=delivery.attempts + 1, error=str(fault)[:300])
        is_last = failed.attempts > len(sending.retries) or isinstance(fault, NotAllowed)
        if is_last or (isinstance(fault, NotDelivered) and fault.status == GONE):
            return replace(failed, is_dead=True, due_at=now)
        return replace(failed, due_at=now + timedelta(seconds=sending.retries[delivery.attempts]))
    return None


async def _revive(desk: Desk, delivery_ids: Sequence[str], now: datetime) -> int:
    stored = await desk.store.find_many([desk.keys.delivery(each) for each in delivery_ids])
    commits = []
    for each in stored:
        if each is not None:
            dead = codec.read(Delivery, each.document)
            if dead.is_dead:
                alive = replace(dead, is_dead=False, attempts=0, due_at=now)
                commits.append(_changed(desk.keys, dead, alive, each.version))
    return sum(not isinstance(outcome, NotDone) for outcome in await desk.store.commit_many(commits))


def _id(hook: Webhook, event: StoredEvent) -> str:
    return f"{hook.id}.{event.id}"


def _delivery(park: Park, hook: Webhook, event: StoredEvent, now: datetime) -> Delivery | None:
    name = event.by.partition(" ")[0]
    by = name if name == f"enterprise:{hook.enterprise}" else name.partition(":")[0]
    document: dict[str, Any] | None = shown(park, event, hook.format, by=by)
    if document is None:
        return None
    return Delivery(_id(hook, event), hook.id, event.id, orjson.dumps(document).decode(), now)


def _created(keys: Keys, delivery: Delivery) -> Commit:
    key = keys.delivery(delivery.id)
    return Commit((Expect(key, 0),), writes=(Write(key, codec.dump(delivery), add_to=(_index(keys, delivery),)),))


def _changed(keys: Keys, before: Delivery, after: Delivery | None, version: int) -> Commit:
    key = keys.delivery(before.id)
    document = None if after is None else codec.dump(after)
    joined = () if after is None else (_index(keys, after),)
    write = Write(key, document, add_to=joined, remove_from=(_index(keys, before),))
    return Commit((Expect(key, version),), writes=(write,))


def _index(keys: Keys, delivery: Delivery) -> tuple[str, str]:
    index = keys.dead_deliveries(delivery.webhook) if delivery.is_dead else keys.due_deliveries()
    return index, time_member(delivery.due_at, delivery.id)
