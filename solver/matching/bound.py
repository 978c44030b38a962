"""The lower bound that prices prove."""

import math
from typing import Final

from solver.matching.network import FloatArray
from solver.matching.pricing import Offers

NAME: Final = "Lagrangian relaxation of M1: every truck's least-cost chain at prices of the loads"


def bound(worth: FloatArray, offers: Offers) -> int:
    """Return a lower bound on the cost of every lawful plan, from prices worth[i] <= drop[i].

    A plan that serves load i at most once costs at least worth[i] for it and, for each truck, what its chain costs
    less the prices of its loads: which is not below the least over all its chains, or 0 for standing still (Geoffrion
    1974, Lagrangean relaxation). Prices and least costs are multiples of a power of two so large that their sums are
    exact; costs are whole, so the bound may be rounded up.
    """
    return math.ceil(math.fsum(worth.tolist()) + math.fsum(offers.least.tolist()))
