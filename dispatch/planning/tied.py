"""Loads tied to the visits they are: a load that begins or ends at a warehouse of the park is a visit there.

A slot is when the truck is at the gate; from there it drives to its dock, is handled, and drives back. Slots are
numbers of the day's grid.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dispatch.model.day import MOST_WEIGHT, Load, Truck, Visit
from dispatch.model.park import Park
from dispatch.planning.slots import Placement
from dispatch.roads.table import TravelTable

Span = tuple[int, int]  # the first and the last slot in which a visit may start


@dataclass(frozen=True)
class Ties:
    """The visits of a day by id, and what ties loads and trucks to them."""

    park: Park
    day: date
    travel: TravelTable
    visits: Mapping[str, Visit]

    def visit_of(self, load: Load) -> Visit | None:
        """Return the visit that the load is, the one of its loading if it has two; None when no such visit is asked."""
        return self.visits.get(load.pickup_visit or load.delivery_visit or "")

    def span(self, visit: Visit) -> Span:
        """Return the slots that hold the ends of the visit's window."""
        grid = self.park.grid
        first, last = (grid.slot_of(moment, self.day) for moment in (visit.earliest, visit.latest))
        return max(0, first), min(grid.horizon - 1, last)

    def wish_slot(self, visit: Visit) -> int:
        """Return the slot in which the visit wishes to start."""
        return self.park.grid.slot_of(visit.wish, self.day)

    def minutes_before(self, load: Load) -> int:
        """Return the minutes from the begin of loading until the truck is at the gate for the load's visit."""
        if load.pickup_visit is not None:
            return 0
        return load.load_minutes + self.inside_minutes(load.origin) + self._drive_minutes(load)

    def load_span(self, load: Load, visit: Visit) -> Span:
        """Return the slots in which a load's visit may start by the windows of both; the first is above the last when
        there are none.
        """
        grid, before = self.park.grid, timedelta(minutes=self.minutes_before(load))
        first, last = (grid.slot_of(moment + before, self.day) for moment in (load.earliest, load.latest))
        own = self.span(visit)
        return max(first, own[0]), min(last, own[1])

    def wanting(self, visit: Visit, slot: int, weight: int) -> Visit:
        """Return a visit that wishes for a slot, and weighs so many times more."""
        return replace(
            visit, wish=self.park.grid.start_of(self.day, slot), weight=min(MOST_WEIGHT, visit.weight * weight)
        )

    def tied(self, load: Load, spans: Mapping[str, Span]) -> Load:
        """Return a load whose visit starts in its span of slots; unchanged where it has none.

        Its window is what brings its truck to the gate within the slots; who is there within a slot of the load's
        window is in time. Where the load cannot have these slots, it is tied to its windows alone. What it takes inside
        the park besides handling is added to its minutes there.
        """
        visit = self.visit_of(load)
        if visit is None:
            return load
        own = self.load_span(load, visit)
        if own[0] > own[1]:
            return load
        span = spans[visit.id]
        first, last = max(own[0], span[0]), min(own[1], span[1])
        if first > last:
            first, last = own
        grid, before = self.park.grid, timedelta(minutes=self.minutes_before(load))
        inside = [self.inside_minutes(place) for place in (load.origin, load.destination)]
        service = timedelta(minutes=load.load_minutes + self._drive_minutes(load) + load.unload_minutes)
        longer = service + timedelta(minutes=sum(inside))
        latest = grid.start_of(self.day, last) + timedelta(minutes=grid.slot_minutes - 1) - before
        due = load.due + timedelta(minutes=inside[1])
        return replace(
            load,
            earliest=grid.start_of(self.day, first) - before,
            latest=latest,
            due=due if load.latest + service > load.due else max(due, latest + longer),
            load_minutes=load.load_minutes + inside[0],
            unload_minutes=load.unload_minutes + inside[1],
        )

    def in_slots(self, loads: Iterable[Load], slots: Mapping[str, int]) -> list[Load]:
        """Return loads whose visits start in the slots given."""
        spans = {name: (slot, slot) for name, slot in slots.items()}
        return [self.tied(load, spans) for load in loads]

    def inside_minutes(self, place: str) -> int:
        """Return the minutes between gate and dock, there and back; 0 outside the park."""
        warehouse = self.park.warehouse_by_id.get(place)
        return 0 if warehouse is None else 2 * self.park.zone_by_id[warehouse.zone].drive_minutes

    def own_visits(self) -> list[Visit]:
        """Return the visits that are no end of a load."""
        return [visit for visit in self.visits.values() if visit.load is None]

    def end(self, visit: Visit, slot: int) -> datetime:
        """Return when a visit that starts in a slot is over."""
        minutes = visit.minutes + self.inside_minutes(visit.warehouse)
        return self.park.grid.start_of(self.day, slot) + timedelta(minutes=minutes)

    def free_after_own(self, trucks: Iterable[Truck], slots: Mapping[str, int]) -> list[Truck]:
        """Return the trucks, those that are free at a warehouse not before their own visits there end."""
        ends: dict[tuple[str, str], datetime] = {}
        for visit in self.own_visits():
            end, at = self.end(visit, slots[visit.id]), (visit.plate, visit.warehouse)
            ends[at] = max(ends.get(at, end), end)
        return [_free_from(truck, ends.get((truck.plate, truck.free_at))) for truck in trucks]

    def slots(self, placements: Sequence[Placement]) -> dict[str, int]:
        """Return the slot of every visit, that of its wish where it has none."""
        given = {each.visit.id: each.slot for each in placements}
        return {name: given.get(name, self.wish_slot(visit)) for name, visit in self.visits.items()}

    def _drive_minutes(self, load: Load) -> int:
        index = self.travel.index
        return int(self.travel.minutes[index[load.origin], index[load.destination]])


def _free_from(truck: Truck, moment: datetime | None) -> Truck:
    """Return the truck free not before a moment; where its shift has ended by then, free when it ends."""
    if moment is None or moment <= truck.free_from:
        return truck
    return replace(truck, free_from=min(moment, truck.home_by))
