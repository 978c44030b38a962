"""The planner: the slot solver and the matching solver before the day, and the slots again when the day breaks."""

import numpy as np

from dispatch.planning.matching import chains
from dispatch.planning.slots import Placement, SlotProblem, placements, slot_problem
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import tied_matching
from solver.matching.solve import solve as solve_matching
from solver.reading import IntArray
from solver.slots.promises import as_promised
from solver.slots.solve import solve as solve_slots


class Optimised:
    """Plans slots first and loads second; breaking a promise has the house's price (`replan_move_cost`)."""

    def plan(self, known: Known, effort: Effort) -> Decision:
        """Return the solvers' plans; matching, which needs it more, gets three quarters of the time."""
        problem = slot_problem(known.park, known.date, known.visits, known.free)
        outcome = solve_slots(problem.instance, seconds=effort.seconds / 4, seed=effort.seed)
        placed = placements(problem, outcome.plan.start)
        matching = tied_matching(known, placed)
        found = solve_matching(matching.instance, seconds=3 * effort.seconds / 4, seed=effort.seed)
        return Decision(placed, chains(matching, found.plan))

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:
        """Return the slots planned again from `first_slot` on; chains stay."""
        problem = slot_problem(known.park, known.date, known.visits, known.free)
        move = known.park.rules.replan_move_cost
        promised = as_promised(problem.instance, _starts(problem, before), now=first_slot, move=move)
        outcome = solve_slots(promised, seconds=effort.seconds / 4, seed=effort.seed)
        return Decision(_placed(problem, outcome.plan.start, before), before.chains)


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
