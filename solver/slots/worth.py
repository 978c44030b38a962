"""What one more of a capacity is worth: some visits decided anew with it and without it, and the difference in cost.

The plan with the unit is a lawful plan of the enlarged day, so what it saves can be had. Without the unit the same
visits are decided anew too, and it is their proven bound that counts, so what a plan that is not the best would have
gained anyway is not put down to the unit. For an optimal plan the worth is therefore never more than the difference
between the two days' optima, and exactly that when every visit that can move was decided anew.
"""

from dataclasses import dataclass

import numpy as np

from solver.reading import IntArray
from solver.slots import neighbourhood
from solver.slots.board import Board
from solver.slots.neighbourhood import Favour, Resolved
from solver.slots.resources import Resource


@dataclass(frozen=True, slots=True)
class Worth:
    """One more of `resource` is worth `worth`, what the day costs less by it: `cost_before` - `cost_after` if proven.

    `visits` (n,) were decided anew and start in `after` (n,) with the unit, -1 not placed.
    `exact` when no other visits could move: both costs then are the optima, the worth their difference. Otherwise one
    more is worth at least that to this plan.
    """

    resource: Resource
    worth: int
    cost_before: int
    cost_after: int
    exact: bool
    visits: IntArray
    after: IntArray


def worth_of(
    board: Board,
    resource: Resource,
    visits: IntArray,
    without: Resolved,
    *,
    seconds: float,
    favour: Favour | None = None,
) -> Worth:
    """Return what one more of `resource` is worth when `visits` (sorted, not frozen) are decided anew.

    `without` is what deciding them anew gives without it. Ties are broken for the favoured visit.
    """
    more = board.rows.limit_with(resource)
    found = neighbourhood.resolve(board, visits, seconds=seconds, limit=more, favour=favour)
    everyone = len(visits) == int((board.instance.frozen == 0).sum())
    return Worth(
        resource=resource,
        worth=max(0, without.bound - found.cost),
        cost_before=without.cost,
        cost_after=found.cost,
        exact=everyone and without.proven and found.proven,
        visits=visits,
        after=found.start[visits],
    )


def worth_around(board: Board, resource: Resource, *, most: int, seconds: float) -> Worth:
    """Return what one more of `resource` is worth when at most `most` visits around it are decided anew."""
    visits = neighbourhood.around(board, board.rows.rows(resource), [], most=most)
    without = neighbourhood.resolve(board, visits, seconds=seconds)
    return worth_of(board, resource, visits, without, seconds=seconds)


def slot_in(worth: Worth, v: int) -> int | None:
    """Return where visit v starts with the unit, -1 not placed; None when it was not decided anew."""
    at = int(np.searchsorted(worth.visits, v))
    return int(worth.after[at]) if at < len(worth.visits) and worth.visits[at] == v else None
