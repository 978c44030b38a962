"""The demo park, parks/beilun.toml: of the size and place of the park at Xiapu, Beilun, Ningbo, its tenants invented.

`python -m simulations.demand.beilun` writes the file anew; the same program gives the same bytes. What is known of
the real park is its size: 3 km2, 328 enterprises, 125 of them logistics firms. All else is assumed (docs/demand.md).
"""

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from dispatch.files import write_bytes
from dispatch.model.grid import SlotGrid
from dispatch.model.park import (
    CargoKind,
    DistanceClass,
    DockGroup,
    DockKind,
    Enterprise,
    Gate,
    Hours,
    HouseRules,
    Park,
    Position,
    Reduction,
    Roads,
    TruckKind,
    Warehouse,
    Zone,
)
from simulations.demand.park_toml import park_toml
from simulations.demand.places import PLACES
from solver.reading import IntArray

FILE = Path(__file__).parents[2] / "parks" / "beilun.toml"
SEED = 20260603
ENTERPRISES, CARRIERS, DOCKS = 328, 125, 848
WEST, SOUTH = 121.8850, 29.8830  # the park's south-west corner
WIDTH_DEGREES, HEIGHT_DEGREES = 0.0207, 0.0135  # 2.0 km by 1.5 km at this latitude
GATE_SECONDS = 72  # 75 + 50 entries a slot, 12,000 a day: at 10,000 visits the peak of wishes is about twice the gate

# zone, Chinese name, warehouses, drive minutes from its gate, kinds of its docks in order of frequency
ZONES = (
    ("A", "东一区", 86, 4, "container container container box box"),
    ("B", "东二区", 66, 6, "container container box container reefer"),
    ("C", "中区", 49, 8, "container box container bulk reefer"),
    ("D", "西一区", 40, 5, "container container bulk box container"),
    ("E", "西二区", 33, 7, "box container container reefer bulk"),
    ("F", "冷链区", 26, 9, "reefer reefer box reefer container"),
    ("G", "南区", 20, 9, "bulk container bulk box bulk"),
    ("H", "危化品区", 10, 10, "hazmat hazmat hazmat bulk hazmat"),
)
EAST_ZONES = "ABCF"

HOURS = (  # share of the warehouses, span
    (0.60, Hours("00:00", "24:00")),
    (0.24, Hours("06:00", "22:00")),
    (0.10, Hours("05:00", "23:00")),
    (0.06, Hours("08:00", "20:00")),
)
LUNCHES = (Hours("11:30", "12:30"), Hours("12:00", "13:00"))
SUPPER = Hours("17:30", "18:15")

# A container takes 20 minutes in the mean of full (four in five) and empty ones: what a second move in one gate entry
# adds at Savannah Garden City, 54 minutes less 34 (Georgia Ports Authority). The other minutes are assumed.
CARGO_KINDS = (
    CargoKind("container", DockKind.CONTAINER, 20),
    CargoKind("empty-container", DockKind.CONTAINER, 15),
    CargoKind("general", DockKind.BOX, 35),
    CargoKind("parcels", DockKind.BOX, 30),
    CargoKind("steel", DockKind.BULK, 30),
    CargoKind("chilled", DockKind.REEFER, 35),
    CargoKind("chemicals", DockKind.HAZMAT, 45),
)
TRUCK_KINDS = (
    TruckKind("chassis", ("container", "empty-container")),
    TruckKind("van", ("general", "parcels")),
    TruckKind("flatbed", ("steel", "container", "empty-container")),
    TruckKind("reefer", ("chilled", "general")),
    TruckKind("tanker", ("chemicals",)),
)
ROADS = Roads(
    (
        DistanceClass(5.0, 1.5, 25.0),
        DistanceClass(30.0, 1.4, 40.0),
        DistanceClass(100.0, 1.3, 55.0),
        DistanceClass(600.0, 1.25, 65.0),
    )
)

FIRST = ("Amber", "Copper", "Silver", "Ivory", "Jade", "Scarlet", "Indigo", "Cobalt", "Crimson", "Saffron")
SECOND = ("Heron", "Lantern", "Anchor", "Bamboo", "Harbour", "Kiln", "Loom", "Plover", "Sampan", "Willow", "Tide")
TRADES = ("Trading", "Storage", "Supply", "Works")


def beilun() -> Park:
    """Return the demo park; it is the same every time."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    enterprises = _enterprises()
    return Park(
        version=1,
        id="beilun",
        name="Beilun demo park",
        name_zh="北仑示范物流园",
        grid=SlotGrid(15, "Asia/Shanghai"),
        gates=(
            Gate("east", "东门 East gate", 6, 5, GATE_SECONDS, Hours("00:00", "24:00"), _position(1.0, 0.5)),
            Gate("west", "西门 West gate", 4, 3, GATE_SECONDS, Hours("00:00", "24:00"), _position(0.0, 0.5)),
        ),
        zones=tuple(_zone(*zone[:4]) for zone in ZONES),
        enterprises=enterprises,
        warehouses=_warehouses(rng, enterprises),
        places=PLACES,
        cargo_kinds=CARGO_KINDS,
        truck_kinds=TRUCK_KINDS,
        roads=ROADS,
        rules=HouseRules(peak=(Hours("12:00", "15:00"),)),  # the three busiest hours of the profile
    )


def _enterprises() -> tuple[Enterprise, ...]:
    """Return carriers first; the first, which the demand makes the largest, have quotas of entries per slot."""
    names = [f"{first} {second}" for first, second in product(FIRST, SECOND)]
    carriers = [f"{name} Haulage" for name in names] + [f"{name} Freight" for name in names]
    others = [f"{name} {trade}" for trade, name in product(TRADES, names)]
    return (
        *(Enterprise(f"C{i + 1:03d}", carriers[i], carrier=True, quota=_quota(i)) for i in range(CARRIERS)),
        *(Enterprise(f"E{i + 1:03d}", others[i]) for i in range(ENTERPRISES - CARRIERS)),
    )


def _quota(rank: int) -> int | None:
    return max(3, round(8 / (rank + 1) ** 0.5)) if rank < 30 else None


def _zone(letter: str, name_zh: str, warehouses: int, drive_minutes: int) -> Zone:
    del warehouses
    return Zone(letter, f"{name_zh} Zone {letter}", "east" if letter in EAST_ZONES else "west", drive_minutes)


def _warehouses(rng: np.random.Generator, enterprises: Sequence[Enterprise]) -> tuple[Warehouse, ...]:
    places = [(zone[0], zone[4].split(), number) for zone in ZONES for number in range(1, zone[2] + 1)]
    owners = _owners(rng, enterprises, len(places))
    docks = _docks(rng, len(places))
    hours = rng.choice(len(HOURS), size=len(places), p=[share for share, _ in HOURS])
    return tuple(
        Warehouse(
            id=f"{zone}{number:02d}",
            name=f"{zone}{number:02d} {owner.name}",
            zone=zone,
            enterprise=owner.id,
            position=_somewhere_in(rng, zone),
            hours=HOURS[hours[i]][1],
            dock_groups=_dock_groups(rng, f"{zone}{number:02d}", kinds, int(docks[i])),
        )
        for i, ((zone, kinds, number), owner) in enumerate(zip(places, owners, strict=True))
    )


def _owners(rng: np.random.Generator, enterprises: Sequence[Enterprise], count: int) -> list[Enterprise]:
    """Return an owner per warehouse: every firm that is no carrier has one, the rest fall to anybody."""
    others = [i for i, enterprise in enumerate(enterprises) if not enterprise.carrier]
    extra = rng.integers(0, len(enterprises), count - len(others)).tolist()
    return [enterprises[i] for i in rng.permutation(np.array(others + extra)).tolist()]


def _docks(rng: np.random.Generator, count: int) -> IntArray:
    """Return docks per warehouse, at least one, in all DOCKS: lognormal shares, so that few warehouses are large."""
    share = rng.lognormal(0.0, 1.0, count)
    wanted = share / share.sum() * (DOCKS - count)
    docks = np.floor(wanted).astype(np.int64)
    short = DOCKS - count - int(docks.sum())
    docks[np.argsort(docks - wanted, kind="stable")[:short]] += 1
    return np.asarray(docks + 1, dtype=np.int64)


def _dock_groups(rng: np.random.Generator, warehouse: str, kinds: list[str], docks: int) -> tuple[DockGroup, ...]:
    wanted = 1 + (docks >= 3) + (docks >= 8 and rng.random() < 0.6)
    chosen = list(dict.fromkeys(kinds[i] for i in rng.permutation(len(kinds))))[:wanted]
    sizes = np.bincount(np.arange(docks) % (2 * len(chosen) - 1) % len(chosen), minlength=len(chosen))
    return tuple(
        DockGroup(f"{warehouse}-{kind}", DockKind(kind), int(size), _reductions(rng, int(size)))
        for kind, size in zip(chosen, sizes, strict=True)
    )


def _reductions(rng: np.random.Generator, docks: int) -> tuple[Reduction, ...]:
    lunch, supper, span = rng.random(), rng.random(), int(rng.integers(len(LUNCHES)))
    reductions = []
    if lunch < (0.6 if docks > 1 else 0.15):
        reductions.append(Reduction(LUNCHES[span], docks // 2))
    if docks > 3 and supper < 0.3:
        reductions.append(Reduction(SUPPER, docks - docks // 3, "supper"))
    return tuple(reductions)


def _somewhere_in(rng: np.random.Generator, zone: str) -> Position:
    """Return a point in the zone's strip of the park: strips run west to east, as wide as the zone is large."""
    order = sorted(ZONES, key=lambda each: (each[0] in EAST_ZONES, -each[3]))
    sizes = np.array([each[2] for each in order])
    at = [each[0] for each in order].index(zone)
    across = (sizes[:at].sum() + sizes[at] * rng.random()) / sizes.sum()
    return _position(float(across), float(rng.random()))


def _position(across: float, up: float) -> Position:
    return Position(round(SOUTH + HEIGHT_DEGREES * up, 5), round(WEST + WIDTH_DEGREES * across, 5))


def main() -> int:
    """Write parks/beilun.toml."""
    write_bytes(FILE, park_toml(beilun()).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
