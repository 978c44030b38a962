"""Guaranteed shares of a slot's entries: which pool a carrier's start is counted in, and how large the pools are. Pure.

The entries of all gates in a slot are divided into one pool per priority group with a share, and the open pool that is
everybody's. A carrier of a group takes from its group's pool while that has any, else from the open one. At a group's
cut-off before the slot, what its pool is large becomes part of the open pool as well: what the group has not taken by
then is released, as the gates still admit no more than they can.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from dispatch.model.park import OPEN_POOL, Enterprise, Park, PriorityGroup


def has_shares(park: Park) -> bool:
    """Answer whether any priority group has entries of its own."""
    return any(group.share_percent for group in park.priority_groups)


def pools_for(park: Park, carrier: Enterprise) -> tuple[str, ...]:
    """Return the pools from which a carrier may take, its group's first; none where the park has no shares."""
    if not has_shares(park):
        return ()
    group = park.priority_group_by_id.get(carrier.group or "")
    return (group.id, OPEN_POOL) if group is not None and group.share_percent else (OPEN_POOL,)


def pool_limit(park: Park, pool: str, entries: int, last_released: Sequence[int], slot: int) -> int:
    """Return how many of a slot's `entries` the pool may hold; `last_released` as from `released_slots`."""
    if pool != OPEN_POOL:
        group = park.priority_group_by_id.get(pool)
        return 0 if group is None else entries * group.share_percent // 100
    held = zip(park.priority_groups, last_released, strict=True)
    return entries - sum(entries * group.share_percent // 100 for group, last in held if slot > last)


def released_slots(park: Park, day: date, now: datetime) -> tuple[int, ...]:
    """Return for each priority group the last slot of the day (or beyond it, or before) whose cut-off is past."""
    return tuple(
        park.grid.slot_of(now + timedelta(minutes=group.cutoff_minutes), day) for group in park.priority_groups
    )


def cutoff_of(park: Park, group: PriorityGroup, day: date, slot: int) -> datetime:
    """Return when the group's share of the slot is released."""
    return park.grid.start_of(day, slot) - timedelta(minutes=group.cutoff_minutes)


def next_release(park: Park, day: date, slot: int, now: datetime) -> datetime | None:
    """Return when the next share of the slot is released; None when there is none to come."""
    cutoffs = [cutoff_of(park, group, day, slot) for group in park.priority_groups if group.share_percent]
    return min((each for each in cutoffs if each > now), default=None)


def rank_of(park: Park, carrier: str) -> int:
    """Return the place of a carrier's priority group in line: 0 is first; after all groups come those without one."""
    firm = park.enterprise_by_id.get(carrier)
    order = {group.id: i for i, group in enumerate(park.priority_groups)}
    return order.get(firm.group or "", len(order)) if firm is not None else len(order)
