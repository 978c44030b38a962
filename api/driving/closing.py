"""The operator closes what is most booked: docks of a group, lanes of a gate, a warehouse for a drill."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from api.driving.callers import AUDITOR, OPERATOR
from api.driving.drive import Document, Drive
from api.driving.occupation import HOLDING, Shut, dock_slots
from dispatch.model.closures import ClosureKind
from dispatch.model.park import Park

LOOK_SECONDS = 0.05
DOCKS_AT, LANES_AT, WAREHOUSE_AT = 6 * 60 + 30, 10 * 60, 12 * 60  # minutes of the day
DOCK_HOURS, LANE_HOURS = (9, 17), (12, 18)  # within which it is closed
WAREHOUSE_HOURS = (16, 18)
SPAN_SLOTS = 6
REASONS = {
    ClosureKind.DOCK_GROUP: "a leveller is broken",
    ClosureKind.GATE: "roadworks before the lane",
    ClosureKind.WAREHOUSE: "fire drill",
}


@dataclass(slots=True)
class Closed:
    """A closure that was made, how many were booked where it closes, and what became of them."""

    id: str
    kind: ClosureKind
    target: str
    closed: int | None
    begins: datetime
    ends: datetime
    made_at: datetime
    booked: int
    moved: int = 0
    waitlisted: int = 0
    cancelled: int = 0
    left: int = 0
    opened_again_at: datetime | None = None

    def document(self) -> Document:
        """Return it as a plain document."""
        return asdict(self)


def begin(drive: Drive, closures: list[Closed]) -> None:
    """Put down when is closed what."""
    for minute, close in ((DOCKS_AT, _close_docks), (LANES_AT, _close_lanes), (WAREHOUSE_AT, _close_warehouse)):
        drive.agenda.at(drive.park.grid.moment_of(drive.script.day.date, minute), close, drive, closures)


async def _close_docks(drive: Drive, closures: list[Closed]) -> None:
    """Close docks of the group that is most booked, so that half of those booked at once find none."""
    used, slot = _busiest(drive, DOCK_HOURS, await _held(drive), "dock_group")
    if used:
        group, most = max(used.items(), key=lambda each: each[1])
        docks = _docks_of(drive.park, group)
        await _close(drive, closures, ClosureKind.DOCK_GROUP, group, max(1, docks - most // 2), slot)


async def _close_lanes(drive: Drive, closures: list[Closed]) -> None:
    """Close as few lanes of the busiest gate as leave fewer entries than are booked."""
    used, slot = _busiest(drive, LANE_HOURS, await _held(drive), "gate")
    if used:
        name, most = max(used.items(), key=lambda each: each[1])
        lanes = range(1, drive.park.gate_by_id[name].entry_lanes + 1)
        few = next(closed for closed in lanes if _entries_without(drive.park, name, closed, slot) < most)
        await _close(drive, closures, ClosureKind.GATE, name, few, slot)


async def _close_warehouse(drive: Drive, closures: list[Closed]) -> None:
    """Close a warehouse for a drill that is called off half an hour later."""
    used, _ = _busiest(drive, WAREHOUSE_HOURS, await _held(drive), "warehouse")
    if used:
        name = max(used.items(), key=lambda each: each[1])[0]
        slot = WAREHOUSE_HOURS[0] * 60 // drive.park.grid.slot_minutes
        made = await _close(drive, closures, ClosureKind.WAREHOUSE, name, None, slot)
        if made is not None:
            drive.agenda.at(drive.clock() + timedelta(minutes=30), _open_again, drive, made)


async def _held(drive: Drive) -> list[Document]:
    """Return the appointments of the day that hold their places, as the auditor reads them."""
    day = drive.script.day.date.isoformat()
    found = await drive.callers.every(AUDITOR, "list_appointments", "/v1/appointments", day=day)
    return [each for each in found if each["state"] in HOLDING]


def _busiest(drive: Drive, hours: tuple[int, int], held: list[Document], what: str) -> tuple[Counter[str], int]:
    """Return how many begin or are at each dock group, gate or warehouse in the slot of these hours in which one of
    them is used most; and the slot.
    """
    slots: dict[int, Counter[str]] = {}
    first, last = (hour * 60 // drive.park.grid.slot_minutes for hour in hours)
    for appointment in held:
        for slot in dock_slots(appointment) if what != "gate" else (appointment["slot"],):
            if first <= slot < last:
                slots.setdefault(slot, Counter())[appointment[what]] += 1
    if not slots:
        return Counter(), first
    slot = max(sorted(slots), key=lambda each: max(slots[each].values()))
    return slots[slot], slot


async def _close(
    drive: Drive, closures: list[Closed], kind: ClosureKind, target: str, closed: int | None, slot: int
) -> Closed | None:
    """Close it from the slot before on; return the closure once who was booked has been planned again."""
    grid, day = drive.park.grid, drive.script.day.date
    begins, ends = grid.start_of(day, slot - 1), grid.start_of(day, slot - 1 + SPAN_SLOTS)
    of = {ClosureKind.DOCK_GROUP: "dock_group", ClosureKind.GATE: "gate", ClosureKind.WAREHOUSE: "warehouse"}[kind]
    booked = [
        each
        for each in await _held(drive)
        if each[of] == target and any(slot - 1 <= at < slot - 1 + SPAN_SLOTS for at in dock_slots(each))
    ]
    body = {"kind": kind, "target": target, "closed": closed, "reason": REASONS[kind]}
    body |= {"begins": begins.isoformat(), "ends": ends.isoformat()}
    answer = await drive.callers.post(OPERATOR, "make_closure", "/v1/closures", body, creates=True)
    if not answer.is_good:
        return None
    made = Closed(answer.document["id"], kind, target, closed, begins, ends, drive.clock(), len(booked))
    closures.append(made)
    result = await _replanned(drive, made.id)
    for name in ("moved", "waitlisted", "cancelled", "left"):
        setattr(made, name, result[name])
    return made


async def _replanned(drive: Drive, closure_id: str) -> dict[str, Any]:
    """Return what became of who was booked, once that is known; the clock stands meanwhile."""
    while True:
        answer = await drive.callers.get(OPERATOR, "get_closure", f"/v1/closures/{closure_id}")
        result: dict[str, Any] | None = answer.document["result"]
        if result is not None:
            return result
        if answer.document["replanning"] == "failed":
            drive.callers.ledger.note_fault(f"closure {closure_id} was not planned again")
            return dict.fromkeys(("moved", "waitlisted", "cancelled", "left"), 0)
        await asyncio.sleep(LOOK_SECONDS)


async def _open_again(drive: Drive, closed: Closed) -> None:
    answer = await drive.callers.post(OPERATOR, "cancel_closure", f"/v1/closures/{closed.id}/cancel")
    if answer.is_good:
        closed.opened_again_at = drive.clock()


def shut_by(park: Park, closures: list[Closed]) -> list[Shut]:
    """Return what closures that were not opened again leave of docks and lanes, slot by slot."""
    found = []
    for each in closures:
        if each.opened_again_at is not None or each.closed is None:
            continue
        day = park.grid.day_of(each.begins)
        slots = range(park.grid.slot_of(each.begins, day), park.grid.slot_of(each.ends, day))
        if each.kind is ClosureKind.GATE:
            left = _entries_without(park, each.target, each.closed, slots.start)
            found.append(Shut("gate", each.target, day, slots, left, each.made_at))
        else:
            left = _docks_of(park, each.target) - each.closed
            found.append(Shut("dock", each.target, day, slots, left, each.made_at))
    return found


def _entries_without(park: Park, gate: str, lanes: int, slot: int) -> int:
    """Return how many trucks a gate admits in a slot when so many of its entry lanes are closed."""
    whole, minutes = park.gate_by_id[gate], park.grid.slot_minutes
    return replace(whole, entry_lanes=whole.entry_lanes - lanes).entries_at(slot * minutes, minutes)


def _docks_of(park: Park, group: str) -> int:
    return next(each.docks for house in park.warehouses for each in house.dock_groups if each.id == group)
