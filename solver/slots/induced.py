"""Where the plan and the linear relaxation agree is kept, and everything else decided anew, all of it together.

Most visits have the same start in a good plan as in the relaxation, which says little about dozens of places far apart
that are joined by the gate only. A small integer program over the visits in doubt sees them all at once. This is
relaxation induced neighbourhood search (Danna, Rothberg and Le Pape 2005), with shares that need not be optimal.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import regroup, subproblem
from solver.slots.mip import Effort
from solver.slots.model import FloatArray, Model
from solver.slots.places import Places
from solver.slots.regroup import Proposal

LEAST: Final = 0.02  # share of a start that is on offer
MOST: Final = 9_000  # starts on offer; when it would be more, only those of some dock groups are


def propose(
    model: Model, board: Places, share: FloatArray, sure: float, rng: np.random.Generator, effort: Effort
) -> Proposal | None:
    """Return the best starts of the visits whose start has a share below `sure`, None if none is found.

    `share` (N,) are those of the relaxation; on offer are the starts that have some, and those of the plan. All other
    visits stay, so the proposal fits.
    """
    visit = np.repeat(np.arange(len(model.first)), np.diff(model.column))
    planned = np.flatnonzero(board.start >= 0)
    at = model.column[planned] + board.start[planned] - model.first[planned]
    agreed = np.zeros(len(model.first), dtype=np.bool_)
    agreed[planned] = share[at] >= sure
    offered = share > LEAST
    offered[at] = True
    offered &= ~agreed[visit]
    offered &= _some(model, visit[offered], rng)[visit]
    visits = np.unique(visit[offered])
    columns = subproblem.chosen(subproblem.columns_of(model, np.arange(len(model.first))), offered)
    return regroup.decided(model, board, visits, columns, effort)


def _some(model: Model, visit: IntArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which visits are in dock groups drawn at random that have up to MOST of the starts of `visit` (n,)."""
    order = rng.permutation(model.groups)
    count = np.bincount(model.group[visit], minlength=model.groups)[order]
    drawn = np.zeros(model.groups, dtype=np.bool_)
    drawn[order[np.cumsum(count) <= MOST]] = True
    some: NDArray[np.bool_] = drawn[model.group]
    return some
