"""First plans: visits one after the other, each into the best slot that is left."""

from numba import njit

from solver.reading import IntArray
from solver.slots import places
from solver.slots.model import Model
from solver.slots.places import Places


def in_order(model: Model, order: IntArray) -> IntArray:
    """Return starts (V,) when visits come in `order` and each takes the cheapest slot left, -1 when none
    is."""
    board = places.empty(model)
    _in_order(model, board, order)
    return board.start


@njit(cache=True, nogil=True)
def _in_order(m: Model, p: Places, order: IntArray) -> None:
    for v in order:
        if p.start[v] < 0:
            s = places.cheapest(m, p, v, m.drop[v] + 1)
            if s >= 0:
                places.put(m, p, v, s)
