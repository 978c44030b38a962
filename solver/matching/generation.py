"""Column generation: a part of the trucks is priced, their chains join the master, the master gives new prices."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from solver.matching import check
from solver.matching.chains import settle
from solver.matching.instance import MatchingInstance
from solver.matching.lattice import Groups
from solver.matching.master import Master
from solver.matching.network import FloatArray
from solver.matching.plan import MatchingPlan
from solver.matching.pricing import Chains, Ground, find_chains, find_diverse_chains, lattice_costs, no_chains
from solver.reading import IntArray

BoolArray = NDArray[np.bool_]

PARTS: Final = 4  # a round prices all trucks, a part at a time
AT_ONCE: Final = 40  # groups priced between two looks at the clock
MASTER_STEPS: Final = 400
FULL_STEPS: Final = 1200

Over = Callable[[], bool]


class Generation:
    """Chains, shares and prices on one kind of legs.

    `is_lawful`: chains are cut to what can be driven to the minute and cost what they cost there, so that they can be
    part of a plan. Otherwise they are the lattice's own, which cost no more than any chain they stand for.
    """

    def __init__(self, ground: Ground, price: FloatArray, rng: np.random.Generator, *, is_lawful: bool) -> None:
        self.ground = ground
        self.master = Master(ground.net, price)
        self.taken = np.zeros(len(ground.net.origin), np.int64)
        self.driven = np.zeros(len(ground.net.start), np.bool_)
        self._all_groups = ground.groups
        self._rng = rng
        self._is_lawful = is_lawful

    def round(self, over: Over) -> None:
        """Price every group once, a part at a time; after each the master gives new prices."""
        for part in np.array_split(self._rng.permutation(len(self.ground.groups.kind)), PARTS):
            self._price(part, over)
            if over():
                return
            self.master.run(MASTER_STEPS)

    def narrow(self) -> None:
        """Go on with the trucks that are not `driven` and the loads that are not `taken`."""
        self.ground = self.ground._replace(groups=idle(self._all_groups, self.driven, self.taken))
        self.master.keep(lambda k, loads: not self.driven[k] and not self.taken[loads].any())

    def fix(self, truck: int, loads: IntArray) -> None:
        """Take a truck and its loads out of what is priced after the next `narrow`."""
        self.taken[loads] = 1
        self.driven[truck] = True

    def _price(self, part: IntArray, over: Over) -> None:
        """Price groups one after the other; each load earns its price for the first truck that takes it."""
        self._add(self._priced(part, self._worth(), over, diverse=True))

    def least_costs(self, over: Over) -> tuple[IntArray, Chains] | None:
        """Return whole prices and every truck's least cost at them; its chains join the master. None when over."""
        worth = self._worth()
        everyone = np.arange(len(self.ground.groups.kind))
        chains = self._priced(everyone, worth.copy(), over, diverse=False)
        if over():
            return None
        self._add(chains)
        self.master.run(FULL_STEPS)
        return worth, chains

    def _worth(self) -> IntArray:
        return np.where(self.taken == 1, 0, np.floor(self.master.price)).astype(np.int64)

    def _priced(self, part: IntArray, worth: IntArray, over: Over, *, diverse: bool) -> Chains:
        chains = no_chains(len(self.ground.net.start))
        for begin in range(0, len(part), AT_ONCE):
            if over():
                break
            find = find_diverse_chains if diverse else find_chains
            find(self.ground, part[begin : begin + AT_ONCE], worth, chains)
        return chains

    def _add(self, chains: Chains) -> None:
        """Let the chains found join the master."""
        on, costs = self.ground, np.zeros(len(chains.length), np.int64)
        if self._is_lawful:
            settle(on.net, chains, self.taken, costs)
        else:
            lattice_costs(on, chains, costs)
        for k in np.flatnonzero(chains.length).tolist():
            self.master.add(k, chains.loads[k, : chains.length[k]].copy(), int(costs[k]))


def idle(everyone: Groups, driven: BoolArray, taken: IntArray) -> Groups:
    """Return the groups with idle trucks and free loads only; those without trucks are left out."""
    is_idle, is_free = ~driven[everyone.trucks], taken[everyone.loads] == 0
    first = np.concatenate([[0], np.cumsum(is_idle)])[everyone.first]
    some = np.flatnonzero(np.diff(first))
    return everyone._replace(
        kind=everyone.kind[some],
        home=everyone.home[some],
        deadline=everyone.deadline[some],
        low=everyone.low[some],
        steps=everyone.steps[some],
        first=np.append(first[some], first[-1]),
        trucks=everyone.trucks[is_idle],
        first_load=np.concatenate([[0], np.cumsum(is_free)])[everyone.first_load],
        loads=everyone.loads[is_free],
    )


def first_prices(instance: MatchingInstance, plan: MatchingPlan) -> FloatArray:
    """Return what each load costs in a plan, its chain's cost shared evenly; its drop where it is unserved."""
    price = instance.loads.drop.astype(np.float64)
    for chain in plan.chains:
        km = check.chain_empty_km(instance, chain)
        cost = instance.costs.per_truck + instance.costs.per_empty_km * km
        for i in chain.loads:
            price[i] = min(price[i], cost / len(chain.loads))
    return price
