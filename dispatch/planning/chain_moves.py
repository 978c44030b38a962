"""Chained visits of a booked day that cannot stay as they are: each moved whole, its order and its drives kept. Pure.

A chain takes one entry, and docks one after the other. The slot solver knows no such thing, so it is given the chains
as they stand: each is put where it costs least, who first asked first, at the prices the solver has: what its begins
are displaced by, once the price of moving, and that price again for every full dock or entry that somebody else, who
can be moved, then leaves to it. The solver moves these.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dispatch.model.life import dock_times, end_slot
from dispatch.model.park import Park
from dispatch.model.promises import Appointment, Stop
from dispatch.roads.estimate import drive_slots
from solver.reading import IntArray


@dataclass(frozen=True)
class Room:
    """What is left on a day for chains: `docks` (G, T), `gates` (T,) entries, beside those who cannot be moved; and
    less those who can (`free_docks`, `free_gates`). `groups` are the rows of the docks. Placing a chain takes its part.
    """

    groups: Mapping[str, int]
    docks: IntArray
    gates: IntArray
    free_docks: IntArray
    free_gates: IntArray

    def take(self, chain: Appointment) -> None:
        """Take what the chain holds, of all that is left."""
        for docks, gates in ((self.docks, self.gates), (self.free_docks, self.free_gates)):
            gates[chain.slot] -= 1
            for place in dock_times(chain):
                docks[self.groups[place.dock_group], place.slot : place.slot + place.slots] -= 1


def place_chains(
    park: Park, room: Room, chains: Sequence[Appointment], others: Sequence[Appointment], first: Mapping[str, int]
) -> dict[str, Appointment | None]:
    """Return each chain at its place on the day, None where the day has none for it whole.

    `chains` are counted in no `room`; `others` hold their places; `first` is the slot from which each may begin.
    """
    placed: dict[str, Appointment | None] = {}
    standing = list(others)
    for chain in sorted(chains, key=lambda each: (each.made_at, each.id)):
        mine = [each for each in standing if each.plate == chain.plate]
        full = _full_slots(park, chain, standing)
        slots = dict.fromkeys([chain.slot, *range(first[chain.id], park.grid.horizon - chain.slots + 1)])
        found = [new for slot in slots if slot not in full and (new := _at(park, room, chain, slot)) is not None]
        free = [new for new in found if _is_free(park, new, mine)]
        best = min(free, key=lambda new: (_price(park, room, chain, new), new.slot), default=None)
        placed[chain.id] = best
        if best is not None:
            room.take(best)
            standing.append(best)
    return placed


def _at(park: Park, room: Room, chain: Appointment, slot: int) -> Appointment | None:
    """Return the chain begun in the slot; each later stop stays where it is, or else begins as early as it can."""
    known = all(place.dock_group in room.groups for place in dock_times(chain))
    if not known or room.gates[slot] <= 0 or not _has_dock(room, chain.dock_group, slot, chain.slots):
        return None
    for keep in (True, False):
        stops = _follow(park, room, chain, slot, keep=keep)
        if stops is not None:
            return replace(chain, slot=slot, stops=stops)
    return None


def _follow(park: Park, room: Room, chain: Appointment, slot: int, *, keep: bool) -> tuple[Stop, ...] | None:
    patience, at = park.rules.chain_wait_minutes // park.grid.slot_minutes, slot + chain.slots
    stops: list[Stop] = []
    for (here, stop), drive in zip(pairwise(dock_times(chain)), _drives(park, chain), strict=True):
        earliest = at + drive
        begins = range(earliest, min(earliest + patience, park.grid.horizon - stop.slots) + 1)
        tried = [stop.slot, *begins] if keep and stop.slot in begins else list(begins)
        begin = next((t for t in tried if _has_dock(room, stop.dock_group, t, stop.slots)), None)
        if begin is None:
            return None
        assert isinstance(stop, Stop), here
        stops.append(replace(stop, slot=begin))
        patience, at = patience - (begin - earliest), begin + stop.slots
    return tuple(stops)


def _drives(park: Park, chain: Appointment) -> Iterator[int]:
    for here, there in pairwise(dock_times(chain)):
        yield drive_slots(park, park.warehouse_by_id[here.warehouse], park.warehouse_by_id[there.warehouse])


def _has_dock(room: Room, group: str, slot: int, slots: int) -> bool:
    return bool((room.docks[room.groups[group], slot : slot + slots] > 0).all())


def _price(park: Park, room: Room, old: Appointment, new: Appointment) -> int:
    """Return what the place costs in the solver's units."""
    house = park.rules
    shifts = [there.slot - here.slot for here, there in zip(dock_times(old), dock_times(new), strict=True)]
    moved = sum(house.late_cost * by if by > 0 else house.early_cost * -by for by in shifts)
    free = (
        room.free_docks[room.groups[each.dock_group], each.slot : each.slot + each.slots] for each in dock_times(new)
    )
    others = sum(bool((docks <= 0).any()) for docks in free) + int(room.free_gates[new.slot] <= 0)
    return (
        moved + house.replan_move_cost * (int(any(shifts)) + others) + min(house.early_cost, house.late_cost) * others
    )


def _is_free(park: Park, chain: Appointment, others: Sequence[Appointment]) -> bool:
    """Answer whether its truck is at none of the others meanwhile, and has the time to turn before and after."""
    turn = park.rules.turn_slots
    return all(end_slot(each) + turn <= chain.slot or end_slot(chain) + turn <= each.slot for each in others)


def _full_slots(park: Park, chain: Appointment, others: Sequence[Appointment]) -> set[int]:
    """Return the slots in which its carrier has used up its quota."""
    quota = next((firm.quota for firm in park.enterprises if firm.id == chain.carrier), None)
    starts = Counter(each.slot for each in others if each.carrier == chain.carrier)
    return set() if quota is None else {slot for slot, count in starts.items() if count >= quota}
