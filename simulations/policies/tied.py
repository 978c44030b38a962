"""Loads and trucks of a policy's day as the slots of their visits leave them (`dispatch.planning.tied`)."""

from collections.abc import Sequence

from dispatch.planning.matching import MatchingProblem, matching_problem
from dispatch.planning.slots import Placement
from dispatch.planning.tied import Ties
from simulations.policies.policy import Known


def ties_of(known: Known) -> Ties:
    """Return the visits that have asked for a slot, and what is tied to them."""
    return Ties(known.park, known.date, known.travel, {visit.id: visit for visit in known.visits})


def tied_matching(known: Known, placements: Sequence[Placement]) -> MatchingProblem:
    """Return the matching problem whose loads keep the slots of their visits, that of the wish where one has none.

    A truck that is free after visits of its own is free when these end by their slots.
    """
    ties = ties_of(known)
    slots = ties.slots(placements)
    loads, trucks = ties.in_slots(known.loads, slots), ties.free_after_own(known.trucks, slots)
    return matching_problem(known.park, known.date, loads, trucks, known.travel)
