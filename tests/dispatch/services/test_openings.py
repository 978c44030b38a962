from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.model.refusals import DocksFull, GateFull, OutsideHours, QuotaFull, TruckBusy
from dispatch.services.capacities import Capacities
from dispatch.services.openings import (
    DayCounters,
    Wanted,
    bookable_slots,
    find_obstacle,
    list_openings,
)
from dispatch.services.quotas import quotas_of
from dispatch.store.keys import Keys
from dispatch.store.tally import Taken
from tests.api.tiny import DAY, NOW, ZONE, tiny_park

PARK = tiny_park()
CAPACITIES = Capacities(PARK)
NINE = 36
WISH = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)


def wanted(carrier="c1", slots=1, group=1):
    warehouse = PARK.warehouse_by_id["w1"]
    return Wanted("浙B00001", PARK.enterprise_by_id[carrier], warehouse, warehouse.dock_groups[group], slots)


def slots(taken):
    return Taken.of({str(slot): count for slot, count in (taken or {}).items()}).by_slot(PARK.grid.horizon)


def counters(docks=None, east=None, west=None, truck=None, group=1, **more):
    warehouse = PARK.warehouse_by_id["w1"]
    east_gate, west_gate = PARK.gates
    return DayCounters(
        day=DAY,
        docks=slots(docks),
        dock_limits=CAPACITIES.docks(warehouse, warehouse.dock_groups[group]),
        gates=(
            (east_gate, slots(east), CAPACITIES.entries(east_gate)),
            (west_gate, slots(west), CAPACITIES.entries(west_gate)),
        ),
        truck=slots(truck),
        truck_next_day=slots({}),
        seen_at=NOW,
        **more,
    )


def test_an_empty_day_opens_the_wish_itself_through_the_nearest_gate():
    best = list_openings(PARK, wanted(), WISH, [counters()], NOW)[0]

    assert (best.cost, best.slot, best.gate.id) == (0, NINE, "east")


def test_a_full_nearest_gate_sends_the_truck_through_the_other():
    best = list_openings(PARK, wanted(), WISH, [counters(east={NINE: 5})], NOW)[0]

    assert (best.slot, best.gate.id) == (NINE, "west")


def test_with_every_gate_full_the_slot_is_refused_by_the_gates_name():
    refusal = find_obstacle(PARK, wanted(), counters(east={NINE: 5}, west={NINE: 5}), NINE)

    assert isinstance(refusal, GateFull)
    assert refusal.resource == "gate east 09:00"


def test_docks_must_be_free_through_the_whole_visit():
    refusal = find_obstacle(PARK, wanted(slots=2), counters(docks={NINE + 1: 2}), NINE)

    assert isinstance(refusal, DocksFull)
    assert refusal.resource == "dock group w1-reefer 09:15"


def test_a_carrier_at_its_quota_is_refused_for_that_slot_alone():
    quota = quotas_of(PARK, Keys("tiny"), "c2", DAY)[0]
    day = counters(quotas=((quota, {str(NINE): 2}),))

    assert isinstance(find_obstacle(PARK, wanted("c2"), day, NINE), QuotaFull)
    assert find_obstacle(PARK, wanted("c2"), day, NINE + 1) is None


def test_a_truck_needs_its_turn_between_two_visits():
    day = counters(truck={NINE: 1})

    assert isinstance(find_obstacle(PARK, wanted(), day, NINE - 1), TruckBusy)
    assert find_obstacle(PARK, wanted(), day, NINE - 2) is None


def test_lunch_closes_the_docks_it_closes():
    refusal = find_obstacle(PARK, wanted(slots=2, group=0), counters(group=0), 47)

    assert isinstance(refusal, OutsideHours)
    assert find_obstacle(PARK, wanted(slots=2, group=0), counters(group=0), 46) is None


def test_the_clock_opens_slots_from_the_lead_time_on():
    now = datetime(2026, 11, 25, 8, 50, tzinfo=ZONE)

    assert bookable_slots(PARK, wanted(), DAY, now)[0] == 37
    assert bookable_slots(PARK, wanted(), DAY, now - timedelta(minutes=5))[0] == NINE
    assert list(bookable_slots(PARK, wanted(), DAY, now + timedelta(days=1))) == []


@given(
    docks=st.dictionaries(st.integers(0, 95), st.integers(0, 2)),
    east=st.dictionaries(st.integers(0, 95), st.integers(0, 5)),
    truck=st.dictionaries(st.integers(0, 95), st.just(1)),
    slots=st.integers(1, 4),
)
def test_every_opening_keeps_every_limit_and_they_come_in_order_of_cost(docks, east, truck, slots):
    day = counters(docks=docks, east=east, truck=truck)

    openings = list_openings(PARK, wanted(slots=slots), WISH, [day], NOW)

    for opening in openings:
        held = range(opening.slot, opening.slot + slots)
        assert all(docks.get(t, 0) < day.dock_limits[t] for t in held)
        assert opening.gate.id == "west" or east.get(opening.slot, 0) < 5
        assert not any(truck.get(t, 0) for t in range(opening.slot, opening.slot + slots + 1))
        assert opening.cost == abs(opening.slot - NINE)
    assert [o.cost for o in openings] == sorted(o.cost for o in openings)
