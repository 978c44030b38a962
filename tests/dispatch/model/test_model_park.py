from dataclasses import replace
from datetime import UTC, date

import pytest

from dispatch.model.day import check_load, check_truck, check_visit
from dispatch.model.faults import FieldFault
from dispatch.model.grid import SlotGrid, clock_text
from dispatch.model.park import DistanceClass, DockGroup, DockKind, Hours, Position, Reduction, Roads, minute_of_day
from dispatch.model.plates import normalised
from tests.dispatch.tiny import ALL_DAY, DAY, GRID, a_day, a_gate, a_load, a_park, a_truck, a_visit, a_warehouse, at


def test_docks_are_closed_outside_opening_hours_and_fewer_at_lunch() -> None:
    lunch = Reduction(Hours("12:05", "12:10"), 1)
    group = DockGroup("W1-box", DockKind.BOX, 3, (lunch,))
    warehouse = a_warehouse(hours=Hours("08:10", "20:00"), dock_groups=(group,))
    park = a_park(warehouses=(warehouse,))

    docks = [park.docks_at(warehouse, group, slot) for slot in range(96)]

    assert docks[32] == 0  # 08:00 to 08:15 is not wholly open
    assert docks[33] == 3
    assert docks[79] == 3
    assert docks[80] == 0


def test_a_gate_admits_what_its_lanes_serve_in_a_slot() -> None:
    assert a_gate(lanes=6, seconds=80).entries_at(0, 15) == 67
    assert a_gate(lanes=0).entries_at(0, 15) == 0
    assert a_gate(hours=Hours("06:00", "24:00")).entries_at(0, 15) == 0


def test_a_warehouses_own_gate_comes_first() -> None:
    park = a_park(gates=(a_gate("north"), a_gate("east"), a_gate("south")))

    assert [gate.id for gate in park.gates_for(park.warehouses[0])] == ["east", "north", "south"]


@pytest.mark.parametrize("text", ["24:01", "8:00", "08:60", "08-00", "", "aa:bb", "-1:00"])
def test_what_is_not_a_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time of day; allowed: HH:MM"):
        minute_of_day(text)


def test_the_same_dock_kind_twice_in_a_warehouse_is_refused() -> None:
    groups = (DockGroup("a", DockKind.BOX, 1), DockGroup("b", DockKind.BOX, 1))

    with pytest.raises(FieldFault, match=r"^warehouses\[0\].dock_groups\[1\].kind: W1 has box docks twice"):
        a_park(warehouses=(a_warehouse(dock_groups=groups),))


def test_the_same_dock_group_id_in_two_warehouses_is_refused() -> None:
    groups = (DockGroup("a", DockKind.BOX, 1),)
    warehouses = (a_warehouse("W1", dock_groups=groups), a_warehouse("W2", dock_groups=groups))

    with pytest.raises(FieldFault, match=r"^warehouses\[1\].dock_groups\[0\].id: 'a' stands twice in this park"):
        a_park(warehouses=warehouses)


@pytest.mark.parametrize("name", ["", "a b", "宁波", "-x", "x" * 65, "a/b", "a{b}", "a\n"])
def test_what_cannot_be_an_id_is_refused(name: str) -> None:
    with pytest.raises(FieldFault, match=r"^gates\[0\].id: "):
        a_park(gates=(a_gate(name), a_gate("east")))


def test_numbers_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(FieldFault, match=r"^circuity: is nan"):
        DistanceClass(1.0, float("nan"), 50.0)
    with pytest.raises(FieldFault, match=r"^up_to_km: is inf"):
        DistanceClass(float("inf"), 1.0, 50.0)
    with pytest.raises(FieldFault, match=r"^latitude: is nan"):
        Position(float("nan"), 0.0)
    with pytest.raises(FieldFault, match=r"^classes: must be in rising order"):
        Roads((DistanceClass(2.0, 1.0, 50.0), DistanceClass(1.0, 1.0, 50.0)))


def test_a_grid_translates_between_moments_and_slots() -> None:
    assert GRID.slot_of(at("08:29"), DAY) == 33
    assert GRID.start_of(DAY, 33) == at("08:15")
    assert GRID.minute_of(at("01:00", days=1), DAY) == 1500
    assert GRID.moment_of(DAY, -30) == at("23:30", days=-1)
    assert GRID.slots_for(1) == GRID.slots_for(15) == 1
    assert GRID.slots_for(16) == 2
    assert clock_text(1440) == "24:00"
    with pytest.raises(FieldFault, match=r"^slot_minutes: is 0, must divide 1440"):
        SlotGrid(0, "Asia/Shanghai")


def test_moments_rise_with_the_minute_also_where_clocks_change() -> None:
    grid = SlotGrid(15, "Europe/Berlin")
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        moments = [grid.moment_of(day, minute).astimezone(UTC) for minute in range(1440)]
        assert moments == sorted(moments)
    assert grid.moment_of(date(2026, 3, 29), 150).isoformat() == "2026-03-29T03:00:00+02:00"
    assert grid.moment_of(date(2026, 10, 25), 150).isoformat() == "2026-10-25T02:30:00+02:00"


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("浙Ｂ．１２３４５", "浙B12345"),
        ("浙b·12345", "浙B12345"),
        ("浙B 1234挂", "浙B1234挂"),
        ("沪A-D12345", "沪AD12345"),
        ("沪A12345D", "沪A12345D"),
    ],
)
def test_a_plate_is_read_with_or_without_separators(text: str, plate: str) -> None:
    assert normalised(text) == plate


@pytest.mark.parametrize("text", ["", "B12345", "浙B1234", "浙BI2345", "浙B123456789", "浙1B2345", "x" * 10_000])
def test_what_is_not_a_plate_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a plate; allowed: ") as caught:
        normalised(text)

    assert len(str(caught.value)) < 200


def test_everything_a_day_refers_to_must_be_in_the_park() -> None:
    park = a_park()
    check_visit(park, a_visit())
    check_load(park, a_load())
    check_truck(park, a_truck())

    with pytest.raises(FieldFault, match=r"^dock_kind: W1 has no hazmat docks; it has: box"):
        check_visit(park, a_visit(dock_kind=DockKind.HAZMAT))
    with pytest.raises(FieldFault, match=r"^destination: 'W9' is not known"):
        check_load(park, a_load(destination="W9"))
    with pytest.raises(FieldFault, match=r"^free_at: 'W9' is not known"):
        check_truck(park, a_truck(free_at="W9"))


def test_a_day_has_each_plate_once_among_its_trucks() -> None:
    with pytest.raises(FieldFault, match=r"^trucks\[1\].plate: '浙B12345' stands twice"):
        replace(a_day(), trucks=(a_truck(), a_truck()))


def test_an_opening_span_must_open_before_it_closes() -> None:
    assert ALL_DAY.covers(1439)
    with pytest.raises(FieldFault, match=r"^opens: 12:00 must be before closes 12:00"):
        Hours("12:00", "12:00")
