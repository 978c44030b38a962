"""The published formula of earned quota, and the binomial tail of overbooking against scipy."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from dispatch.model.attendance import CarrierRecord, Shows, attendance_of
from dispatch.model.earning import earned, factor_of
from dispatch.model.overbooking import docks_promised, overflow_probability
from dispatch.model.park import Earning, Hours, HouseRules
from dispatch.model.promises import GIVEN_UP, WITHDRAWN, AppointmentState, Source
from tests.api.tiny import ZONE, tiny_park
from tests.dispatch.services.test_rules import APPOINTMENT

S = AppointmentState
TERMS = Earning()
NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
COUNTS = st.integers(0, 200)


@pytest.mark.parametrize(
    ("record", "factor", "limit"),
    [
        (CarrierRecord(kept=95, no_shows=5, peak=70), 100, None),  # at the tolerance
        (CarrierRecord(kept=90, no_shows=10, peak=70), 90, 9),  # 5 % over, twice
        (CarrierRecord(kept=90, late_cancels=20, peak=70), 91.8, 9),  # each half a no-show: 10 of 110
        (CarrierRecord(kept=10, no_shows=90, peak=70), 50, 5),  # never below half
        (CarrierRecord(kept=0, no_shows=9, peak=9), 100, None),  # too few to tell
        (CarrierRecord(kept=5, no_shows=5, peak=0), 50, 1),  # never below one
        (CarrierRecord(), 100, None),
    ],
)
def test_a_carrier_earns_by_the_formula(record, factor, limit):
    found = earned(record, 7, TERMS)

    assert (found.factor_percent, found.peak_entries) == (pytest.approx(factor, abs=0.05), limit)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_to_waste_one_more_never_earns_more(kept, no_shows, late, peak):
    record = CarrierRecord(kept, no_shows, late, peak)

    factor = factor_of(record, TERMS)

    assert 0.5 <= factor <= 1
    if record.booked >= TERMS.least_bookings:
        assert factor_of(replace(record, no_shows=no_shows + 1), TERMS) <= factor
        assert factor_of(replace(record, kept=kept + 1), TERMS) >= factor


@given(st.integers(0, 60), st.integers(0, 30), st.floats(0, 1))
def test_the_tail_is_the_binomials(promised, docks, rate):
    expected = float(binom.sf(docks, promised, 1 - rate))

    assert overflow_probability(promised, docks, rate) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 40), st.floats(0, 1), st.floats(0, 0.5))
def test_the_most_is_promised_that_keeps_the_stated_probability(docks, rate, overflow):
    promised = docks_promised(docks, rate, overflow)

    assert docks <= promised <= 2 * docks
    if promised > docks:
        assert binom.sf(docks, promised, 1 - rate) <= overflow + 1e-9
    if overflow > 0 and promised < 2 * docks:
        assert binom.sf(docks, promised + 1, 1 - rate) > overflow - 1e-9


def test_off_promises_what_there_is():
    assert docks_promised(10, 0.5, 0.0) == 10
    assert docks_promised(20, 0.1, 0.05) == 20
    assert docks_promised(20, 0.1, 0.3) == 21


def test_what_counts_is_kept_missed_and_cancelled_late_and_nobody_pays_for_the_park():
    park = tiny_park(rules=HouseRules(peak=(Hours("09:00", "10:00"),)))

    def at(state, changed=NINE, **more):
        return replace(APPOINTMENT, state=state, changed_at=changed, **more)

    record = attendance_of(
        park,
        [
            at(S.COMPLETED),
            at(S.CHECKED_IN, slot=60),
            at(S.NO_SHOW),
            at(S.CANCELLED, NINE - timedelta(minutes=119)),
            at(S.CANCELLED, NINE - timedelta(minutes=120)),  # in time
            at(S.CANCELLED, NINE, reason=WITHDRAWN),
            at(S.CANCELLED, NINE, reason=GIVEN_UP),  # a hold, an offer from the waitlist, a place in line
            at(S.CANCELLED, NINE, displaced_by="closure-1"),
            at(S.NO_SHOW, displaced_by="closure-1"),
            at(S.EXPIRED),  # kept away by the park's own delay
            at(S.COMPLETED, source=Source.WALK_IN),
        ],
    )

    assert record.carriers == {"c1": CarrierRecord(kept=2, no_shows=1, late_cancels=1, peak=2)}
    assert record.shows == {"w1-reefer@9": Shows(2, 1), "w1-reefer@15": Shows(1, 0)}
    twice = record + record
    assert twice.carriers["c1"] == CarrierRecord(kept=4, no_shows=2, late_cancels=2, peak=4)
    assert twice.shows["w1-reefer@9"] == Shows(4, 2)
