"""The park's key figures of some days, per hour, warehouse or carrier: what was promised, and what came of it. Pure.

On time: at the gate within the house's tolerance of the slot, lateness by the park's own delay excused. Displacement:
between the slot and the wish. Utilisation: dock slots held, of those that were open. A share of nothing is None.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain

import numpy as np

from dispatch.model.closures import Closure, as_it_was
from dispatch.model.life import dock_times, starts_at
from dispatch.model.park import Park
from dispatch.model.promises import HOLDING, Appointment, AppointmentState, Match, MatchState
from dispatch.planning.capacity import dock_groups, open_capacity, whole_capacity
from solver.reading import IntArray

ACCEPTED = frozenset({MatchState.ACCEPTED, MatchState.FINISHED, MatchState.HANDED_BACK})
REFUSED = frozenset({MatchState.DECLINED, MatchState.EXPIRED})
DRIVEN = frozenset({MatchState.ACCEPTED, MatchState.FINISHED})
WHOLE = "all"


class GroupBy(StrEnum):
    """What figures are told for each of."""

    HOUR = "hour"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True)
class Kpi:
    """The figures of one group. `turn_minutes` are from the gate's queue, or the gate, until out again."""

    group: str
    visits: int
    completed: int
    no_shows: int
    no_show_share: float | None
    on_time_share: float | None
    turn_minutes_mean: float | None
    turn_minutes_p90: float | None
    displacement_minutes_mean: float | None
    dock_slots_held: int
    dock_slots_closed: int
    utilisation: float | None
    empty_km: int
    loaded_km: int
    empty_share: float | None
    offers_accepted: int
    offers_refused: int
    acceptance_share: float | None


@dataclass(slots=True)
class _Tally:
    visits: int = 0
    completed: int = 0
    no_shows: int = 0
    came: int = 0
    on_time: int = 0
    turns: list[float] = field(default_factory=list)
    displacements: list[float] = field(default_factory=list)
    held: int = 0
    empty_km: int = 0
    loaded_km: int = 0
    accepted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Happened:
    """What some days are measured by; `ends` are the places each load is moved between."""

    days: tuple[date, ...]
    appointments: Sequence[Appointment]
    matches: Sequence[Match]
    ends: Mapping[str, tuple[str, str]]
    closures: Sequence[Closure] = ()


@dataclass(frozen=True, slots=True)
class _Docks:
    """Dock slots that work, and how many of them closures took."""

    work: int = 0
    closed: int = 0

    def __add__(self, other: "_Docks") -> "_Docks":
        return _Docks(self.work + other.work, self.closed + other.closed)


def measured(park: Park, happened: Happened, by: GroupBy) -> list[Kpi]:
    """Return the figures of every group something happened in, by name, and of all together last."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for appointment in happened.appointments:
        for group in (_group_of(park, appointment, by), WHOLE):
            _note_visit(park, tallies[group], appointment)
        for group in _groups_held(park, appointment, by):
            tallies[group].held += 1
    for match in happened.matches:
        for group in chain(_groups_of_match(park, match, happened, by), (WHOLE,)):
            _note_match(tallies[group], match)
    whole = tallies.pop(WHOLE, _Tally())
    docks = _docks_of(park, happened, by)
    groups = [(group, tallies[group]) for group in sorted(tallies)]
    return [_kpi(group, tally, docks.get(group, _Docks())) for group, tally in [*groups, (WHOLE, whole)]]


def _note_visit(park: Park, tally: _Tally, appointment: Appointment) -> None:
    came_at = appointment.arrived_at or appointment.checked_in_at
    if appointment.state is AppointmentState.NO_SHOW:
        tally.no_shows += 1
    if appointment.state in HOLDING and appointment.state is not AppointmentState.REQUESTED:
        tally.visits += 1
        if appointment.wish is not None:
            tally.displacements.append(abs(_minutes(starts_at(park, appointment) - appointment.wish)))
    if appointment.state is AppointmentState.COMPLETED:
        tally.completed += 1
    if came_at is not None and appointment.checked_in_at is not None:
        tally.came += 1
        tally.on_time += _is_on_time(park, appointment, came_at)
        if appointment.left_at is not None:
            tally.turns.append(_minutes(appointment.left_at - came_at))


def _is_on_time(park: Park, appointment: Appointment, came_at: datetime) -> bool:
    late = _minutes(came_at - starts_at(park, appointment))
    return -park.rules.early_grace_minutes <= late <= park.rules.late_grace_minutes + appointment.excused_minutes


def _note_match(tally: _Tally, match: Match) -> None:
    tally.accepted += match.state in ACCEPTED
    tally.refused += match.state in REFUSED
    if match.state in DRIVEN:
        tally.empty_km += match.empty_km
        tally.loaded_km += match.loaded_km


def _group_of(park: Park, appointment: Appointment, by: GroupBy) -> str:
    match by:
        case GroupBy.HOUR:
            return _hour(park, appointment.slot)
        case GroupBy.WAREHOUSE:
            return appointment.warehouse
        case GroupBy.CARRIER:
            return appointment.carrier


def _groups_held(park: Park, appointment: Appointment, by: GroupBy) -> Iterator[str]:
    """Yield for each dock slot that is held its group, and that of all."""
    if appointment.state not in HOLDING:
        return
    for place in dock_times(appointment):
        for slot in range(place.slot, place.slot + place.slots):
            yield WHOLE
            match by:
                case GroupBy.HOUR:
                    yield _hour(park, slot)
                case GroupBy.WAREHOUSE:
                    yield place.warehouse
                case GroupBy.CARRIER:
                    yield appointment.carrier


def _groups_of_match(park: Park, match: Match, happened: Happened, by: GroupBy) -> Iterable[str]:
    first = match.loads[0]
    match by:
        case GroupBy.HOUR:
            return (f"{first.starts_at.astimezone(park.grid.zone):%H}:00",)
        case GroupBy.WAREHOUSE:
            return tuple(dict.fromkeys(end for end in happened.ends.get(first.load, ()) if end in park.warehouse_by_id))
        case GroupBy.CARRIER:
            return (match.carrier,) if match.carrier else ()


def _docks_of(park: Park, happened: Happened, by: GroupBy) -> dict[str, _Docks]:
    """Return the dock slots of the days, by group and of all; a carrier has none of its own."""
    work = whole_capacity(park).docks
    closed = sum((_closed(park, work, happened, day) for day in happened.days), np.zeros_like(work))
    both = np.stack([len(happened.days) * work, closed])
    docks: dict[str, _Docks] = defaultdict(_Docks, {WHOLE: _Docks(*both.sum(axis=(1, 2)).tolist())})
    if by is GroupBy.HOUR:
        for slot, column in enumerate(both.sum(axis=1).T.tolist()):
            docks[_hour(park, slot)] += _Docks(*column)
    elif by is GroupBy.WAREHOUSE:
        for (warehouse, _), row in zip(dock_groups(park), both.sum(axis=2).T.tolist(), strict=True):
            docks[warehouse.id] += _Docks(*row)
    return docks


def _closed(park: Park, work: IntArray, happened: Happened, day: date) -> IntArray:
    """Return the docks (G, T) that closures took of a day: those closed, and all while every gate was; but none that
    was held nonetheless.
    """
    closures = [as_it_was(park, each) for each in happened.closures]
    if not any(block.day == day for each in closures for block in each.blocks):
        return np.zeros_like(work)
    left = open_capacity(park, day, closures)
    shut = (left.gates.sum(axis=0) == 0) & (whole_capacity(park).gates.sum(axis=0) > 0)
    usable = np.where(shut, 0, left.docks)
    return work - np.maximum(usable, np.minimum(_held(park, happened, day), work))


def _held(park: Park, happened: Happened, day: date) -> IntArray:
    """Return the docks held on a day, (G, T)."""
    rows = {group.id: row for row, (_, group) in enumerate(dock_groups(park))}
    held = np.zeros((len(rows), park.grid.horizon), dtype=np.int64)
    for each in happened.appointments:
        if each.day == day and each.state in HOLDING:
            for place in dock_times(each):
                if place.dock_group in rows:
                    held[rows[place.dock_group], place.slot : place.slot + place.slots] += 1
    return held


def _kpi(group: str, tally: _Tally, docks: _Docks) -> Kpi:
    return Kpi(
        group=group,
        visits=tally.visits,
        completed=tally.completed,
        no_shows=tally.no_shows,
        no_show_share=_share(tally.no_shows, tally.no_shows + tally.came),
        on_time_share=_share(tally.on_time, tally.came),
        turn_minutes_mean=_mean(tally.turns),
        turn_minutes_p90=_p90(tally.turns),
        displacement_minutes_mean=_mean(tally.displacements),
        dock_slots_held=tally.held,
        dock_slots_closed=docks.closed,
        utilisation=_share(tally.held, docks.work - docks.closed),
        empty_km=tally.empty_km,
        loaded_km=tally.loaded_km,
        empty_share=_share(tally.empty_km, tally.empty_km + tally.loaded_km),
        offers_accepted=tally.accepted,
        offers_refused=tally.refused,
        acceptance_share=_share(tally.accepted, tally.accepted + tally.refused),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _p90(values: Sequence[float]) -> float | None:
    """Return the smallest value that nine in ten do not pass."""
    return sorted(values)[-(-9 * len(values) // 10) - 1] if values else None


def _hour(park: Park, slot: int) -> str:
    return f"{slot * park.grid.slot_minutes // 60 % 24:02d}:00"


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
