"""The bid prices of the days that can be booked, in the memory of the process that answers requests.

Prices only steer: when they are absent or stale a request is answered by F1 alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from solver.slots.online import BidPrices

STALE_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DayPrices:
    """The prices of one day; the rows of dock groups and carriers are found by their ids."""

    prices: BidPrices
    dock_groups: Mapping[str, int]
    carriers: Mapping[str, int]
    made_at: datetime
    _parts: dict[tuple[int, int | None], BidPrices] = field(default_factory=dict, init=False, compare=False, repr=False)

    def part(self, group: int, firm: int | None) -> BidPrices:
        """Return the prices of one dock group and one carrier, or none; the very same each time."""
        known = self._parts.get((group, firm))
        if known is None:
            quota = self.prices.quota[:0] if firm is None else self.prices.quota[firm : firm + 1]
            known = self._parts[group, firm] = BidPrices(self.prices.docks[group : group + 1], self.prices.gate, quota)
        return known


class PriceBoard:
    """Remembers the newest prices of each day."""

    def __init__(self) -> None:
        self._days: dict[date, DayPrices] = {}

    def post(self, day: date, prices: DayPrices) -> None:
        """Put up the prices of a day in place of its older ones."""
        self._days[day] = prices

    def forget_before(self, day: date) -> None:
        """Take down the prices of days that are past."""
        self._days = {each: prices for each, prices in self._days.items() if each >= day}

    def find(self, day: date, dock_group: str, carrier: str | None, now: datetime) -> BidPrices | None:
        """Return the prices of a dock group and a carrier, if it has a quota, as those of group 0 and carrier 0; None
        when there are none that are fresh.
        """
        known = self._days.get(day)
        if known is None or now - known.made_at > STALE_AFTER or dock_group not in known.dock_groups:
            return None
        return known.part(known.dock_groups[dock_group], known.carriers.get(carrier or ""))
