from collections import Counter
from pathlib import Path

from dispatch.files import load_park
from dispatch.model.park import DockKind, PlaceKind
from simulations.demand.beilun import FILE, beilun
from simulations.demand.park_toml import park_toml
from tests.dispatch.tiny import a_park


def test_the_committed_park_file_is_what_the_program_writes() -> None:
    assert park_toml(beilun()) == FILE.read_text(encoding="utf-8")


def test_the_park_file_reads_as_the_park() -> None:
    assert load_park(FILE) == beilun()


def test_any_park_written_as_toml_reads_as_itself(tmp_path: Path) -> None:
    (tmp_path / "park.toml").write_text(park_toml(a_park()), encoding="utf-8")

    assert load_park(tmp_path / "park.toml") == a_park()


def test_the_demo_park_has_the_size_of_the_real_one() -> None:
    park = beilun()
    docks = Counter(dict.fromkeys(DockKind, 0))
    for warehouse in park.warehouses:
        for group in warehouse.dock_groups:
            docks[group.kind] += group.docks

    assert len(park.enterprises) == 328
    assert sum(enterprise.carrier for enterprise in park.enterprises) == 125
    assert len(park.warehouses) == 330
    assert 780 <= docks.total() <= 850
    assert min(docks.values()) > 20
    assert sum(gate.entry_lanes for gate in park.gates) == 10
    assert sum(gate.exit_lanes for gate in park.gates) == 8
    assert {warehouse.enterprise for warehouse in park.warehouses} >= {
        enterprise.id for enterprise in park.enterprises if not enterprise.carrier
    }


def test_the_demo_parks_gates_can_serve_ten_thousand_visits_a_day() -> None:
    park = beilun()

    assert sum(park.entries_at(gate, slot) for gate in park.gates for slot in range(park.grid.horizon)) >= 10_000


def test_the_demo_park_has_terminals_depots_rail_and_towns() -> None:
    kinds = Counter(place.kind for place in beilun().places)

    assert kinds[PlaceKind.TERMINAL] == 4
    assert kinds[PlaceKind.DEPOT] == 2
    assert kinds[PlaceKind.RAIL] == 1
    assert kinds[PlaceKind.TOWN] >= 12


def test_the_demo_parks_zones_are_very_unequal() -> None:
    sizes = sorted(Counter(warehouse.zone for warehouse in beilun().warehouses).values())

    assert len(sizes) == 8
    assert sizes[-1] >= 5 * sizes[0]
