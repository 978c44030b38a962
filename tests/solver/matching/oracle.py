"""Every chain of every truck, tried: the optimum of tiny instances, by nothing the solver uses."""

from functools import cache
from itertools import pairwise, permutations

from solver.matching import check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import Chain, MatchingPlan


def optimum(instance: MatchingInstance) -> int:
    """Return the least cost of any lawful plan; at most about five loads and four trucks."""
    loads, trucks = len(instance.loads), len(instance.trucks)
    best = [_chain_costs(instance, k) for k in range(trucks)]

    @cache
    def least(k: int, left: frozenset[int]) -> int:
        if k == trucks:
            return sum(int(instance.loads.drop[i]) for i in left)
        options = [least(k + 1, left)]
        options += [cost + least(k + 1, left - taken) for taken, cost in best[k].items() if taken <= left]
        return min(options)

    return least(0, frozenset(range(loads)))


def _chain_costs(instance: MatchingInstance, k: int) -> dict[frozenset[int], int]:
    """Return the least cost of truck k serving exactly each set of loads it can serve."""
    loads = range(len(instance.loads))
    costs: dict[frozenset[int], int] = {}
    for size in range(1, len(loads) + 1):
        for order in permutations(loads, size):
            cost = _order_cost(instance, k, order)
            if cost is not None:
                key = frozenset(order)
                costs[key] = min(costs.get(key, cost), cost)
    return costs


def _order_cost(instance: MatchingInstance, k: int, order: tuple[int, ...]) -> int | None:
    """Return the least cost over every start of the first load that is lawful: later starts follow at
    once."""
    others = tuple(i for i in range(len(instance.loads)) if i not in order)
    unserved = sum(int(instance.loads.drop[i]) for i in others)
    costs = []
    first = order[0]
    for begin in range(int(instance.loads.earliest[first]), int(instance.loads.latest[first]) + 1):
        starts = [begin]
        for i, j in pairwise(order):
            starts.append(max(int(instance.loads.earliest[j]), check.arrival_after(instance, i, starts[-1], j)))
        plan = MatchingPlan((Chain(k, order, tuple(starts)),), others)
        if not check.violations(instance, plan):
            costs.append(check.cost(instance, plan) - unserved)
    return min(costs, default=None)
