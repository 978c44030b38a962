"""How many more trucks than docks may be promised, given how many do not come. Pure.

With n promised and each coming, independently, with probability 1 - r (r the observed no-show rate), the number that
come is binomial, and more than the d docks come with probability P(Bin(n, 1 - r) > d): the binomial tail. The largest n
whose tail is at most the stated overflow probability is promised. (The classic overbooking model of airlines; Beckmann,
1958; Talluri and van Ryzin, The Theory and Practice of Revenue Management, section 4.2.)
"""

from functools import lru_cache
from math import exp, lgamma, log, log1p


def overflow_probability(promised: int, docks: int, no_show_rate: float) -> float:
    """Return the probability that more than `docks` of the promised come: P(Bin(promised, 1 - rate) > docks)."""
    if promised <= docks:
        return 0.0
    if no_show_rate <= 0:
        return 1.0
    if no_show_rate >= 1:
        return 0.0
    return min(1.0, sum(_come(promised, k, no_show_rate) for k in range(docks + 1, promised + 1)))


@lru_cache(maxsize=10_000)
def docks_promised(docks: int, no_show_rate: float, overflow: float) -> int:
    """Return the most that may be promised when `docks` work, so that the overflow probability is at most `overflow`.

    Never fewer than the docks, never more than twice as many, and no more than the docks when `overflow` is 0.
    """
    promised = docks
    while promised < 2 * docks and overflow_probability(promised + 1, docks, no_show_rate) <= overflow:
        promised += 1
    return promised if overflow > 0 else docks


def _come(n: int, k: int, rate: float) -> float:
    """Return P(Bin(n, 1 - rate) = k) for 0 < rate < 1, by logarithms, so that no factor overflows."""
    choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(choose + k * log1p(-rate) + (n - k) * log(rate))
