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
    fill(model, board, order)
    return board.start


@njit(cache=True, nogil=True)
def fill(m: Model, p: Places, order: IntArray) -> None:
    """Place the unplaced visits of `order`, each in the cheapest slot left, as far as there is one."""
    for v in order:
        if p.start[v] < 0:
            s = places.cheapest(m, p, v, m.drop[v] + 1)
            if s >= 0:
                places.put(m, p, v, s)


@njit(cache=True, nogil=True)
def settle(m: Model, p: Places, order: IntArray, start: IntArray) -> int:
    """Place the visits of `order` at `start` (V,) as far as they fit; return how many do not."""
    left = 0
    for v in order:
        s = start[v]
        if s >= 0 and p.start[v] < 0:
            if places.fits(m, p, v, s):
                places.put(m, p, v, s)
            else:
                left += 1
    return left
