"""The planner: slots and loads together before the day, both again when the day breaks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from dispatch.model.day import Load, Truck
from dispatch.model.promises import MatchedLoad
from dispatch.planning.matching import PlannedChain, chains, matching_problem
from dispatch.planning.matching_round import LiveTruck, Timing, round_board, stretches_of
from dispatch.planning.permitted import OpenLoad
from dispatch.planning.slots import Placement, SlotProblem, slot_problem
from dispatch.planning.together import Asked, Budget, Requests, Watch, plan_together
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import ties_of
from solver.matching.online import match_round
from solver.matching.plan import Chain
from solver.reading import IntArray
from solver.slots.promises import as_promised
from solver.slots.solve import solve as solve_slots


class Optimised:
    """Plans as the service plans a day; breaking a promise has the house's price (`replan_move_cost`)."""

    def plan(self, known: Known, effort: Effort) -> Decision:
        """Return the plan of the day (`dispatch.planning.together`)."""
        requests = Requests(known.visits, [OpenLoad(load) for load in known.loads], known.trucks)
        asked = Asked.of(known.park, known.date, requests, known.travel, known.free)
        found = plan_together(asked, Budget.of(effort.seconds, effort.seed), Watch())
        return Decision(found.given.placements, chains(found.tied, found.matched.plan))

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:
        """Return the slots planned again from `first_slot` on, and a matching round of the loads not begun by then."""
        problem = slot_problem(known.park, known.date, known.visits, known.free)
        move = known.park.rules.replan_move_cost
        promised = as_promised(problem.instance, _starts(problem, before), now=first_slot, move=move)
        outcome = solve_slots(promised, seconds=effort.seconds / 4, seed=effort.seed)
        placed = _placed(problem, outcome.plan.start, before)
        return Decision(placed, _matched_again(known, before, placed, first_slot))


@dataclass(frozen=True)
class _Begun:
    """Chains at a moment: the loads of each plate that have begun, and the ids of those that have not."""

    loads: Mapping[str, tuple[MatchedLoad, ...]]
    ahead: Mapping[str, tuple[str, ...]]

    @classmethod
    def at(cls, planned: Sequence[PlannedChain], now: datetime) -> "_Begun":
        begun = {each.plate: tuple(load for load in each.loads if load.starts_at < now) for each in planned}
        ahead = {each.plate: tuple(load.load for load in each.loads if load.starts_at >= now) for each in planned}
        return cls(begun, ahead)

    def find_last(self, plate: str) -> MatchedLoad | None:
        loads = self.loads.get(plate, ())
        return loads[-1] if loads else None


def _matched_again(
    known: Known, before: Decision, placed: Sequence[Placement], first_slot: int
) -> tuple[PlannedChain, ...]:
    """Return the chains after a matching round: what has begun stays, all that has not is open to every truck."""
    ties = ties_of(known)
    slots = ties.slots(placed)
    tied = {load.id: load for load in ties.in_slots(known.loads, slots)}
    now = known.park.grid.start_of(known.date, first_slot)
    begun = _Begun.at(_of_the_day(known, before.chains), now)
    gone = {each.load for loads in begun.loads.values() for each in loads}
    chained = {name for names in begun.ahead.values() for name in names}
    alone = {load.id for load in tied.values() if load.id not in chained and load.earliest < now}
    loads = [OpenLoad(load) for load in tied.values() if load.id not in gone | alone]
    trucks = ties.free_after_own(known.trucks, slots)
    live = [LiveTruck(truck, tuple(_as_driven(begun.find_last(truck.plate), tied))) for truck in trucks]
    stretches = [stretch for each in live for stretch in stretches_of(known.park, known.travel, each)]
    free = [each.truck for each in stretches]
    problem = matching_problem(known.park, known.date, [each.load for each in loads], free, known.travel)
    at = Timing(known.date, now - timedelta(minutes=known.park.rules.react_minutes), timedelta(0))
    number = {each.load.id: i for i, each in enumerate(loads)}
    resumed = [
        Chain(k, tuple(number[name] for name in begun.ahead.get(truck.plate, ())), ()) for k, truck in enumerate(free)
    ]
    plan = match_round(round_board(problem, loads, stretches, at), before=resumed).plan
    new = {chain.plate: chain.loads for chain in chains(problem, plan)}
    after = {truck.plate: (*begun.loads.get(truck.plate, ()), *new.get(truck.plate, ())) for truck in known.trucks}
    return tuple(_driven(known, truck, after[truck.plate], tied) for truck in known.trucks if after[truck.plate])


def _of_the_day(known: Known, planned: Sequence[PlannedChain]) -> list[PlannedChain]:
    """Return the chains without what is no longer there: a scenario may have taken away trucks and loads."""
    plates, loads = {truck.plate for truck in known.trucks}, {load.id for load in known.loads}
    there = [each for each in planned if each.plate in plates]
    return [replace(each, loads=tuple(load for load in each.loads if load.load in loads)) for each in there]


def _as_driven(last: MatchedLoad | None, tied: Mapping[str, Load]) -> Iterator[tuple[Load, datetime]]:
    """Yield a truck's last load with its begin, as late as the slot its visit has now makes it."""
    if last is not None:
        load = tied[last.load]
        yield load, min(max(last.starts_at, load.earliest), load.latest)


def _driven(known: Known, truck: Truck, loads: tuple[MatchedLoad, ...], by_id: Mapping[str, Load]) -> PlannedChain:
    """Return a truck's chain with what it drives from where it is free to its home."""
    ends = [end for each in loads for end in (by_id[each.load].origin, by_id[each.load].destination)]
    places = [known.travel.index[place] for place in (truck.free_at, *ends, truck.home)]
    km = known.travel.km[places[:-1], places[1:]]
    return PlannedChain(truck.plate, loads, empty_km=int(km[::2].sum()), loaded_km=int(km[1::2].sum()))


def _starts(problem: SlotProblem, before: Decision) -> IntArray:
    slot_of = {each.visit.id: each.slot for each in before.placements}
    return np.array([slot_of.get(visit.id, -1) for visit in problem.visits], dtype=np.int64)


def _placed(problem: SlotProblem, start: IntArray, before: Decision) -> tuple[Placement, ...]:
    """Return the placed visits; who keeps his slot keeps his gate while that has room, then the others find theirs.

    What is past may be more than a closed lane leaves room for: such a visit stays where it was.
    """
    left = problem.free.gates.copy()
    row = {gate.id: i for i, gate in enumerate(problem.park.gates)}
    was = {each.visit.id: each for each in before.placements}
    gates: dict[int, str] = {}
    staying = [v for v, visit in enumerate(problem.visits) if visit.id in was and was[visit.id].slot == start[v] >= 0]
    others = [v for v in np.flatnonzero(start >= 0).tolist() if v not in set(staying)]
    for v in staying:
        gate = was[problem.visits[v].id].gate
        if left[row[gate], start[v]] > 0:
            left[row[gate], start[v]] -= 1
            gates[v] = gate
    for v in [*(v for v in staying if v not in gates), *others]:
        choices = problem.park.gates_for(problem.park.warehouse_by_id[problem.visits[v].warehouse])
        usual = was[problem.visits[v].id].gate if problem.visits[v].id in was else choices[0].id
        gate = next((each.id for each in choices if left[row[each.id], start[v]] > 0), usual)
        left[row[gate], start[v]] -= 1
        gates[v] = gate
    return tuple(
        Placement(
            visit=problem.visits[v],
            slot=int(start[v]),
            slots=int(problem.instance.duration[v]),
            gate=gate,
            dock_group=problem.dock_groups[problem.instance.dock_group[v]],
        )
        for v, gate in sorted(gates.items())
    )
