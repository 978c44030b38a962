"""A park of any size for measuring the kernel: everything that model.md knows happens on its day."""

from math import inf

import numpy as np

from simulations.demand.profile import weekday_profile
from simulations.kernel.distributions import EXACTLY_1, Distribution, Kind, fixed
from simulations.kernel.layout import (
    UNLIMITED,
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
from simulations.kernel.legs import LegKind, Legs
from simulations.kernel.steps import Steps
from solver.reading import IntArray

VISITS_PER_GATE = 5_000
LANES_PER_GATE = 6
VISITS_PER_GROUP = 30  # 334 dock groups for 10,000 visits
ZONES, TERMINALS, CARGO_KINDS = 8, 3, 3
GATE_MINUTES, EXIT_MINUTES, TURN_MINUTES, HANDLING_MINUTES = 1.2, 0.6, 34.0, 30.0
LUNCH, RAIN, OUTAGE = (720.0, 780.0), 840.0, (540.0, 660.0)


def whole_park(visits: int) -> Layout:
    """Return a park for a day of so many visits: a lane for walk-ins and one for late trucks at each gate that help
    the others out, holding yards, lunch, a lane and docks closed in the morning, rain in the afternoon.
    """
    gates, groups = max(1, visits // VISITS_PER_GATE), max(1, visits // VISITS_PER_GROUP)
    classes = np.array([TruckClass.BOOKED] * (LANES_PER_GATE - 2) + [TruckClass.WALK_IN, TruckClass.LATE])
    lanes = Steps.constant(np.ones(gates * LANES_PER_GATE)).capped([2], *OUTAGE, 0)
    docks = Steps.constant(2.0 + np.arange(groups) % 2).lowered(range(groups), *LUNCH, 1)
    return Layout(
        Lanes(
            np.repeat(np.arange(gates), LANES_PER_GATE),
            np.tile(lane_ranks(classes, Pooling.OVERFLOW), (gates, 1)),
            lanes,
        ),
        Gates(
            np.full(gates, 60),
            (_noisy(GATE_MINUTES),) * gates,
            Steps.constant(np.full(gates, 4)),
            (_noisy(EXIT_MINUTES),) * gates,
            _rainy(gates),
        ),
        Zones(
            np.array([[3.0 + (3 * gate + zone) % 9 for zone in range(ZONES)] for gate in range(gates)]),
            _rainy(ZONES),
            np.full(ZONES, visits // 1_000),
            np.full(ZONES, 0.01),
            _noisy(1.0),
        ),
        Docks(
            np.arange(groups) % ZONES,
            docks.capped(range(0, groups, 50), *OUTAGE, 0),
            _rainy(groups),
            (_noisy(1.0),) * CARGO_KINDS,
        ),
        Outside(
            (_noisy(TURN_MINUTES),) * TERMINALS,
            Steps.constant(np.ones(TERMINALS)),
            _rainy(1),
            _noisy(1.0),
            (Distribution(Kind.NORMAL, 0.0, 15.0),),
        ),
        Rules(EarlyRule.SERVED_IF_DOCK_FREE),
    )


def whole_day(visits: int, rng: np.random.Generator) -> Legs:
    """Return a day of the park: a fifth of the trucks come two or three times and drive to a terminal in between, one
    visit in ten is a walk-in, one in twenty does not show.
    """
    gates, groups = max(1, visits // VISITS_PER_GATE), max(1, visits // VISITS_PER_GROUP)
    per_truck = rng.choice([1, 2, 3], visits, p=[0.8, 0.14, 0.06])
    trucks = int(np.searchsorted(np.cumsum(per_truck), visits)) + 1
    visit_truck = np.repeat(np.arange(trucks), per_truck[:trucks])[:visits]
    number = np.arange(visits) - np.searchsorted(visit_truck, visit_truck)
    truck = np.repeat(visit_truck, 1 + (number > 0))  # before each further visit, a run
    visit = np.diff(np.repeat(np.arange(visits), 1 + (number > 0)), append=visits) > 0
    is_run = ~visit
    first = rng.choice(24, trucks, p=weekday_profile()) * 60.0 + rng.uniform(0, 60, trucks)
    planned = np.where(is_run, -inf, first[truck] + 120.0 * np.repeat(number, 1 + (number > 0)))
    n = len(truck)
    return Legs(
        truck=truck,
        identity=np.arange(n),
        kind=np.where(visit, LegKind.VISIT, LegKind.RUN),
        planned=planned,
        road_minutes=rng.uniform(10, 40, n),
        no_show=np.where(visit, 0.05, 0.0),
        punctuality=np.zeros(n, dtype=np.int64),
        appointment=np.where(visit & (rng.random(n) < 0.9), np.floor(planned / 15) * 15, np.nan),
        gate=_of_visits(visit, rng.integers(0, gates, n)),
        exit_gate=_of_visits(visit, rng.integers(0, gates, n)),
        dock_group=_of_visits(visit, rng.integers(0, groups, n)),
        cargo=_of_visits(visit, rng.integers(0, CARGO_KINDS, n)),
        handling_minutes=np.where(visit, HANDLING_MINUTES, 0.0),
        loading_minutes=np.zeros(len(visit)),
        terminal=_of_visits(is_run, rng.integers(0, TERMINALS, n)),
    )


def gate_and_docks(visits: int) -> Layout:
    """Return a park of one gate and dock groups and nothing else: what a queueing network is."""
    gates, groups = max(1, visits // VISITS_PER_GATE), max(1, visits // VISITS_PER_GROUP)
    lanes = gates * LANES_PER_GATE
    return Layout(
        Lanes(
            np.zeros(lanes, dtype=int), np.zeros((lanes, len(TruckClass)), dtype=int), Steps.constant(np.ones(lanes))
        ),
        Gates(
            np.array([UNLIMITED]),
            (Distribution(Kind.EXPONENTIAL, GATE_MINUTES),),
            Steps.constant([visits]),
            (fixed(0.0),),
            Steps.constant([1]),
        ),
        Zones(np.zeros((1, 1)), Steps.constant([1]), np.array([UNLIMITED]), np.zeros(1)),
        Docks(
            np.zeros(groups, dtype=int),
            Steps.constant(2.0 + np.arange(groups) % 2),
            Steps.constant(np.ones(groups)),
            (Distribution(Kind.EXPONENTIAL, 1.0),),
        ),
        Outside((), Steps.constant([]), Steps.constant([1]), EXACTLY_1, (fixed(0.0),)),
    )


def plain_day(visits: int, rng: np.random.Generator) -> Legs:
    """Return a day of the park of one gate: everybody comes once, unbooked."""
    nothing = np.zeros(visits, dtype=np.int64)
    hour = rng.choice(24, visits, p=weekday_profile())
    groups = max(1, visits // VISITS_PER_GROUP)
    return Legs(
        truck=np.arange(visits),
        identity=np.arange(visits),
        kind=nothing + LegKind.VISIT,
        planned=np.sort(hour * 60.0 + rng.uniform(0, 60, visits)),
        road_minutes=np.zeros(visits),
        no_show=np.zeros(visits),
        punctuality=nothing,
        appointment=np.full(visits, np.nan),
        gate=nothing,
        exit_gate=nothing,
        dock_group=rng.integers(0, groups, visits),
        cargo=nothing,
        handling_minutes=np.full(visits, HANDLING_MINUTES),
        loading_minutes=np.zeros(visits),
        terminal=nothing - 1,
    )


def _noisy(mean: float) -> Distribution:
    return Distribution(Kind.LOGNORMAL, mean, 0.3)


def _rainy(rows: int) -> Steps:
    return Steps.constant(np.ones(rows)).scaled(range(rows), RAIN, inf, 1.15)


def _of_visits(mine: np.ndarray, numbers: IntArray) -> IntArray:
    return np.where(mine, numbers, -1)
