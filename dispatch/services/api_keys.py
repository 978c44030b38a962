"""Keys by which systems call: made once, shown once, kept as SHA-256, revocable."""

import hashlib
import hmac
import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from dispatch.model.callers import TENANTED, Caller, Role
from dispatch.model.park import Park
from dispatch.model.plates import normalised
from dispatch.model.refusals import NotAllowedNow
from dispatch.services.desk import (
    Desk,
    Kept,
    Listed,
    Misfit,
    PageAsked,
    Repeatable,
    Versions,
    check_version,
    get_kept,
    new_id,
    retried,
)
from dispatch.services.listing import list_things
from dispatch.services.making import New, make
from dispatch.store import codec
from dispatch.store.commit import Commit, Event, Expect, Write
from dispatch.store.keys import time_member

PREFIX = "pdk"  # begins every key, so that one is known when it is seen where it should not be


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: never the key itself, only its SHA-256."""

    id: str
    role: Role
    tenant: str
    carrier: str
    note: str
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Return whom the key stands for."""
        return Caller(self.role, self.tenant, self.carrier)

    def is_valid(self, now: datetime) -> bool:
        """Answer whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class ApiKeyDraft:
    """A key as it is asked for; `carrier` is the one a driver's truck runs for."""

    role: Role
    tenant: str | None = None
    carrier: str | None = None
    note: str = ""
    days: int | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its text, which is shown this once; a repeat no longer has it."""

    kept: Kept[ApiKey]
    text: str | None


def get_caller(park: Park, role: Role, tenant: str | None, carrier: str | None) -> Caller:
    """Return the caller of a role; Misfit where the tenant is none of this park or fits no such role."""
    if role not in TENANTED:
        _only(role, tenant=tenant, carrier=carrier)
        return Caller(role)
    if not tenant:
        raise Misfit("tenant", f"is missing: whose {role} is it?")
    if role is not Role.DRIVER:
        _only(role, carrier=carrier)
        known: dict[Role, Container[str]] = {
            Role.ENTERPRISE: park.enterprise_by_id,
            Role.WAREHOUSE: park.warehouse_by_id,
            Role.GATE: park.gate_by_id,
        }
        if tenant not in known[role]:
            raise Misfit("tenant", f"{tenant[:40]!r} is not a known {role} of this park")
        return Caller(role, tenant)
    if carrier not in park.enterprise_by_id:
        raise Misfit("carrier", "must be the enterprise of this park that the driver's truck runs for")
    try:
        return Caller(role, normalised(tenant), carrier)
    except ValueError as fault:
        raise Misfit("tenant", str(fault)) from None


async def create_key(desk: Desk, draft: ApiKeyDraft, now: datetime, repeatable: Repeatable | None) -> NewKey:
    """Make a key; Misfit when role and tenant do not fit the park, KeyReused."""
    caller = get_caller(desk.park, draft.role, draft.tenant, draft.carrier)
    identity = new_id("key", repeatable).removeprefix("key-")
    text = f"{PREFIX}_{identity}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=identity,
        role=caller.role,
        tenant=caller.tenant,
        carrier=caller.carrier,
        note=draft.note,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        created_at=now,
        expires_at=None if draft.days is None else now + timedelta(days=draft.days),
    )
    place = desk.keys.api_key(identity)
    index = ((desk.keys.api_keys(), time_member(now, identity)),)
    commit = Commit(
        expects=(Expect(place, 0),),
        writes=(Write(place, codec.dump(key), add_to=index),),
        events=(_event("ApiKeyCreated", key),),
    )
    kept = await make(desk, New(key, f"key {identity}", commit, own_id=False), repeatable)
    return NewKey(kept, None if kept.repeated else text)


async def get_key(desk: Desk, key_id: str) -> Kept[ApiKey]:
    """Return what is kept of a key; NotThere otherwise."""
    return await get_kept(desk, ApiKey, desk.keys.api_key(key_id), "key", key_id)


async def find_key(desk: Desk, key_id: str) -> ApiKey | None:
    """Return what is kept of a key, or None."""
    stored = await desk.store.find(desk.keys.api_key(key_id))
    return codec.read(ApiKey, stored.document) if stored else None


async def list_keys(desk: Desk, page: PageAsked) -> Listed[ApiKey]:
    """Return all keys by when they were made, those revoked too."""
    return await list_things(desk, ApiKey, desk.keys.api_keys(), desk.keys.api_key, page)


async def revoke_key(desk: Desk, key_id: str, now: datetime, expected: Versions) -> Kept[ApiKey]:
    """Revoke a key for ever; NotAllowedNow when it is revoked already, Changed unless at `expected`."""

    async def attempt() -> Kept[ApiKey]:
        kept = await get_key(desk, key_id)
        check_version(kept.version, expected, f"key {key_id}")
        if kept.thing.revoked_at is not None:
            raise NotAllowedNow(f"key {key_id} was revoked at {kept.thing.revoked_at.isoformat()}")
        revoked = replace(kept.thing, revoked_at=now)
        place = desk.keys.api_key(key_id)
        commit = Commit(
            expects=(Expect(place, kept.version),),
            writes=(Write(place, codec.dump(revoked)),),
            events=(_event("ApiKeyRevoked", revoked),),
        )
        await desk.store.commit(commit)
        return Kept(revoked, kept.version + 1)

    return await retried(f"key {key_id}", attempt)


async def find_by_text(desk: Desk, text: str) -> ApiKey | None:
    """Return the key whose text this is, valid or not; None when it is no key."""
    prefix, _, rest = text.partition("_")
    identity, _, secret = rest.partition("_")
    if prefix != PREFIX or not identity.isalnum() or not secret or not text.isascii():
        return None
    key = await find_key(desk, identity)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return key if key is not None and hmac.compare_digest(digest, key.sha256) else None


async def note_use(desk: Desk, key_id: str, now: datetime) -> None:
    """Note when a key was last used; whoever asks for it now and then calls this, not with each request."""
    await desk.store.quick("HSET", desk.keys.key_uses(), key_id, now.isoformat())


async def last_uses(desk: Desk, key_ids: Sequence[str]) -> list[datetime | None]:
    """Return when each key was last used, to a minute."""
    if not key_ids:
        return []
    found = await desk.store.alone("HMGET", desk.keys.key_uses(), *key_ids)
    return [None if each is None else datetime.fromisoformat(each.decode()) for each in found]


def _event(name: str, key: ApiKey) -> Event:
    told = {"key": key.id, "role": key.role, "tenant": key.tenant, "carrier": key.carrier, "note": key.note}
    return Event(name, orjson.dumps(told))


def _only(role: Role, **given: str | None) -> None:
    for name, value in given.items():
        if value:
            raise Misfit(name, f"does not belong to the role {role}")
