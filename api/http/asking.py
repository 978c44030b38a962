"""What routes read from a request besides its body: the parts, the idempotency key, expected versions, pages."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.http import cursors
from api.http.authorisation import find_alien_rows
from api.http.identity import Identities, Identity
from api.http.metrics import Metrics
from api.http.parts import Parts
from api.http.problems import InvalidRequest, validation_errors
from api.http.requests import Paged
from dispatch.model.callers import Caller
from dispatch.services.desk import Misfit, PageAsked, Repeatable, Versions
from dispatch.services.feed import Feed

Row = TypeVar("Row", bound=BaseModel)
Draft = TypeVar("Draft")
READ_AT_ONCE = 200  # rows
LONGEST_ID = 64
_STRONG_TAG = re.compile(r'"(\d{1,15})"\Z', re.ASCII)
_PAGING = {"limit", "cursor"}


def parts_of(request: Request) -> Parts:
    """Return the parts the app was made from."""
    parts: Parts = request.app.state.parts
    return parts


def caller_of(request: Request) -> Caller:
    """Return who asks, on a route that needs a key."""
    caller: Caller = request.scope["caller"]
    return caller


def identity_of(request: Request) -> Identity:
    """Return who asks and by what, on a route that needs a key."""
    identity: Identity = request.scope["identity"]
    return identity


def identities_of(request: Request) -> Identities:
    """Return who tells whose a credential is."""
    identities: Identities = request.app.state.identities
    return identities


def metrics_of(request: Request) -> Metrics:
    """Return what the app counts."""
    metrics: Metrics = request.app.state.metrics
    return metrics


def feed_of(request: Request) -> Feed:
    """Return this process's reader of the park's events."""
    feed: Feed = request.app.state.feed
    return feed


async def repeatable_of(request: Request, key: str | None) -> Repeatable | None:
    """Return the Idempotency-Key with the fingerprint of method, path and body, in whatever order its fields are.

    Each tenant's keys are its own: what another did under the same key is not told.
    """
    if key is None:
        return None
    content = orjson.dumps(await request.json(), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + content).hexdigest()
    caller = caller_of(request)
    return Repeatable(f"{key}@{caller.name}" if caller.is_tenanted else key, digest)  # no client's key holds an '@'


def versions_of(if_match: str | None) -> Versions:
    """Return the versions an If-Match names; a weak or foreign tag names none, so it never matches."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (_STRONG_TAG.match(tag.strip()) for tag in if_match.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag)


def named_by(request: Request, draft: Callable[..., Draft]) -> Callable[..., Draft]:
    """Return how a draft is made of a request's fields: an id the caller chose becomes one of his own."""
    caller = caller_of(request)

    def make(*, id: str | None, **fields: Any) -> Draft:  # noqa: A002
        own = None if id is None else caller.own_id(id)
        if own is not None and len(own) > LONGEST_ID:
            raise Misfit("id", f"is kept as {own!r}, which is longer than {LONGEST_ID} characters")
        return draft(id=own, **fields)

    return make


class Listing:
    """One list with its filters: what its cursors are bound to."""

    def __init__(self, name: str, asked: Paged) -> None:
        self._mark = cursors.mark_of(name, asked.model_dump(exclude=_PAGING))
        self.page = PageAsked(cursors.decode(self._mark, asked.cursor), asked.limit)

    def cursor(self, next_after: str | None) -> str | None:
        """Return the cursor of the next page."""
        return cursors.encode(self._mark, next_after)


async def read_rows(
    request: Request, name: str, rows: Sequence[object], kind: type[Row], draft: Callable[..., Draft]
) -> list[Draft | Misfit]:
    """Return each row of a bulk request as a draft, or the first thing wrong with it.

    InvalidRequest when there are more rows than are taken. Other requests are served meanwhile.
    """
    most = parts_of(request).limits.bulk_rows
    if len(rows) > most:
        raise InvalidRequest([(f"body.{name}", f"has {len(rows)} rows, at most {most} are taken")])
    alien = await find_alien_rows(request, rows)
    read: list[Draft | Misfit] = []
    for begin in range(0, len(rows), READ_AT_ONCE):
        chunk = enumerate(rows[begin : begin + READ_AT_ONCE], start=begin)
        read += [alien[number] if number in alien else _read_row(row, kind, draft) for number, row in chunk]
        await asyncio.sleep(0)
    return read


def _read_row(row: object, kind: type[Row], draft: Callable[..., Draft]) -> Draft | Misfit:
    try:
        return draft(**dict(kind.model_validate(row)))
    except Misfit as misfit:
        return misfit
    except ValidationError as fault:
        return Misfit(*validation_errors(fault.errors(include_url=False))[0])
