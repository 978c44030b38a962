"""Earned quota: who wastes slots gets a smaller share of the peak the week after. The published formula. Pure.

Of a carrier's last week (Monday to Sunday), with k appointments kept, m no-shows and c late cancellations:

    wasted share  w = (m + weight * c) / (k + m + c)
    factor        f = 1                                            when k + m + c < least_bookings or w <= tolerance
                  f = max(floor, 1 - slope * (w - tolerance))      otherwise

This week the carrier may have, on each day, at most

    max(1, floor(f * b))   peak entries,   b = the peak entries of its last week / the days of that week, rounded up,

and any number of them when f = 1. For a week to come, the days of this one that are over count as the week before.
The numbers are house rules (`Earning`), in percent.
"""

from dataclasses import dataclass
from fractions import Fraction

from dispatch.model.attendance import CarrierRecord
from dispatch.model.park import Earning


@dataclass(frozen=True, slots=True)
class Earned:
    """What a carrier has earned for a week: `peak_entries` a day, None when it may have any; and how that came."""

    record: CarrierRecord
    wasted_percent: float
    factor_percent: float
    peak_entries: int | None


def earned(record: CarrierRecord, days: int, terms: Earning) -> Earned:
    """Return what the record of so many days earns by the formula above."""
    factor = factor_of(record, terms)
    wasted = wasted_share(record, terms)
    limit = None if factor == 1 else max(1, int(factor * -(-record.peak // max(1, days))))
    return Earned(record, round(100 * float(wasted), 1), round(100 * float(factor), 1), limit)


def wasted_share(record: CarrierRecord, terms: Earning) -> Fraction:
    """Return w, 0 for a carrier without appointments."""
    wasted = record.no_shows + Fraction(terms.late_cancel_weight_percent, 100) * record.late_cancels
    return Fraction(wasted, record.booked) if record.booked else Fraction(0)


def factor_of(record: CarrierRecord, terms: Earning) -> Fraction:
    """Return f, from the floor to 1."""
    over = wasted_share(record, terms) - Fraction(terms.tolerance_percent, 100)
    if record.booked < terms.least_bookings or over <= 0:
        return Fraction(1)
    return max(Fraction(terms.floor_percent, 100), 1 - Fraction(terms.slope_percent, 100) * over)
