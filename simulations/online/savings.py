"""What a plan saves of driving every load alone, in cost and in empty kilometres."""

from dataclasses import dataclass

import numpy as np

from solver.matching import baselines, check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import MatchingPlan
from solver.matching.shares import part_of


@dataclass(frozen=True, slots=True)
class Saving:
    """Against every load alone, each on a truck of its own, out and back from the nearest home of a truck that can.

    `cost` is the cost of that (F1 and F3) less the plan's cost (F1 to F4). `km` is the empty kilometres of that less
    the plan's; a load the plan leaves is driven alone.
    """

    cost: int
    km: int


def saving(instance: MatchingInstance, plan: MatchingPlan) -> Saving:
    """Return what a plan saves."""
    km = baselines.alone(instance).empty_km
    costs = instance.costs
    alone_cost = costs.per_empty_km * km + costs.per_truck * len(instance.loads)
    left = part_of(instance, np.arange(len(instance.trucks)), np.array(plan.unserved, dtype=np.int64))
    driven = sum(check.chain_empty_km(instance, chain) for chain in plan.chains) + baselines.alone(left).empty_km
    return Saving(alone_cost - check.cost(instance, plan), km - driven)
