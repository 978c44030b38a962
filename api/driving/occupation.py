"""Whether anybody was oversold, from outside: the occupation of everything, built from appointments as the API shows
them, against what the park has. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from dispatch.model.park import Park

Document = Mapping[str, Any]
HOLDING = frozenset({"requested", "confirmed", "checked_in", "at_dock", "completed"})


@dataclass(frozen=True, slots=True)
class Shut:
    """Docks or lanes that are closed in some slots of a day: `left` is what works meanwhile. `since` it was closed."""

    resource: str  # "dock" or "gate"
    name: str
    day: date
    slots: range
    left: int
    since: datetime


def dock_slots(appointment: Document) -> range:
    """Return the slots in which it is at its first dock."""
    return range(appointment["slot"], appointment["slot"] + appointment["slots"])


def oversold(
    park: Park,
    appointments: Iterable[Document],
    shut: Sequence[Shut] = (),
    placed_at: Mapping[str, datetime] | None = None,
) -> list[str]:
    """Return in words what holds more than there is of it: docks, gates, carriers in a slot and on a day, trucks in two
    places. What is closed may hold more as long as all of them were there before.
    """
    held = [each for each in appointments if each["state"] in HOLDING]
    return [
        *_over_full(park, held, shut, placed_at or {}),
        *_carriers_over(park, held),
        *_trucks_twice(park, held),
    ]


def _over_full(
    park: Park, held: Sequence[Document], shut: Sequence[Shut], placed_at: Mapping[str, datetime]
) -> Iterator[str]:
    """Yield dock groups and gates that hold more than they have."""
    capacity = _capacities(park)
    holders: defaultdict[tuple[str, str, str, int], list[str]] = defaultdict(list)
    for each in held:
        for place in _places(each):
            for taken in _taken(place):
                holders[taken].append(each["id"])
    for (resource, name, day, slot), ids in sorted(holders.items()):
        has = capacity[resource, name, slot]
        if len(ids) > has:
            yield f"{resource} {name} holds {len(ids)} of {has} in slot {slot} of {day}"
        for closing in _closing(shut, resource, name, day, slot):
            late = [each for each in ids if each in placed_at and placed_at[each] > closing.since]
            if len(ids) > closing.left and late:
                holds = f"holds {len(ids)} of {closing.left} left in slot {slot} of {day}"
                yield f"{resource} {name} {holds}, and {late[0]} came when it was closed"


def _places(appointment: Document) -> Iterator[Document]:
    """Yield the places an appointment holds: its own, and the one it is offered beside it."""
    yield appointment
    if appointment["offer"] is not None:
        names = ("dock_group", "slots")
        yield {**{name: appointment[name] for name in names}, **appointment["offer"]}


def _taken(place: Document) -> Iterator[tuple[str, str, str, int]]:
    yield "gate", place["gate"], place["day"], place["slot"]
    for stop in (place, *place["stops"]):
        for slot in dock_slots(stop):
            yield "dock", stop["dock_group"], place["day"], slot


def _capacities(park: Park) -> dict[tuple[str, str, int], int]:
    """Return how many docks of each group and entries of each gate there are in each slot of a day."""
    minutes = park.grid.slot_minutes
    found = {
        ("gate", gate.id, slot): gate.entries_at(slot * minutes, minutes)
        for gate in park.gates
        for slot in range(park.grid.horizon)
    }
    for warehouse in park.warehouses:
        for group in warehouse.dock_groups:
            for slot in range(park.grid.horizon):
                found["dock", group.id, slot] = park.docks_at(warehouse, group, slot)
    return found


def _closing(shut: Sequence[Shut], resource: str, name: str, day: str, slot: int) -> Iterator[Shut]:
    for each in shut:
        if (each.resource, each.name, each.day.isoformat()) == (resource, name, day) and slot in each.slots:
            yield each


def _carriers_over(park: Park, held: Sequence[Document]) -> Iterator[str]:
    """Yield carriers that have more entries in a slot, or on a day, than their quotas."""
    in_slot = Counter((each["carrier"], each["day"], each["slot"]) for each in held)
    on_day = Counter((each["carrier"], each["day"]) for each in held)
    for (carrier, day, slot), count in sorted(in_slot.items()):
        quota = park.enterprise_by_id[carrier].quota
        if quota is not None and count > quota:
            yield f"carrier {carrier} has {count} of {quota} entries in slot {slot} of {day}"
    for (carrier, day), count in sorted(on_day.items()):
        daily = park.enterprise_by_id[carrier].daily_quota
        if daily is not None and count > daily:
            yield f"carrier {carrier} has {count} of {daily} entries on {day}"


def _trucks_twice(park: Park, held: Sequence[Document]) -> Iterator[str]:
    """Yield trucks that are in two places at once, the time to get from one to the other included."""
    of_truck: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
    for each in held:
        of_truck[each["plate"], each["day"]].append(each)
    for (plate, day), visits in sorted(of_truck.items()):
        spans = sorted((each["slot"], _end(each) + park.rules.turn_slots, each["id"]) for each in visits)
        for (_, end, one), (begin, _, other) in pairwise(spans):
            if begin < end:
                yield f"truck {plate} is in two places on {day}: {one}, {other}"


def _end(appointment: Document) -> int:
    """Return the slot after the last in which it holds a dock; what was done early holds what it used."""
    ends = (stop["slot"] + stop["slots"] for stop in (appointment, *appointment["stops"]) if stop["slots"])
    return int(max(ends, default=appointment["slot"]))
