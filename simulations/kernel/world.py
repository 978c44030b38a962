"""What the compiled kernel works on: the park, the day, its draws and the state of the run as arrays of records."""

from typing import Any, NamedTuple

import numpy as np

from simulations.kernel.arrays import FloatArray
from simulations.kernel.draws import Draws
from simulations.kernel.layout import Layout, TruckClass
from simulations.kernel.legs import LegKind, Legs
from simulations.kernel.steps import Steps
from simulations.kernel.times import Area, Mark
from solver.reading import IntArray

Records = np.recarray[Any, np.dtype[np.record]]
TIMES = tuple(mark.name.lower() for mark in Mark)

# Lines are linked lists: head and tail of each, `behind` of each leg; -1 is nobody. What is said of the park and the
# day stands first, the state of the run after it.
# Of a leg, what belongs to one event stands together, for the processor's cache.
LEG = [
    *((name, "f8") for name in ("planned", "road", "appointment", "gate_minutes", "in_factor")),
    *((name, "i4") for name in ("is_visit", "gate", "truck_class", "lane", "behind", "held_behind")),
    *((name, "i4") for name in ("place", "off_road", "ready", "terminal", "zone", "group")),
    *((name, "f8") for name in TIMES[: Mark.DOCK_BEGINS]),
    *((name, "f8") for name in ("handling", "out_factor", "exit_minutes", "turn_minutes")),
    *((name, "i4") for name in ("exit_gate", "following")),
    *((name, "f8") for name in TIMES[Mark.DOCK_BEGINS :]),
]
GATE = [(name, "i4") for name in ("first_lane", "last_lane", "yard")] + [
    (name, "i4")
    for name in ("in_yard", "free", "road_head", "road_tail", "exits", "exits_busy", "exit_head", "exit_tail")
]
LINE = [("head", "i4"), ("tail", "i4")]  # in the yard: of a gate and a class
LANE = [("gate", "i4"), ("open", "i4"), ("busy", "i4")]
ZONE = [("slope", "f8"), ("free_flow", "i4"), ("driving", "i4")]
GROUP = [(name, "i4") for name in ("zone", "docks", "busy", "claims", "head", "tail", "held_head", "held_tail")]
PACE = [("at", "f8"), ("value", "f8")]
ROW = [("last", "i4"), ("now", "i4")]  # of paces: where the row ends, where it is
STEP = [("at", "f8"), ("part", "i4"), ("row", "i4"), ("value", "i4")]
EVENT = [("at", "f8"), ("order", "i8")]
FIRST = [("at", "f8"), ("leg", "i4")]
RUN = [
    *((name, "f8") for name in ("early_tolerance", "late_tolerance", "clock")),
    *((name, "i8") for name in ("rule", "zone_pace", "group_pace", "terminal_pace", "road_pace")),
    *((name, "i8") for name in ("events", "waiting_events", "top_is_free", "places")),
]  # fmt: skip
COUNT = [("number", "i8"), ("minutes", "f8"), ("since", "f8")]


class World(NamedTuple):
    """Arrays of the records above; `rank` (L, 3) and `drive` (gates, zones) are plain. Lanes stand gate by gate."""

    legs: Records
    gates: Records
    lines: Records
    lanes: Records
    rank: IntArray
    zones: Records
    drive: FloatArray
    groups: Records
    paces: Records
    rows: Records
    steps: Records
    firsts: Records
    heap: Records
    run: Records
    counts: Records


STATE = ("legs", "gates", "lines", "lanes", "zones", "groups", "rows", "run", "counts")


def world(layout: Layout, legs: Legs) -> World:
    """Return the empty park before the day, nothing drawn yet: what `fresh` copies for each replication."""
    by_gate = np.argsort(layout.lanes.gate, kind="stable")
    lane_open, docks = _first_values(layout.lanes.open)[by_gate], _first_values(layout.docks.open)
    paces, rows, offsets = _paces(layout)
    steps = _steps((layout.lanes.open, layout.docks.open, layout.gates.exit_lanes), np.argsort(by_gate))
    rules = layout.rules
    tolerances = {"early_tolerance": rules.early_tolerance, "late_tolerance": rules.late_tolerance}
    return World(
        legs=_legs(layout, legs),
        gates=_gates(layout, by_gate, lane_open),
        lines=_records(LINE, len(layout.gates.yard) * len(TruckClass), head=-1),
        lanes=_records(LANE, len(by_gate), gate=layout.lanes.gate[by_gate], open=lane_open),
        rank=layout.lanes.rank[by_gate],
        zones=_records(ZONE, len(layout.zones.slope), slope=layout.zones.slope, free_flow=layout.zones.free_flow),
        drive=layout.zones.minutes,
        groups=_records(GROUP, len(docks), zone=layout.docks.zone, docks=docks, head=-1, held_head=-1),
        paces=paces,
        rows=rows,
        steps=steps,
        firsts=_records(FIRST, 0),
        heap=_records(EVENT, 2 * len(legs) + 1),  # a leg has at most two events to come
        run=_records(RUN, 1, rule=int(rules.early), **tolerances, **offsets),
        counts=_records(COUNT, len(Area)),
    )


def fresh(before: World, legs: Legs, drawn: Draws) -> World:
    """Return the empty park before the day with what a replication drew."""
    comes, following, first = _chains(legs, drawn)
    changing: dict[str, Any] = {name: _copied(getattr(before, name)) for name in STATE}
    for name, values in {
        "planned": comes,
        "road": legs.road_minutes * drawn.road_factor,
        "gate_minutes": drawn.gate_minutes,
        "in_factor": drawn.in_factor,
        "handling": legs.handling_minutes * drawn.handling_factor + legs.loading_minutes * drawn.loading_factor,
        "out_factor": drawn.out_factor,
        "exit_minutes": drawn.exit_minutes,
        "turn_minutes": drawn.turn_minutes,
        "following": following,
    }.items():
        changing["legs"][name] = values
    heap = np.empty(len(before.heap), dtype=EVENT).view(np.recarray)
    return before._replace(heap=heap, firsts=_records(FIRST, len(first), at=comes[first], leg=first), **changing)


def lane_numbers(layout: Layout, w: World) -> IntArray:
    """Return the lane of each leg by its number in the layout, -1 none."""
    by_gate = np.append(np.argsort(layout.lanes.gate, kind="stable"), -1)
    return np.asarray(by_gate[w.legs.lane], dtype=np.int64)


def _records(dtype: Any, size: int, **columns: Any) -> Records:
    """Return records of 0 but for the columns given."""
    made = np.zeros(size, dtype=dtype)
    for name, values in columns.items():
        made[name] = values
    return made.view(np.recarray)


def _legs(layout: Layout, legs: Legs) -> Records:
    return _records(
        LEG,
        len(legs),
        appointment=legs.appointment,
        is_visit=legs.kind == LegKind.VISIT,
        gate=legs.gate,
        exit_gate=legs.exit_gate,
        group=legs.dock_group,
        zone=np.append(layout.docks.zone, -1)[legs.dock_group],
        terminal=legs.terminal,
        truck_class=-1,
        lane=-1,
        **dict.fromkeys(TIMES, np.nan),
    )


def _copied(records: Records) -> Records:
    """Return a copy, made byte by byte: several times faster than field by field."""
    return records.view(np.uint8).copy().view(records.dtype, np.recarray)


def _gates(layout: Layout, by_gate: IntArray, lane_open: IntArray) -> Records:
    gate, count = layout.lanes.gate[by_gate], len(layout.gates.yard)
    ends = np.cumsum(np.bincount(gate, minlength=count))
    return _records(
        GATE,
        count,
        first_lane=np.append(0, ends[:-1])[:count],
        last_lane=ends - 1,
        yard=layout.gates.yard,
        free=np.bincount(gate, weights=lane_open, minlength=count),
        exits=_first_values(layout.gates.exit_lanes),
        road_head=-1,
        exit_head=-1,
    )


def _paces(layout: Layout) -> tuple[Records, Records, dict[str, int]]:
    """Return all paces in one: the steps, the rows, and where the rows of each part begin (gates at 0)."""
    parts = (layout.gates.pace, layout.zones.pace, layout.docks.pace, layout.outside.pace, layout.outside.road_pace)
    before = np.cumsum([0, *(len(each.at) for each in parts)])
    first = np.concatenate([each.offset[:-1] + b for each, b in zip(parts, before, strict=False)])
    last = np.concatenate([each.offset[1:] - 1 + b for each, b in zip(parts, before, strict=False)])
    at, value = (np.concatenate([getattr(each, name) for each in parts]) for name in ("at", "value"))
    begins = np.cumsum([each.rows for each in parts]).tolist()
    names = ("zone_pace", "group_pace", "terminal_pace", "road_pace")
    return (
        _records(PACE, len(at), at=at, value=value),
        _records(ROW, len(first), now=first, last=last),
        dict(zip(names, begins, strict=False)),
    )


def _chains(legs: Legs, drawn: Draws) -> tuple[FloatArray, IntArray, IntArray]:
    """Return when each leg means to come, the leg that follows it, and the first legs in the order of coming."""
    shown = np.flatnonzero(drawn.shows)
    truck = legs.truck[shown]
    follows = truck[1:] == truck[:-1]
    following = np.full(len(legs), -1, dtype=np.int64)
    following[shown[:-1][follows]] = shown[1:][follows]
    first = shown[np.concatenate([[True], ~follows])[: len(shown)]]
    planned = legs.planned.copy()
    for leg in first[np.isneginf(planned[first])].tolist():
        before = leg
        while np.isneginf(legs.planned[before]):
            before -= 1  # ends at the truck's first leg, which has a minute planned
        planned[leg] = legs.planned[before]
    comes = planned + drawn.offset
    return comes, following, first[_stable_order(comes[first])]


def _stable_order(at: FloatArray) -> IntArray:
    """Return the order of rising times, equal ones as they stand; the faster sort where no two are equal."""
    order = np.argsort(at)
    rising = at[order]
    return order if (rising[1:] > rising[:-1]).all() else np.argsort(at, kind="stable")


def _steps(parts: tuple[Steps, ...], lane_place: IntArray) -> Records:
    """Return all changes after the first values in the order of model.md; a lane's row is its place in the world."""
    later = [np.isfinite(each.at) for each in parts]
    at, value = (
        np.concatenate([getattr(each, name)[keep] for each, keep in zip(parts, later, strict=True)])
        for name in ("at", "value")
    )
    row = np.concatenate(
        [np.repeat(np.arange(each.rows), np.diff(each.offset))[keep] for each, keep in zip(parts, later, strict=True)]
    )
    part = np.repeat(np.arange(len(parts)), [int(keep.sum()) for keep in later])
    order = np.lexsort((row, part, at))
    is_lane = part == 0
    row[is_lane] = lane_place[row[is_lane]]
    return _records(STEP, len(at), at=at[order], part=part[order], row=row[order], value=value[order])


def _first_values(steps: Steps) -> IntArray:
    return np.asarray(steps.value[steps.offset[:-1]], dtype=np.int64)
