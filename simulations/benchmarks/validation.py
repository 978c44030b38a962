"""How near the simulated park is to published figures, and expected waits to what other runs of the day show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dispatch.model.park import Park
from dispatch.planning.capacity import dock_groups
from dispatch.roads.table import TravelTable
from simulations.demand.generate import generate_day
from simulations.kernel.arrays import FloatArray
from simulations.kernel.draws import generator
from simulations.kernel.layout import TruckClass
from simulations.kernel.run import run
from simulations.kernel.times import Mark, Times
from simulations.policies.find import find_policy
from simulations.policies.policy import Decision, Effort
from simulations.running.comparing import Tell
from simulations.running.deciding import planned
from simulations.running.intervals import Interval, interval
from simulations.running.layout import layout_of
from simulations.running.replications import Dice, Replicated, replicated
from simulations.running.roster import Roster, identities_of, roster_of
from simulations.running.waits import expected_waits
from simulations.scenarios.stage import Stage
from solver.reading import IntArray

SAVANNAH = "Georgia Ports Authority, Savannah Garden City"
EVERY = 50
LA = "PierPass turn time study 2011, Los Angeles/Long Beach, Oct 2010"


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are run: 7,000 visits are the 14,000 moves of a weekday at Savannah, one in and one out each."""

    visits: int = 7_000
    busy_visits: Sequence[int] = (7_500, 10_000)
    replications: int = 30
    seed: int = 1
    plan_seconds: float = 40.0
    expected_from: int = 10
    truth: int = 30


@dataclass(frozen=True)
class _Day:
    stage: Stage
    decision: Decision


def reality(study: Study, park: Park, travel: TravelTable, tell: Tell) -> Iterator[dict[str, Any]]:
    """Yield a row per published figure: what it is, its source, and the simulated park under two policies."""
    found: dict[str, Replicated] = {}
    by_kind: dict[str, dict[str, Interval]] = {}
    for policy in ("uncoordinated", "optimised"):
        tell(f"{study.visits} visits, {policy}")
        day = _day(study, park, travel, study.visits, policy)
        numbers = identities_of([day.stage])
        found[policy] = replicated(day.stage, day.decision, numbers, Dice(study.seed, study.replications))
        by_kind[policy] = _turn_by_move(study, day)
    cdf = {policy: _shares(ran) for policy, ran in found.items()}
    figures: list[tuple[str, str, str, dict[str, Any]]] = [
        ("turn time of a single move, min", "34", SAVANNAH, {p: by_kind[p]["single"] for p in found}),
        ("turn time of a dual move, min", "54", SAVANNAH, {p: by_kind[p]["dual"] for p in found}),
        ("turn time of all visits, other docks too, min", "-", "-", _means(found, "turn_minutes")),
        ("gate: reader to leaving the canopy, min", "8.2", SAVANNAH, {p: _at_gate(park, found[p]) for p in found}),
        ("queue outside the gate, median min", "20", LA, _means(found, "gate_wait_minutes")),
        ("whole visit, median min", "51", LA, _means(found, "turn_minutes_p50")),
        *(
            (f"visits under {limit} min, %", published, LA, {p: cdf[p][limit] for p in found})
            for limit, published in ((30, "27"), (60, "58"), (90, "75"), (120, "86"))
        ),
        ("empty share of all kilometres, %", "14-24", "EU and US road freight, several", _empty(found)),
    ]
    for figure, published, source, values in figures:
        yield {"figure": figure, "published": published, **{p: _text(value) for p, value in values.items()}} | {
            "source": source
        }


def predictions(study: Study, park: Park, travel: TravelTable, tell: Tell) -> Iterator[dict[str, Any]]:
    """Yield a row per day, policy and place: what trucks were told when they booked, and what they then waited.

    Every fiftieth booked truck is told what the plan without these trucks lets expect; then it comes, in other
    replications of the whole plan. `expected` and `truth` are means over these trucks; `apart` is the mean distance of
    what one was told from its mean wait, `one day` from its wait on one day, `share` how many were told that within
    five minutes.
    """
    for visits in study.busy_visits:
        for policy in ("first_come", "optimised"):
            tell(f"{visits} visits, {policy}: expected waits")
            day = _day(study, park, travel, visits, policy)
            numbers = identities_of([day.stage])
            asking = _asking(day)
            before = _without(day, asking)
            gates, docks = expected_waits(before.stage, before.decision, numbers, study.seed, study.expected_from)
            told = _Told(study, day, asking, (gates, docks))
            for place, expected, waited, cell in told.pairs():
                yield {"visits": visits, "policy": policy, "place": place} | _agreement(expected, waited, cell)


class _Told:
    """What trucks of other replications would have been told, and what they waited."""

    def __init__(self, study: Study, day: _Day, asking: set[str], waits: tuple[FloatArray, FloatArray]) -> None:
        self._study, self._day = study, day
        self._gates, self._docks = waits
        self._is_asking = np.array([visit.id in asking for visit in day.stage.visits])

    def pairs(self) -> Iterator[tuple[str, FloatArray, FloatArray, IntArray]]:
        """Yield for gates and docks: minutes told, minutes waited, and the number of each truck."""
        numbers = identities_of([self._day.stage])
        layout, roster = layout_of(self._day.stage), roster_of(self._day.stage, self._day.decision, numbers)
        parts: dict[str, list[tuple[FloatArray, FloatArray, IntArray]]] = {"gate": [], "dock": []}
        for replication in range(self._study.truth):
            rng = generator(self._study.seed + 1, replication)
            times = run(layout, roster.legs, roster.drawn(layout, rng))
            for place, table in (("gate", self._gates), ("dock", self._docks)):
                parts[place].append(self._seen(roster, times, place, table))
        for place, seen in parts.items():
            told, waited, cell = (np.concatenate([each[i] for each in seen]) for i in range(3))
            known_of = ~np.isnan(told)
            yield place, told[known_of], waited[known_of], cell[known_of]

    def _seen(
        self, roster: Roster, times: Times, place: str, table: FloatArray
    ) -> tuple[FloatArray, FloatArray, IntArray]:
        legs = roster.legs
        booked = (times.truck_class == TruckClass.BOOKED) & ~np.isnan(times[Mark.DOCK_BEGINS])
        asking = legs.visit & self._is_asking[roster.visit]
        legs_in = np.flatnonzero(booked & asking)
        slot = (legs.appointment[legs_in] // self._day.stage.park.grid.slot_minutes).astype(np.int64)
        row = (legs.gate if place == "gate" else legs.dock_group)[legs_in]
        gate_wait = times[Mark.GATE_BEGINS][legs_in] - times[Mark.READY_AT][legs_in]
        waited = gate_wait if place == "gate" else times.dock_wait[legs_in]
        return table[row, slot], waited, roster.visit[legs_in]


def _asking(day: _Day) -> set[str]:
    """Return the visits, every fiftieth of those that have a slot and carry no load."""
    return {each.visit.id for each in [p for p in day.decision.placements if p.visit.load is None][::EVERY]}


def _without(day: _Day, asking: set[str]) -> _Day:
    stage = replace(day.stage, booking=tuple(visit for visit in day.stage.booking if visit.id not in asking))
    kept = tuple(each for each in day.decision.placements if each.visit.id not in asking)
    return _Day(stage, replace(day.decision, placements=kept))


def _agreement(expected: FloatArray, waited: FloatArray, cell: IntArray) -> dict[str, Any]:
    count = np.bincount(cell)
    there = count > 0
    means = np.bincount(cell, weights=waited)[there] / count[there]
    told = np.bincount(cell, weights=expected)[there] / count[there]
    weight = count[there]
    return {
        "trucks": len(waited),
        "expected": float(expected.mean()),
        "truth": float(waited.mean()),
        "apart": float((np.abs(told - means) * weight).sum() / weight.sum()),
        "correlation": float(np.corrcoef(told, means)[0, 1]) if told.std() and means.std() else None,
        "one day": float(np.abs(expected - waited).mean()),
        "share within 5 min": float((np.abs(expected - waited) <= 5).mean()),
    }


def _day(study: Study, park: Park, travel: TravelTable, visits: int, policy: str) -> _Day:
    generated = generate_day(park, visits=visits, seed=1)
    stage = Stage(park, generated.date, generated.visits, (), generated.loads, generated.trucks, travel)
    decider = find_policy("validation", policy)
    return _Day(stage, planned(stage, decider, Effort(study.plan_seconds, study.seed)))


def _turn_by_move(study: Study, day: _Day) -> dict[str, Interval]:
    """Return the mean turn time at container docks of who delivers or collects, `single`, and who does both, `dual`."""
    numbers = identities_of([day.stage])
    layout, roster = layout_of(day.stage), roster_of(day.stage, day.decision, numbers)
    kinds = np.array([*(group.kind.value for _, group in dock_groups(day.stage.park)), ""])
    container, dual = kinds[roster.legs.dock_group] == "container", roster.legs.loading_minutes > 0
    means: list[tuple[float, float]] = []
    for replication in range(study.replications):
        times = run(layout, roster.legs, roster.drawn(layout, generator(study.seed, replication)))
        out = container & ~np.isnan(times[Mark.OUT])
        means.append((float(times.turn_time[out & ~dual].mean()), float(times.turn_time[out & dual].mean())))
    return {
        name: interval(np.array(each)) for name, each in zip(("single", "dual"), zip(*means, strict=True), strict=True)
    }


def _shares(ran: Replicated) -> dict[int, float]:
    counts = ran.turn_times.sum(axis=0)
    cumulative = 100 * np.cumsum(counts) / counts.sum()
    return {limit: float(cumulative[limit - 1]) for limit in (30, 60, 90, 120)}


def _means(found: dict[str, Replicated], measure: str) -> dict[str, Any]:
    return {policy: interval(ran.scalar(measure)) for policy, ran in found.items()}


def _empty(found: dict[str, Replicated]) -> dict[str, Any]:
    return {policy: interval(100 * ran.scalar("empty_share")) for policy, ran in found.items()}


def _at_gate(park: Park, ran: Replicated) -> float:
    service = float(np.mean([gate.seconds_per_truck for gate in park.gates])) / 60
    return float(ran.scalar("gate_wait_minutes").mean()) + service


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if isinstance(value, float) else f"{float(value.mean):.3g} ± {float(value.half_width):.2g}"
