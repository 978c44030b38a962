"""The park's events: listened to as server-sent events, or read page by page."""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from api.http import show
from api.http.answers import EventPageAnswer
from api.http.asking import caller_of, feed_of, parts_of
from api.http.openapi import READING, also_as, told
from api.http.requests import EventsAsked
from api.http.rim import KeyedRoute
from api.http.sse import HEARTBEAT_SECONDS, EventStream, Message
from api.http.sse import MEDIA_TYPE as EVENT_STREAM
from dispatch.model.callers import Caller, owners_of
from dispatch.model.refusals import EventsGone
from dispatch.services import feed
from dispatch.services.event_forms import EventForm, shown
from dispatch.services.feed import Feed
from dispatch.store.commit import StoredEvent, StoreDown

router = APIRouter(prefix="/v1/events", route_class=KeyedRoute, tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern=r"^[0-9]{1,15}(-[0-9]{1,10})?$",
        description="Listening goes on behind this event; `after` does the same.",
    ),
]


@router.get(
    "",
    operation_id="list_events",
    response_model=EventPageAnswer,
    responses=also_as(EVENT_STREAM, told(*READING, EventsGone)),
)
async def list_events(
    request: Request, asked: Annotated[EventsAsked, Query()], last_event_id: LastEventId = None
) -> Response:
    """Read events in order, as far as they are the caller's to know: a page behind `after`, to be gone on with from
    `last`; or, with `Accept: text/event-stream`, all from now on (or behind `Last-Event-ID`) as they happen.
    """
    parts = parts_of(request)
    store = parts.desk.store
    view = View(request, asked)
    after = last_event_id or asked.after
    if after is not None:
        await feed.check_kept(store, after)
    if EVENT_STREAM in request.headers.get("accept", ""):
        return EventStream(_messages(feed_of(request), view, after or await store.last_event()))
    page = await feed.page(store, after or "0", asked.limit, view.has)
    items = [view.show(event) for event in page.events]
    return show.answer({"items": items, "last": page.last, "next": None if page.is_end else page.last})


class View:
    """Which events a request wants and may have, and in which form."""

    def __init__(self, request: Request, asked: EventsAsked) -> None:
        self._park = parts_of(request).desk.park
        self._caller = caller_of(request)
        self._name = asked.name
        self._form = asked.format

    def has(self, event: StoredEvent) -> bool:
        """Answer whether the event is wanted, the caller's to know, and has a word in the form."""
        return (
            self._name in (None, event.name)
            and self._caller.owns(owners_of(event.document))
            and (self._form is not EventForm.DCSA or self.show(event) is not None)
        )

    def show(self, event: StoredEvent) -> show.Document | None:
        """Return the event in the form asked for."""
        return shown(self._park, event, self._form, by=_named(event.by, self._caller))


def _named(by: str, caller: Caller) -> str:
    """Return who did something as the caller may know it: himself, and other tenants by their role alone."""
    if not caller.is_tenanted:
        return by
    name = by.partition(" ")[0]  # without the credential he used
    return name if name == caller.name else name.partition(":")[0]


async def _messages(source: Feed, view: View, position: str) -> AsyncIterator[Message | None]:
    while True:
        try:
            events = await source.after(position, wait_seconds=HEARTBEAT_SECONDS)
        except StoreDown:  # what happens meanwhile comes when it is back
            yield None
            await feed.pause()
            continue
        for event in events:
            if view.has(event):
                yield Message(orjson.dumps(view.show(event)), event.name, event.id)
        position = events[-1].id if events else position
        if not events:
            yield None
