"""The lower bound that prices prove."""

from typing import Final

from solver.matching.pricing import Chains
from solver.reading import IntArray

NAME: Final = "Lagrangian relaxation of M1: every truck's least-cost chain on a lattice of places and times"


def bound(worth: IntArray, chains: Chains) -> int:
    """Return a lower bound on the cost of every lawful plan, from whole prices 0 <= worth[i] <= drop[i].

    A plan that serves load i at most once costs at least worth[i] for it and, for each truck, what its chain costs
    less the prices of its loads: which is not below the least over all chains of the lattice, or 0 for standing still
    (Geoffrion 1974, Lagrangean relaxation).
    """
    return int(worth.sum()) + int(chains.least.sum())
