from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.model.park import DockGroup, DockKind, Enterprise, Hours, HouseRules, Zone
from dispatch.model.promises import Appointment, AppointmentState, Source
from dispatch.planning.capacity import NO_QUOTA, dock_groups, free_capacity, whole_capacity
from dispatch.planning.slots import placements, slot_problem
from solver.slots import check
from tests.dispatch.tiny import DAY, a_gate, a_park, a_visit, a_warehouse, at


def a_booking(slot: int, slots: int = 2, **changes: Any) -> Appointment:
    fields: dict[str, Any] = {
        "id": "A1",
        "state": AppointmentState.CONFIRMED,
        "source": Source.REQUEST,
        "plate": "浙B99999",
        "carrier": "C1",
        "warehouse": "W1",
        "dock_group": "W1-box",
        "dock_kind": DockKind.BOX,
        "cargo_kind": "general",
        "gate": "east",
        "day": DAY,
        "slot": slot,
        "slots": slots,
        "made_at": at("12:00", days=-1),
    }
    return Appointment(**(fields | changes))


def with_quota(quota: int | None) -> tuple[Enterprise, ...]:
    return (Enterprise("E1", "Firm"), Enterprise("C1", "Carrier", carrier=True, quota=quota))


def test_a_visit_becomes_a_row_of_numbers() -> None:
    park = a_park(warehouses=(a_warehouse("W0"), a_warehouse("W1")))
    visit = a_visit(wish="08:20", minutes=31, weight=3, earliest=at("07:59"), latest=at("09:01"))

    instance = slot_problem(park, DAY, [visit]).instance

    assert instance.dock_group.tolist() == [1]
    assert instance.duration.tolist() == [3]
    assert instance.wish.tolist() == [33]
    assert instance.earliest.tolist() == [31]
    assert instance.latest.tolist() == [36]
    assert instance.weight.tolist() == [3]
    assert instance.carrier.tolist() == [1]
    assert instance.truck.tolist() == [0]


def test_house_rules_are_the_instances_prices() -> None:
    park = a_park(rules=HouseRules(turn_slots=2, early_cost=3, late_cost=4, drop_cost=5))

    instance = slot_problem(park, DAY, []).instance

    assert (instance.turn, instance.early, instance.late, instance.drop) == (2, 3, 4, 5)


def test_a_day_without_visits_is_a_problem_without_visits() -> None:
    problem = slot_problem(a_park(), DAY, [])

    assert problem.instance.visits == 0
    assert placements(problem, np.zeros(0, dtype=np.int64)) == ()


def test_the_gate_row_is_the_sum_over_open_gates() -> None:
    park = a_park(gates=(a_gate("east"), a_gate("west", lanes=2, hours=Hours("06:00", "24:00"))))

    instance = slot_problem(park, DAY, []).instance

    assert instance.gate[23] == 3
    assert instance.gate[24] == 3 + 6


def test_visits_stand_in_the_order_of_their_requests() -> None:
    late, early = a_visit("V1", requested_at=at("11:00", days=-1)), a_visit("V2", requested_at=at("10:00", days=-1))

    assert [visit.id for visit in slot_problem(a_park(), DAY, [late, early]).visits] == ["V2", "V1"]


def test_visits_of_one_plate_are_one_truck() -> None:
    visits = [a_visit("V1"), a_visit("V2", plate="浙B54321"), a_visit("V3")]

    problem = slot_problem(a_park(), DAY, visits)

    assert problem.instance.truck.tolist() == [0, 1, 0]
    assert problem.plates == ("浙B12345", "浙B54321")


def test_a_window_is_cut_to_the_day_and_a_visit_of_another_day_is_left_out() -> None:
    over_midnight = a_visit("V1", wish="00:30", earliest=at("22:00", days=-1), latest=at("02:00"))
    tomorrow = a_visit("V2", wish="08:00", earliest=at("08:00", days=1), latest=at("09:00", days=1))

    problem = slot_problem(a_park(), DAY, [over_midnight, tomorrow])

    assert problem.instance.earliest.tolist() == [0]
    assert [visit.id for visit in problem.left_out] == ["V2"]


def test_a_wish_of_the_day_before_is_the_first_slot() -> None:
    visit = replace(a_visit(), wish=at("23:00", days=-1), earliest=at("22:00", days=-1), latest=at("02:00"))

    assert slot_problem(a_park(), DAY, [visit]).instance.wish.tolist() == [0]


def test_bookings_take_docks_gates_and_quota() -> None:
    park = a_park(enterprises=with_quota(3))

    free = free_capacity(park, DAY, [a_booking(32)])

    whole = whole_capacity(park)
    assert (whole.docks - free.docks)[0].nonzero()[0].tolist() == [32, 33]
    assert (whole.gates - free.gates)[0].nonzero()[0].tolist() == [32]
    assert free.quotas[1, 32] == 2
    assert free.quotas[0].tolist() == [NO_QUOTA] * 96
    assert free.busy == {"浙B99999": ((32, 34),)}


def test_cancelled_bookings_and_those_of_other_days_take_nothing() -> None:
    cancelled = a_booking(32, state=AppointmentState.CANCELLED)
    yesterday = a_booking(32, day=DAY - timedelta(days=1))

    free = free_capacity(a_park(), DAY, [cancelled, yesterday])

    assert (free.docks == whole_capacity(a_park()).docks).all()
    assert free.busy == {}


def test_a_booking_of_what_is_no_longer_in_the_park_takes_what_still_is() -> None:
    gone = a_booking(32, dock_group="W9-box", gate="north", carrier="C9")
    beyond_the_day = a_booking(200)

    free = free_capacity(a_park(), DAY, [gone, beyond_the_day])

    assert (free.docks == whole_capacity(a_park()).docks).all()
    assert (free.gates == whole_capacity(a_park()).gates).all()
    assert free.busy.keys() == {"浙B99999"}


def test_more_bookings_than_docks_leave_none_not_fewer() -> None:
    free = free_capacity(a_park(), DAY, [a_booking(32)] * 5)

    assert free.docks.min() == 0
    assert free.gates.min() == 0


def test_a_busy_truck_starts_before_or_after_on_the_side_of_its_wish() -> None:
    free = free_capacity(a_park(), DAY, [a_booking(32, plate="浙B12345")])  # holds its truck 08:00 to 08:30

    before = slot_problem(a_park(), DAY, [a_visit(wish="07:45")], free).instance
    after = slot_problem(a_park(), DAY, [a_visit(wish="08:30")], free).instance

    assert (before.earliest.tolist(), before.latest.tolist()) == ([23], [29])  # 07:15 + 30 minutes + one slot to turn
    assert (after.earliest.tolist(), after.latest.tolist()) == ([35], [42])


def test_a_truck_that_is_busy_all_its_window_is_left_out() -> None:
    visit = a_visit(earliest=at("08:00"), latest=at("08:30"))

    problem = slot_problem(a_park(), DAY, [visit], free_capacity(a_park(), DAY, [a_booking(32, plate=visit.plate)]))

    assert problem.left_out == (visit,)


def test_a_used_up_quota_closes_its_slots_only() -> None:
    park = a_park(enterprises=with_quota(2))
    free = free_capacity(park, DAY, [a_booking(34), a_booking(34), a_booking(50)])

    instance = slot_problem(park, DAY, [a_visit(wish="08:00")], free).instance

    assert instance.quota.tolist() == [NO_QUOTA, 1]  # the least that is left where anything is
    assert (instance.earliest.tolist(), instance.latest.tolist()) == ([24], [33])


def test_a_carrier_with_a_quota_of_none_at_all_is_never_placed_but_asked_for() -> None:
    problem = slot_problem(a_park(enterprises=with_quota(0)), DAY, [a_visit()])

    assert problem.instance.quota.tolist() == [NO_QUOTA, 0]
    assert problem.left_out == ()


def test_a_placement_says_where_and_for_how_long() -> None:
    problem = slot_problem(a_park(), DAY, [a_visit(minutes=40)])

    (placement,) = placements(problem, np.array([33]))

    assert (placement.visit.id, placement.slot, placement.slots) == ("V1", 33, 3)
    assert (placement.gate, placement.dock_group) == ("east", "W1-box")


def test_what_is_not_placed_has_no_placement() -> None:
    problem = slot_problem(a_park(), DAY, [a_visit("V1"), a_visit("V2", plate="浙B54321")])

    assert [each.visit.id for each in placements(problem, np.array([-1, 33]))] == ["V2"]


def test_nobody_is_sent_to_another_gate_while_the_own_gate_has_room() -> None:
    park = a_park(
        gates=(a_gate("east", seconds=900), a_gate("west", lanes=3, seconds=900)),
        zones=(Zone("Z1", "Zone 1", "east", 5), Zone("Z2", "Zone 2", "west", 5)),
        warehouses=(a_warehouse("W1", docks=4), a_warehouse("W2", docks=4, zone="Z2")),
    )
    visits = [
        a_visit(f"V{i}", plate=f"浙B0000{i}", warehouse=warehouse) for i, warehouse in enumerate(("W1", "W1", "W2"))
    ]

    gates = [each.gate for each in placements(slot_problem(park, DAY, visits), np.array([32, 32, 32]))]

    assert gates == ["east", "west", "west"]


@given(st.data())
def test_no_gate_is_ever_passed_its_capacity_while_their_sum_holds(data: st.DataObject) -> None:
    lanes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    park = a_park(
        gates=tuple(a_gate(f"gate{i}", lanes=count, seconds=900) for i, count in enumerate(lanes)),
        zones=tuple(Zone(f"Z{i}", "Zone", f"gate{i}", 5) for i in range(len(lanes))),
        warehouses=tuple(a_warehouse(f"W{i}", docks=9, zone=f"Z{i}") for i in range(len(lanes))),
    )
    homes = data.draw(st.lists(st.integers(0, len(lanes) - 1), min_size=sum(lanes), max_size=sum(lanes)))
    visits = [a_visit(f"V{i}", plate=f"浙B{i:05d}", warehouse=f"W{home}") for i, home in enumerate(homes)]
    problem = slot_problem(park, DAY, visits)
    start = np.full(len(visits), 32)

    placed = placements(problem, start)

    assert check.violations(problem.instance, start) == []
    assert len(placed) == len(visits)
    for i, count in enumerate(lanes):
        assert sum(each.gate == f"gate{i}" for each in placed) <= count


def test_a_dock_group_has_the_same_index_in_the_problem_as_in_the_park() -> None:
    groups = (DockGroup("W2-bulk", DockKind.BULK, 1), DockGroup("W2-box", DockKind.BOX, 3))
    park = a_park(warehouses=(a_warehouse("W1"), a_warehouse("W2", dock_groups=groups)))

    problem = slot_problem(park, DAY, [])

    assert problem.dock_groups == ("W1-box", "W2-bulk", "W2-box")
    assert [group.id for _, group in dock_groups(park)] == list(problem.dock_groups)
    assert problem.instance.docks[2].tolist() == [3] * 96


@pytest.mark.parametrize("name", ["docks", "gates", "quotas"])
def test_free_capacity_cannot_be_changed(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(whole_capacity(a_park()), name)[0, 0] = 5
