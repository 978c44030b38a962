"""Pages of things found through an index, filtered where the index alone does not say it all."""

from collections.abc import Callable
from typing import TypeVar

from dispatch.services.desk import Desk, Listed, PageAsked
from dispatch.store import codec
from dispatch.store.keys import id_of

T = TypeVar("T")

SCANNED_AT_ONCE = 200
MOST_SCANS = 10  # a page may come out short of its limit, with a cursor, rather than scan on for ever


async def list_things(
    desk: Desk,
    kind: type[T],
    index: str,
    key_of: Callable[[str], str],
    asked: PageAsked,
    *,
    wanted: Callable[[T], bool] | None = None,
    prefix: str = "",
) -> Listed[T]:
    """Return the things of an ordered index on the page asked for, those that are `wanted`."""
    found: list[T] = []
    after, limit = asked.after, asked.limit
    at_once = limit if wanted is None else SCANNED_AT_ONCE
    for _ in range(MOST_SCANS):
        page = await desk.store.page(index, after=after, limit=at_once, prefix=prefix)
        stored = await desk.store.find_many([key_of(id_of(member)) for member in page.members])
        for member, each in zip(page.members, stored, strict=True):
            after = member
            thing = None if each is None else codec.read(kind, each.document)
            if thing is not None and (wanted is None or wanted(thing)):
                found.append(thing)
            if len(found) == limit:
                is_last = page.next_after is None and member == page.members[-1]
                return Listed(tuple(found), None if is_last else member)
        if page.next_after is None:
            return Listed(tuple(found), None)
    return Listed(tuple(found), after)
