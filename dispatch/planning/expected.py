"""What bookings of earlier days let a day expect, as the solver's past requests: slots of a day, hours of lead.

Requests that were refused have left nothing behind, so where a park is always full its days expect too little.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model.day import Visit
from dispatch.model.park import Park
from dispatch.model.promises import Appointment
from dispatch.planning.capacity import dock_groups
from solver.slots.forecast import CERTAIN, PastRequests

WEEKS = 4  # of which the same weekday is looked at
DAYS_BEFORE = 7  # looked at where no such weekday was booked


def similar_days(day: date, today: date) -> tuple[date, ...]:
    """Return the days before today that have the day's weekday, the newest first."""
    weeks = range(1, WEEKS + 1 + (day - today).days // 7)
    return tuple(each for week in weeks if (each := day - timedelta(weeks=week)) < today)[:WEEKS]


def days_before(today: date) -> tuple[date, ...]:
    """Return the days before today, the newest first."""
    return tuple(today - timedelta(days=i) for i in range(1, DAYS_BEFORE + 1))


def hours_from(park: Park, day: date, moment: datetime) -> float:
    """Return hours from the midnight at which the day begins; negative before it."""
    return (moment - park.grid.moment_of(day, 0)) / timedelta(hours=1)


def booked_requests(park: Park, day: date, appointments: Iterable[Appointment]) -> PastRequests:
    """Return what the appointments of a day had asked for; those that do not say it, or whose docks the park no longer
    has, are left out.
    """
    index = _Index(park)
    rows = []
    for each in appointments:
        if each.wish is None or each.earliest is None or each.latest is None:
            continue
        asked = index.row(
            each.dock_group, each.carrier, each.slots + each.freed_slots, day, (each.wish, each.earliest, each.latest)
        )
        if asked is not None:
            rows.append((*asked, 1, hours_from(park, day, each.made_at)))
    return _requests(rows)


def waiting_requests(park: Park, day: date, visits: Iterable[Visit]) -> PastRequests:
    """Return visits of a day that wait for a plan: they will come for sure."""
    index = _Index(park)
    rows = []
    for each in visits:
        warehouse = park.warehouse_by_id.get(each.warehouse)
        group = warehouse.find_dock_group(each.dock_kind) if warehouse is not None else None
        slots = park.grid.slots_for(each.minutes)
        if group is None:
            continue
        asked = index.row(group.id, each.carrier, slots, day, (each.wish, each.earliest, each.latest))
        if asked is not None:
            rows.append((*asked, each.weight, CERTAIN))
    return _requests(rows)


def together(parts: Sequence[PastRequests]) -> PastRequests:
    """Return the requests of several days, at least one, as one."""
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in PastRequests.__slots__}
    return PastRequests(**columns)


class _Index:
    """The solver's numbers for a park's names."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._group = {group.id: i for i, (_, group) in enumerate(dock_groups(park))}
        self._carrier = {enterprise.id: i for i, enterprise in enumerate(park.enterprises)}

    def row(
        self, dock_group: str, carrier: str, slots: int, day: date, asked: tuple[datetime, datetime, datetime]
    ) -> tuple[int, int, int, int, int, int] | None:
        """Return dock group, carrier, duration, wish, first and last start; None where the park has no such docks."""
        group = self._group.get(dock_group)
        if group is None:
            return None
        wish, earliest, latest = (int(self._park.grid.slot_of(moment, day)) for moment in asked)
        last = min(latest, self._park.grid.horizon - slots)
        return group, self._carrier.get(carrier, -1), slots, wish, max(0, earliest), last


def _requests(rows: Sequence[tuple[int, int, int, int, int, int, int, float]]) -> PastRequests:
    group, carrier, duration, wish, first, last, weight, moment = zip(*rows, strict=True) if rows else ((),) * 8
    return PastRequests(
        dock_group=np.array(group, dtype=np.int64),
        duration=np.array(duration, dtype=np.int64),
        wish=np.array(wish, dtype=np.int64),
        first=np.array(first, dtype=np.int64),
        last=np.array(last, dtype=np.int64),
        weight=np.array(weight, dtype=np.int64),
        carrier=np.array(carrier, dtype=np.int64),
        moment=np.array(moment, dtype=np.float64),
    )
