"""What is allowed beyond, or short of, what the park file says, as learnt from what was kept and what was not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from dispatch.model.overbooking import docks_promised


@dataclass(frozen=True, slots=True)
class Allowances:
    """What a booking is bounded by besides the park file.

    `peak_entries` a day of a carrier in the week that begins on a Monday, where the carrier has wasted slots the week
    before; `no_show_rates` of a dock group in an hour of the day, by which docks are promised beyond those there are,
    so that more trucks than docks come with a probability of `overflow` at most.
    """

    peak_entries: Mapping[tuple[str, date], int] = field(default_factory=dict)
    no_show_rates: Mapping[tuple[str, int], float] = field(default_factory=dict)
    overflow: float = 0.0

    def find_peak_entries(self, carrier: str, day: date) -> int | None:
        """Return how many peak entries the carrier may have on the day; None where it may have any."""
        return self.peak_entries.get((carrier, monday_of(day))) if self.peak_entries else None

    def docks(self, group: str, docks: int, hour: int) -> int:
        """Return how many docks of a group may be promised in the hour when `docks` of it work."""
        rate = self.no_show_rates.get((group, hour), 0.0) if self.no_show_rates else 0.0
        return docks_promised(docks, rate, self.overflow) if rate else docks


NO_ALLOWANCES = Allowances()


def monday_of(day: date) -> date:
    """Return the first day of the day's week."""
    return day - timedelta(days=day.weekday())
