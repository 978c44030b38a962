"""Matches: which loads a truck was given, in order."""

from dispatch.model.promises import Match
from dispatch.services.desk import Desk, Listed, PageAsked
from dispatch.services.freight import MatchRecord
from dispatch.services.listing import list_things


async def list_matches_of_truck(desk: Desk, plate: str, page: PageAsked) -> Listed[Match]:
    """Return a truck's chains by day."""
    return await _list(desk, desk.keys.matches_of_truck(plate), page)


async def list_matches_of_load(desk: Desk, load_id: str, page: PageAsked) -> Listed[Match]:
    """Return the chain a load is in."""
    return await _list(desk, desk.keys.matches_of_load(load_id), page)


async def _list(desk: Desk, index: str, page: PageAsked) -> Listed[Match]:
    records = await list_things(desk, MatchRecord, index, desk.keys.match, page)
    return Listed(tuple(record.match for record in records.things), records.next_after)
