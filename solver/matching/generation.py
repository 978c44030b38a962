"""Column generation: a part of the trucks is priced, their chains join the master, the master gives new prices."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from solver.matching import check
from solver.matching.instance import MatchingInstance
from solver.matching.lattice import Grain
from solver.matching.master import Master
from solver.matching.network import FloatArray, Network
from solver.matching.plan import MatchingPlan
from solver.matching.pricing import Effort, Ground, Offers
from solver.matching.teams import BoolArray
from solver.reading import IntArray

MOST_CHAINS: Final = 15_000  # in the master, more or less; more where these are not so many per truck:
MOST_PER_TRUCK: Final = 6
SHORT: Final = 3  # a step is at most this part of the duration that nearly all loads exceed
FIRST_PRICE: Final = 0.25  # of what a load costs in the first plan: too low is mended faster than too high

Over = Callable[[], bool]
Sequences = list[tuple[int, IntArray]]


class Pass(NamedTuple):
    """How a round prices the teams: in how many parts, with which effort, the steps of the master for each part, how
    many parts it takes, all unless said, and whether the master takes its steps while the part is priced."""

    parts: int
    effort: Effort
    steps: int
    turns: int = 1_000
    is_meanwhile: bool = False


class Generation:
    """Chains, shares and prices; and which trucks are `driven` (K,) and loads `served` (N,) already."""

    def __init__(self, net: Network, master: Master, rng: np.random.Generator) -> None:
        self.net, self.master, self.rng = net, master, rng
        self.driven: BoolArray = np.zeros(len(net.start), np.bool_)
        self.served: BoolArray = np.zeros(len(net.origin), np.bool_)

    def on(self, grain: Grain) -> Ground:
        """Return a lattice of this grain, or finer where loads are short, for the idle trucks and free loads."""
        short = int(np.quantile(self.net.duration, 0.05)) // SHORT if len(self.net.duration) else 1
        ground = Ground(self.net, grain._replace(step=max(1, min(grain.step, short))), 1)
        if self.driven.any() or self.served.any():
            ground.narrow(~self.driven, ~self.served)
        return ground

    def round(self, ground: Ground, how: Pass, over: Over) -> int:
        """Price the teams, a part at a time; after each, or meanwhile, the master gives new prices. Return how many
        chains are new."""
        new = 0
        parts = np.array_split(self.rng.permutation(len(ground.teams)), max(1, min(how.parts, len(ground.teams))))
        with ThreadPoolExecutor(1) as pool:
            for part in parts[: how.turns]:
                pricing = pool.submit(ground.price, part, self.master.price, how.effort, over)
                if how.is_meanwhile:
                    self.master.run(how.steps)
                new += self.add(pricing.result())
                if over():
                    return new
                if not how.is_meanwhile:
                    self.master.run(how.steps)
        self.master.thin(max(MOST_CHAINS, MOST_PER_TRUCK * len(self.net.start)))
        return new

    def add(self, offers: Offers) -> int:
        """Let the chains offered join the master; return how many are new."""
        new = 0
        for chains in offers.loads:
            some = np.flatnonzero(chains[:, 0])
            new += self.master.add(some, chains[some])
        return new

    def enter(self, plan: Sequences) -> None:
        """Let the chains of a plan join the master."""
        width = 1 + max((len(loads) for _, loads in plan), default=0)
        rows = np.zeros((len(plan), width), np.int64)
        for row, (_, loads) in zip(rows, plan, strict=True):
            row[0] = len(loads)
            row[1 : 1 + len(loads)] = loads
        self.master.add(np.array([k for k, _ in plan], dtype=np.int64), rows)

    def narrow(self, ground: Ground) -> None:
        """Go on with the trucks that are not driven and the loads that are not served."""
        self.master.settle(self.driven, self.served)
        ground.narrow(~self.driven, ~self.served)


def sequences_of(plan: MatchingPlan) -> Sequences:
    """Return (truck, loads in order) of every chain."""
    return [(chain.truck, np.array(chain.loads, dtype=np.int64)) for chain in plan.chains]


def first_prices(instance: MatchingInstance, plan: MatchingPlan) -> FloatArray:
    """Return a part of what each load costs in a plan, its chain's cost shared evenly; of its drop where it is
    unserved."""
    price = instance.loads.drop.astype(np.float64)
    for chain in plan.chains:
        km = check.chain_empty_km(instance, chain)
        cost = instance.costs.per_truck + instance.costs.per_empty_km * km
        for i in chain.loads:
            price[i] = min(price[i], cost / len(chain.loads))
    return np.asarray(price * FIRST_PRICE)
