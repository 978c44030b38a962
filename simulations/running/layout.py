"""A park with a scenario's disturbances, as the kernel sees it."""

from dataclasses import replace
from math import inf

import numpy as np

from dispatch.model.grid import MINUTES_A_DAY
from dispatch.model.park import DockGroup, Gate, Park, Position, Warehouse, minute_of_day
from dispatch.planning.capacity import dock_groups
from dispatch.roads.estimate import EARTH_KM
from simulations.demand.distributions import OUTSIDE_MINUTES
from simulations.kernel.arrays import FloatArray
from simulations.kernel.distributions import Distribution, Kind, fixed
from simulations.kernel.layout import (
    Docks,
    EarlyRule,
    Gates,
    Lanes,
    Layout,
    Outside,
    Pooling,
    Rules,
    TruckClass,
    Zones,
    lane_ranks,
)
from simulations.kernel.steps import Steps
from simulations.running import assumptions as assumed
from simulations.scenarios.changes import Disturbance, DocksClosed, Handling, HouseRule, LaneClosed, Rain
from simulations.scenarios.stage import Stage

EXACT, PUNCTUAL = 0, 1  # kinds of punctuality: port runs, visits
GATE_CIRCUITY = 1.5


def layout_of(stage: Stage) -> Layout:
    """Return the stage's park for the kernel: gates, zones and dock groups in the park's order; terminals are its
    places outside, and last one for ends of loads in the park that are no visit.
    """
    park = stage.park
    layout = _undisturbed(park, stage.house_rule or HouseRule(early_trucks="served"), _punctuality(stage))
    for each in stage.disturbances:
        layout = _disturbed(park, layout, each)
    return layout


def _undisturbed(park: Park, rule: HouseRule, punctuality: Distribution) -> Layout:
    lane_gate = [i for i, gate in enumerate(park.gates) for _ in range(_lanes(gate))]
    return Layout(
        lanes=Lanes(
            gate=np.array(lane_gate, dtype=np.int64),
            rank=np.concatenate(
                [np.zeros((0, len(TruckClass)), dtype=np.int64), *(_ranks(gate) for gate in park.gates)]
            ),
            open=Steps.of_rows([_open(gate) for gate in park.gates for _ in range(_lanes(gate))]),
        ),
        gates=Gates(
            yard=np.array([_yard(gate, rule) for gate in park.gates]),
            service=tuple(_lognormal(gate.seconds_per_truck / 60, assumed.GATE_SIGMA.value) for gate in park.gates),
            exit_lanes=Steps.constant([max(1, gate.exit_lanes) for gate in park.gates]),
            exit_service=tuple(
                _lognormal(gate.seconds_per_truck / 60 * assumed.EXIT_SHARE.value, assumed.GATE_SIGMA.value)
                for gate in park.gates
            ),
            pace=_ones(len(park.gates)),
        ),
        zones=Zones(
            minutes=_drives(park),
            pace=_ones(len(park.zones)),
            free_flow=np.full(len(park.zones), assumed.FREE_FLOW.value),
            slope=np.full(len(park.zones), assumed.CROWD_SLOPE.value),
            noise=_lognormal(1.0, assumed.DRIVE_SIGMA.value),
        ),
        docks=_docks(park),
        outside=_outside(park, punctuality),
        rules=Rules(
            early=EarlyRule.WAITS if rule.early_trucks == "wait" else EarlyRule.SERVED_IF_DOCK_FREE,
            early_tolerance=assumed.TOLERANCE_MINUTES.value,
            late_tolerance=assumed.TOLERANCE_MINUTES.value,
        ),
    )


def _docks(park: Park) -> Docks:
    groups = dock_groups(park)
    zone = {each.id: i for i, each in enumerate(park.zones)}
    return Docks(
        zone=np.array([zone[warehouse.zone] for warehouse, _ in groups], dtype=np.int64),
        open=Steps.of_rows([_open_docks(warehouse, group) for warehouse, group in groups]),
        pace=_ones(len(groups)),
        noise=tuple(_lognormal(1.0, assumed.HANDLING.value) for _ in park.cargo_kinds),
    )


def _outside(park: Park, punctuality: Distribution) -> Outside:
    means = [float(OUTSIDE_MINUTES.value[place.kind]) for place in park.places]
    means.append(sum(kind.handling_minutes for kind in park.cargo_kinds) / max(1, len(park.cargo_kinds)))
    return Outside(
        turn=tuple(_lognormal(mean, assumed.TERMINAL_SIGMA.value) for mean in means),
        pace=_ones(len(means)),
        road_pace=_ones(1),
        road_noise=_lognormal(1.0, assumed.DRIVE_SIGMA.value),
        punctuality=(fixed(0.0), punctuality),
    )


def _punctuality(stage: Stage) -> Distribution:
    change = stage.punctuality
    if change is None:
        return assumed.PUNCTUALITY.value
    return Distribution(Kind.NORMAL, change.mean_minutes, change.sigma_minutes)


def _ranks(gate: Gate) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the ranks of a gate's lanes: booked first, then walk-in, then late; each helps out where none waits."""
    lanes = _lanes(gate)
    walk_in = max(1, round(assumed.WALK_IN_LANES.value * lanes)) if lanes > 1 else 0
    late = assumed.LATE_LANES.value if lanes > 3 else 0
    classes = [TruckClass.BOOKED] * (lanes - walk_in - late) + [TruckClass.WALK_IN] * walk_in + [TruckClass.LATE] * late
    return lane_ranks(np.array(classes, dtype=np.int64), Pooling.OVERFLOW)


def _lanes(gate: Gate) -> int:
    """Return how many entry lanes the kernel has of a gate: where it has none, one that never opens."""
    return max(1, gate.entry_lanes)


def _yard(gate: Gate, rule: HouseRule) -> int:
    return gate.entry_lanes * assumed.YARD_PLACES.value if rule.yard_places is None else rule.yard_places


def _open(gate: Gate) -> tuple[list[float], list[float]]:
    """Return the steps of a lane: open in the gate's hours, and on past midnight where these end with the day."""
    opens, closes = minute_of_day(gate.hours.opens), minute_of_day(gate.hours.closes)
    return _span(opens, inf if closes == MINUTES_A_DAY else closes, min(1, gate.entry_lanes))


def _open_docks(warehouse: Warehouse, group: DockGroup) -> tuple[list[float], list[float]]:
    """Return the docks of a group through the day: none outside the hours, overtime allowed, fewer at lunch."""
    opens, closes = minute_of_day(warehouse.hours.opens), minute_of_day(warehouse.hours.closes)
    last = inf if closes == MINUTES_A_DAY else float(closes + assumed.OVERTIME_MINUTES.value)
    cuts = {minute_of_day(text) for each in group.reductions for text in (each.span.opens, each.span.closes)}
    at, value = _span(opens, last, group.docks_at(opens))
    for cut in sorted(cut for cut in cuts if opens < cut < last):
        place = int(np.searchsorted(at, cut))
        at.insert(place, float(cut))
        value.insert(place, float(group.docks_at(cut)))
    return at, value


def _span(begin: float, end: float, value: float) -> tuple[list[float], list[float]]:
    at, values = ([-inf], [float(value)]) if begin <= 0 else ([-inf, float(begin)], [0.0, float(value)])
    if end < inf:
        at.append(float(end))
        values.append(0.0)
    return at, values


def _drives(park: Park) -> FloatArray:
    """Return minutes from each gate to each zone: the zone's own, and between the gates where it is another gate."""
    gate = {each.id: i for i, each in enumerate(park.gates)}
    return np.array(
        [
            [zone.drive_minutes + _between(here.position, park.gates[gate[zone.gate]].position) for zone in park.zones]
            for here in park.gates
        ],
        dtype=np.float64,
    ).reshape(len(park.gates), len(park.zones))


def _between(one: Position, other: Position) -> float:
    """Return the minutes between two near points by road."""
    north = np.radians(one.latitude - other.latitude)
    east = np.radians(one.longitude - other.longitude) * np.cos(np.radians(one.latitude))
    return float(np.hypot(north, east) * EARTH_KM * GATE_CIRCUITY / assumed.OTHER_GATE_KMH.value * 60)


def _disturbed(park: Park, layout: Layout, disturbance: Disturbance) -> Layout:
    begin, end = disturbance.span
    until = inf if end == MINUTES_A_DAY else float(end)

    def slowed(steps: Steps, factor: float) -> Steps:
        return steps.scaled(range(steps.rows), begin, until, factor)

    lanes, gates, zones, docks, outside = layout.lanes, layout.gates, layout.zones, layout.docks, layout.outside
    match disturbance:
        case LaneClosed(side="entry"):
            row = int(np.flatnonzero(lanes.gate == _gate_index(park, disturbance.gate))[disturbance.lane - 1])
            lanes = replace(lanes, open=lanes.open.capped([row], begin, until, 0.0))
        case LaneClosed():
            row = _gate_index(park, disturbance.gate)
            gates = replace(gates, exit_lanes=gates.exit_lanes.lowered([row], begin, until, 1.0))
        case DocksClosed():
            row = [group.id for _, group in dock_groups(park)].index(disturbance.dock_group)
            by = inf if disturbance.docks is None else float(disturbance.docks)
            docks = replace(docks, open=docks.open.lowered([row], begin, until, by))
        case Handling():
            docks = replace(docks, pace=slowed(docks.pace, disturbance.factor))
        case Rain():
            gates = replace(gates, pace=slowed(gates.pace, disturbance.factor))
            zones = replace(zones, pace=slowed(zones.pace, disturbance.factor))
            docks = replace(docks, pace=slowed(docks.pace, disturbance.factor))
            outside = replace(
                outside,
                pace=slowed(outside.pace, disturbance.factor),
                road_pace=slowed(outside.road_pace, disturbance.factor),
            )
    return Layout(lanes, gates, zones, docks, outside, layout.rules)


def _gate_index(park: Park, gate: str) -> int:
    return [each.id for each in park.gates].index(gate)


def _lognormal(mean: float, sigma: float) -> Distribution:
    return Distribution(Kind.LOGNORMAL, mean, sigma)


def _ones(rows: int) -> Steps:
    return Steps.constant(np.ones(rows))
