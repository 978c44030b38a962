"""An honest queue: slots in the order of requests, each load to the nearest truck."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dispatch.model.day import Visit
from dispatch.planning.capacity import FreeCapacity, dock_groups
from dispatch.planning.matching import chains
from dispatch.planning.slots import Placement, placements, slot_problem
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import tied_matching
from solver.matching.baselines import greedy_nearest
from solver.slots.baselines import first_come


class FirstCome:
    """Each request takes the best slot left when it comes; nobody is moved afterwards, whatever happens."""

    def plan(self, known: Known, effort: Effort) -> Decision:  # noqa: ARG002 - the protocol's
        """Return slots booked in the order of requests, and the nearest load for each truck, greedily."""
        placed = _booked(known, known.visits, known.free)
        matching = tied_matching(known, placed)
        return Decision(placed, chains(matching, greedy_nearest(matching.instance)))

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:  # noqa: ARG002
        """Return what held before, since a booking is a booking, and slots for who has none in what is left."""
        has_one = {each.visit.id for each in before.placements}
        grid, day = known.park.grid, known.date
        begin = grid.start_of(day, first_slot)
        asking = [visit for visit in known.visits if visit.id not in has_one and visit.latest >= begin]
        if not asking:
            return before
        asking = [replace(visit, earliest=max(visit.earliest, begin)) for visit in asking]
        return Decision((*before.placements, *_booked(known, asking, _left(known, before.placements))), before.chains)


def _booked(known: Known, visits: Iterable[Visit], free: FreeCapacity) -> tuple[Placement, ...]:
    problem = slot_problem(known.park, known.date, tuple(visits), free)
    return placements(problem, first_come(problem.instance, np.arange(problem.instance.visits)).start)


def _left(known: Known, placed: Iterable[Placement]) -> FreeCapacity:
    """Return what bookings leave of docks and gates, never below zero."""
    docks, gates = known.free.docks.copy(), known.free.gates.copy()
    groups = {group.id: i for i, (_, group) in enumerate(dock_groups(known.park))}
    rows = {gate.id: i for i, gate in enumerate(known.park.gates)}
    busy: dict[str, tuple[tuple[int, int], ...]] = {}
    for each in placed:
        docks[groups[each.dock_group], each.slot : each.slot + each.slots] -= 1
        gates[rows[each.gate], each.slot] -= 1
        span = (each.slot, each.slot + each.slots)
        busy[each.visit.plate] = (*busy.get(each.visit.plate, ()), span)
    return FreeCapacity(np.maximum(docks, 0), np.maximum(gates, 0), known.free.quotas, busy)
