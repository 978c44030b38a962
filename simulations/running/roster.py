"""A decided day as the kernel's legs: who drives what in which order, and when each means to be there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dispatch.model.day import Visit
from dispatch.planning.capacity import dock_groups
from simulations.kernel.arrays import BoolArray, FloatArray
from simulations.kernel.draws import Draws, draws, roll
from simulations.kernel.layout import Layout
from simulations.kernel.legs import LegKind, Legs
from simulations.policies.policy import Decision
from simulations.running import assumptions as assumed
from simulations.running.kilometres import Kilometres, kilometres_of
from simulations.running.layout import EXACT, PUNCTUAL
from simulations.scenarios.stage import Stage
from solver.reading import IntArray

GOLDEN = 0.6180339887498949  # spreads the trucks of a slot evenly over its minutes, each at a minute of its own
BEGIN, END = "begin of ", "end of "  # before the id of a load: its ends among identities, where they are no visits


@dataclass(frozen=True)
class Roster:
    """The legs of a day with what they stand for, arrays (legs,).

    `visit` is the index among the stage's visits, -1 for port runs; `warehouse` and `carrier` are indices in the
    park, -1 for port runs; `warehouses` and `carriers` count the park's, `identities` all that draws. `meant` is the
    minute at which a visit is due at the gate, by its appointment or wish, `wish` the minute wished for, `displaced`
    the minutes from the wish's slot to the one given, NaN where none was. `load` is the load of a leg, -1 for none;
    `visit_leg` (loads,) the leg that is a load's visit, -1 where it has none in the park.
    """

    legs: Legs
    visit: IntArray
    warehouse: IntArray
    carrier: IntArray
    meant: FloatArray
    wish: FloatArray
    displaced: FloatArray
    load: IntArray
    visit_leg: IntArray
    km: Kilometres
    warehouses: int
    carriers: int
    identities: int

    def drawn(self, layout: Layout, rng: np.random.Generator) -> Draws:
        """Return what chance decides of a replication; the generator is asked for all identities, whoever drives."""
        found = draws(layout, self.legs, roll(rng, self.identities))
        return replace(found, shows=self.shown(found.shows))

    def shown(self, shows: BoolArray) -> BoolArray:
        """Return which legs are driven, (legs,), when chance says `shows`: a load is moved whole or not at all."""
        of_load = np.append(np.append(shows, [True])[self.visit_leg], [True])
        return np.asarray(shows & of_load[self.load])


def identities_of(stages: Iterable[Stage]) -> dict[str, int]:
    """Return a number for everything that draws, the same in all stages; the first stage's come first."""
    numbers: dict[str, int] = {}
    for stage in stages:
        ends = (f"{end}{load.id}" for load in stage.loads for end in (BEGIN, END))
        for name in (*(visit.id for visit in stage.visits), *ends):
            numbers.setdefault(name, len(numbers))
    return numbers


@dataclass(frozen=True, slots=True)
class _Stop:
    """One leg before it has a number: a visit, or an end of a load outside the park."""

    name: str
    place: str
    planned: float
    visit: int = -1
    load: int = -1


def roster_of(stage: Stage, decision: Decision, numbers: Mapping[str, int]) -> Roster:
    """Return the legs of a decided day.

    A truck drives its own visits (those that are no end of a load) in the order of their times, then its chain of
    loads. A load in no chain is a truck of its own, which comes for it and drives home.
    """
    return _Writer(stage, decision, numbers).roster()


class _Writer:
    """Looks up what legs are made of."""

    def __init__(self, stage: Stage, decision: Decision, numbers: Mapping[str, int]) -> None:
        self._stage = stage
        self._decision = decision
        self._numbers = numbers
        self._visits = stage.visits
        self._index = {visit.id: i for i, visit in enumerate(self._visits)}
        booking = {visit.id for visit in stage.booking}  # who has become a walk-in has no appointment any more
        self._placed = {self._index[each.visit.id]: each for each in decision.placements if each.visit.id in booking}
        self._wish = self._minutes(visit.wish for visit in self._visits)
        self._planned = np.array([self._minute(i) for i in range(len(self._visits))], dtype=np.float64)

    def roster(self) -> Roster:
        trucks = list(self._trucks())
        stops = [stop for truck in trucks for stop in truck]
        visit = np.array([stop.visit for stop in stops], dtype=np.int64)
        truck = np.repeat(np.arange(len(trucks)), [len(each) for each in trucks])
        park = self._stage.park
        warehouse = {each.id: i for i, each in enumerate(park.warehouses)}
        carrier = {each.id: i for i, each in enumerate(park.enterprises)}
        load, visit_leg = self._legs_of_loads(stops)
        grid = park.grid.slot_minutes
        slots = np.array([self._placed[i].slot if i in self._placed else nan for i in range(len(self._visits))])
        return Roster(
            legs=self._legs(stops, visit, truck.astype(np.int64)),
            visit=visit,
            warehouse=_of(visit, [warehouse[each.warehouse] for each in self._visits], -1),
            carrier=_of(visit, [carrier[each.carrier] for each in self._visits], -1),
            meant=_of(visit, self._planned, nan),
            wish=_of(visit, self._wish, nan),
            displaced=_of(visit, np.abs(slots - self._wish // grid) * grid, nan),
            load=load,
            visit_leg=visit_leg,
            km=kilometres_of(self._stage, self._decision),
            warehouses=len(park.warehouses),
            carriers=len(park.enterprises),
            identities=len(self._numbers),
        )

    def _minute(self, i: int) -> float:
        """Return when a visit means to be at the gate: at a minute of its slot of its own, or when it wishes."""
        placement = self._placed.get(i)
        if placement is None:
            return float(self._wish[i])
        spread = (self._numbers[self._visits[i].id] * GOLDEN) % 1.0
        return (placement.slot + spread) * self._stage.park.grid.slot_minutes

    def _trucks(self) -> Iterator[list[_Stop]]:
        loads = {load.id: n for n, load in enumerate(self._stage.loads)}
        chain_of = {chain.plate: chain for chain in self._decision.chains}
        chained = {each.load for chain in self._decision.chains for each in chain.loads}
        own: dict[str, list[int]] = {}
        ends = {end for load in self._stage.loads for end in (load.pickup_visit, load.delivery_visit) if end}
        for i, visit in enumerate(self._visits):
            if visit.id not in ends:
                own.setdefault(visit.plate, []).append(i)
        for plate in dict.fromkeys((*own, *chain_of)):
            mine = sorted(own.get(plate, ()), key=lambda i: self._planned[i])
            stops = [self._visit_stop(i) for i in mine]
            if plate in chain_of:
                for each in chain_of[plate].loads:
                    if each.load in loads:
                        begin = self._minutes([each.starts_at])[0]
                        stops += self._load_stops(loads[each.load], begin)
            if stops:
                yield stops
        for load, n in loads.items():
            if load not in chained:
                yield self._load_stops(n, None)

    def _visit_stop(self, i: int, load: int = -1) -> _Stop:
        visit = self._visits[i]
        return _Stop(visit.id, visit.warehouse, float(self._planned[i]), i, load)

    def _load_stops(self, n: int, begin: float | None) -> list[_Stop]:
        """Return both ends of a load; `begin` is the planned minute of its loading, None for as the visit wants."""
        load = self._stage.loads[n]
        pickup, delivery = (self._index.get(visit or "") for visit in (load.pickup_visit, load.delivery_visit))
        if begin is None:
            drive = self._drive(load.origin, load.destination) + load.load_minutes
            earliest = float(self._minutes([load.earliest])[0])
            begin = earliest if delivery is None else float(self._planned[delivery]) - drive
        first = _Stop(f"{BEGIN}{load.id}", load.origin, begin, load=n)
        last = _Stop(f"{END}{load.id}", load.destination, -inf, load=n)
        return [
            first if pickup is None else self._visit_stop(pickup, n),
            last if delivery is None else self._visit_stop(delivery, n),
        ]

    def _legs(self, stops: list[_Stop], visit: IntArray, truck: IntArray) -> Legs:
        park = self._stage.park
        gates = {each.id: i for i, each in enumerate(park.gates)}
        groups = {(warehouse.id, group.kind): g for g, (warehouse, group) in enumerate(dock_groups(park))}
        cargo = {each.id: i for i, each in enumerate(park.cargo_kinds)}
        places = {each.id: i for i, each in enumerate(park.places)}
        usual = [self._usual_gate(each) for each in self._visits]
        entry = [self._placed[i].gate if i in self._placed else gate for i, gate in enumerate(usual)]
        is_visit = visit >= 0
        appointment = np.where([i in self._placed for i in range(len(self._visits))], self._planned, nan)
        stage_no_show = self._stage.no_show_share
        no_show = assumed.NO_SHOW.value if stage_no_show is None else stage_no_show
        return Legs(
            truck=truck,
            identity=np.array([self._numbers[stop.name] for stop in stops], dtype=np.int64),
            kind=np.where(is_visit, LegKind.VISIT, LegKind.RUN),
            planned=np.array([stop.planned for stop in stops], dtype=np.float64),
            road_minutes=self._roads(stops, truck),
            no_show=np.where(is_visit, no_show, 0.0),
            punctuality=np.where(is_visit, PUNCTUAL, EXACT),
            appointment=_of(visit, appointment, nan),
            gate=_of(visit, [gates[each] for each in entry], -1),
            exit_gate=_of(visit, [gates[each] for each in usual], -1),
            dock_group=_of(visit, [groups[each.warehouse, each.dock_kind] for each in self._visits], -1),
            cargo=_of(visit, [cargo[each.cargo_kind] for each in self._visits], -1),
            handling_minutes=_of(visit, [float(each.minutes - each.collect_minutes) for each in self._visits], 0.0),
            loading_minutes=_of(visit, [float(each.collect_minutes) for each in self._visits], 0.0),
            terminal=np.array(
                [-1 if s.visit >= 0 else places.get(s.place, len(places)) for s in stops], dtype=np.int64
            ),
        )

    def _usual_gate(self, visit: Visit) -> str:
        gates = self._stage.park.gates_for(self._stage.park.warehouse_by_id[visit.warehouse])
        return next((gate.id for gate in gates if gate.entry_lanes), gates[0].id)

    def _roads(self, stops: list[_Stop], truck: IntArray) -> FloatArray:
        """Return the drive to each stop from the one before: by road for loads, the park's turn between own visits."""
        rules, grid = self._stage.park.rules, self._stage.park.grid
        turn = float(rules.turn_slots * grid.slot_minutes)
        minutes = np.zeros(len(stops))
        for i in range(1, len(stops)):
            before, here = stops[i - 1], stops[i]
            if truck[i] == truck[i - 1]:
                minutes[i] = turn if here.load < 0 else self._drive(before.place, here.place)
        return minutes

    def _drive(self, one: str, other: str) -> float:
        index = self._stage.travel.index
        return float(self._stage.travel.minutes[index[one], index[other]])

    def _legs_of_loads(self, stops: list[_Stop]) -> tuple[IntArray, IntArray]:
        """Return the load of each leg, and of each load the leg that is its visit; -1 where there is none."""
        load = np.array([stop.load for stop in stops], dtype=np.int64)
        visit_leg = np.full(len(self._stage.loads), -1, dtype=np.int64)
        for i, stop in enumerate(stops):
            if stop.load >= 0 and stop.visit >= 0:
                visit_leg[stop.load] = i
        return load, visit_leg

    def _minutes(self, moments: Iterable[object]) -> FloatArray:
        grid, day = self._stage.park.grid, self._stage.date
        return np.array([grid.minute_of(each, day) for each in moments], dtype=np.float64)  # type: ignore[arg-type]


def _of(index: IntArray, values: ArrayLike, missing: float) -> Any:
    """Return the value of each index, `missing` where that is -1."""
    kind = np.int64 if isinstance(missing, int) else np.float64
    return np.append(np.asarray(values, dtype=kind), missing)[index]
