"""An honest queue: slots in the order of requests, each load to the nearest truck."""

import numpy as np

from dispatch.planning.matching import chains
from dispatch.planning.slots import placements, slot_problem
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import tied_matching
from solver.matching.baselines import greedy_nearest
from solver.slots.baselines import first_come


class FirstCome:
    """Each request takes the best slot left when it comes; nobody is moved afterwards, whatever happens."""

    def plan(self, known: Known, effort: Effort) -> Decision:  # noqa: ARG002 - the protocol's
        """Return slots booked in the order of requests, and the nearest load for each truck, greedily."""
        problem = slot_problem(known.park, known.date, known.visits, known.free)
        placed = placements(problem, first_come(problem.instance, np.arange(problem.instance.visits)).start)
        matching = tied_matching(known, placed)
        return Decision(placed, chains(matching, greedy_nearest(matching.instance)))

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:  # noqa: ARG002
        """Return what held before: a booking is a booking."""
        return before
