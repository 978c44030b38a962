"""What a carrier's start takes besides docks and gates: its quotas, and an entry of a pool of the slot. Pure.

Requests look at these for open starts, and bookings take them in their commit; both from here.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from dispatch.model.park import OPEN_POOL, Enterprise, Park
from dispatch.model.refusals import DailyQuotaFull, EntriesHeld, PeakQuotaFull, QuotaFull, Refusal
from dispatch.model.shares import pool_limit, released_slots
from dispatch.store.keys import Keys, slot_field

UNLIMITED = 10**9  # what has no limit is counted all the same


class Quota(NamedTuple):
    """A counter per slot, or one for the whole day (`field`), with its limit for a start in each slot of the day.

    It counts starts in `slots` alone, where they are given.
    """

    key: str
    field: str | None
    limits: Sequence[int]
    full: type[Refusal]
    resource: str
    slots: frozenset[int] | None = None

    @property
    def has_limit(self) -> bool:
        """Answer whether it can refuse any slot."""
        return min(self.limits) < UNLIMITED

    def counts(self, slot: int) -> bool:
        """Answer whether a start in the slot takes of it."""
        return self.slots is None or slot in self.slots

    def field_of(self, slot: int) -> str:
        """Return the counter's field for a start in the slot."""
        return slot_field(slot) if self.field is None else self.field

    def left(self, taken: Mapping[str, int], slot: int) -> int:
        """Return how many more starts it admits in the slot."""
        return self.limits[slot] - taken.get(self.field_of(slot), 0)

    def told(self, park: Park, slot: int) -> str:
        """Return what is full when it is, in words."""
        return f"{self.resource} {park.slot_text(slot)}" if self.field is None else self.resource


def quotas_of(park: Park, keys: Keys, carrier_id: str, day: date, peak_entries: int | None = None) -> tuple[Quota, ...]:
    """Return the carrier's quotas on a day: per slot, per day, and of peak slots, `peak_entries` as it has earned."""
    carrier = park.enterprise_by_id.get(carrier_id)
    per_slot, per_day = (carrier.quota, carrier.daily_quota) if carrier is not None else (None, None)
    horizon, name, date_text = park.grid.horizon, f"carrier {carrier_id}", day.isoformat()
    quotas = (
        Quota(keys.carrier(carrier_id, day), None, _everywhere(per_slot, horizon), QuotaFull, name),
        Quota(keys.carrier_days(day), carrier_id, _everywhere(per_day, horizon), DailyQuotaFull, f"{name} {date_text}"),
    )
    if not park.peak_slots:
        return quotas
    in_peak = _in_slots(peak_entries, park.peak_slots, horizon)
    peaks = f"{name} peak hours of {date_text}"
    return (*quotas, Quota(keys.carrier_peaks(day), carrier_id, in_peak, PeakQuotaFull, peaks, park.peak_slots))


def limits_of(park: Park, keys: Keys, carrier: Enterprise, day: date, peak_entries: int | None) -> list[Quota]:
    """Return those of a carrier's quotas on a day that can refuse any slot."""
    if carrier.quota is None and carrier.daily_quota is None and peak_entries is None:
        return []
    return [quota for quota in quotas_of(park, keys, carrier.id, day, peak_entries) if quota.has_limit]


def pool_of(park: Park, keys: Keys, pool: str, day: date, at: datetime) -> Quota:
    """Return a pool of the day's entries as large as it is at a moment."""
    last = released_slots(park, day, at)
    limits = [pool_limit(park, pool, entries, last, slot) for slot, entries in enumerate(park.entries)]
    name = "entries open to all" if pool == OPEN_POOL else f"entries of priority group {pool}"
    return Quota(keys.pool(pool, day), None, limits, EntriesHeld, name)


@lru_cache(maxsize=1000)
def _everywhere(limit: int | None, horizon: int) -> tuple[int, ...]:
    return (UNLIMITED if limit is None else limit,) * horizon


@lru_cache(maxsize=1000)
def _in_slots(limit: int | None, slots: frozenset[int], horizon: int) -> tuple[int, ...]:
    return tuple(limit if limit is not None and slot in slots else UNLIMITED for slot in range(horizon))
