"""The master problem: which of the chains found so far to drive, relaxed to shares; its dual prices the loads.

    minimise    sum_r cost[r] x[r] + sum_i drop[i] u[i]
    such that   u[i] + sum of x over chains that visit load i = 1      price[i] <= drop[i]     (M1)
                sum of x over chains of truck k <= 1                   rent[k] >= 0            (M3)

A price may be negative: a loaded drive costs nothing, and to serve a load again would be a free ride. The problem is
solved by the primal-dual hybrid gradient method (Chambolle and Pock 2011, with the diagonal steps of Pock and Chambolle
2011) from where the last call ended: prices need only be good, for whatever they are, the bound they give is proven by
pricing all chains.
"""

from typing import Final, NamedTuple

import numpy as np

from solver.matching.chains import chain_costs
from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.matching.teams import BoolArray
from solver.reading import IntArray

DAMPING: Final = 0.95
LOOK: Final = 20  # steps between two looks at all chains
MEMORY: Final = 7_500  # steps over which prices are smoothed, about
NEAR: Final = 0.05  # of a usual price: chains whose reduced cost is more are left out until the next look

Problem = tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]


class Pool(NamedTuple):
    """Chains: the truck, the cost, the number of loads and the loads one after the other, with the share, its mean
    over the last steps, and the number of times the pool has been thinned since the chain came."""

    truck: IntArray
    cost: FloatArray
    length: IntArray
    loads: IntArray
    share: FloatArray
    mean: FloatArray
    age: IntArray

    @property
    def first(self) -> IntArray:
        """Return where the loads of each chain begin, and where all end."""
        return np.concatenate([[0], np.cumsum(self.length)]).astype(np.int64)

    def chosen(self, is_kept: BoolArray) -> "Pool":
        """Return the pool with some chains only."""
        return Pool(
            truck=self.truck[is_kept],
            cost=self.cost[is_kept],
            length=self.length[is_kept],
            loads=self.loads[np.repeat(is_kept, self.length)],
            share=self.share[is_kept],
            mean=self.mean[is_kept],
            age=self.age[is_kept],
        )

    def joined(self, other: "Pool") -> "Pool":
        """Return the chains of both."""
        return Pool(
            truck=np.concatenate([self.truck, other.truck]),
            cost=np.concatenate([self.cost, other.cost]),
            length=np.concatenate([self.length, other.length]),
            loads=np.concatenate([self.loads, other.loads]),
            share=np.concatenate([self.share, other.share]),
            mean=np.concatenate([self.mean, other.mean]),
            age=np.concatenate([self.age, other.age]),
        )

    def touches(self, is_marked: BoolArray) -> BoolArray:
        """Answer for each chain whether it visits a marked (N,) load."""
        if not len(self.truck):
            return np.zeros(0, np.bool_)
        return np.asarray(np.logical_or.reduceat(is_marked[self.loads], self.first[:-1]))


def empty_pool() -> Pool:
    """Return a pool without chains."""
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    return Pool(whole, real, whole, whole, real, real, whole)


class Master:
    """The chains found so far, each once, and where the method stands: shares, and mean `price` (N,), `rent` (K,).

    `smooth` (N,) are prices over a longer time. The bound is concave in the prices, so what of them still swings only
    lowers it: smooth prices prove more (Wentges 1997).
    """

    def __init__(self, net: Network, price: FloatArray) -> None:
        self.net = net
        self.price, self.rent = price.copy(), np.zeros(len(net.start))
        self.smooth, self._smoothed = price.copy(), 0  # and over how many steps
        self.drop = net.drop.astype(np.float64)
        self.pool = empty_pool()
        self.value = float(price.sum())  # of the dual at the mean prices and rents, on the chains found
        self._price, self._rent = price.copy(), self.rent.copy()
        self._known: set[bytes] = set()
        self._scale = float(np.median(np.abs(price))) + 1.0 if len(price) else 1.0

    def copy(self) -> "Master":
        """Return a master that goes on from here by itself."""
        other = Master(self.net, self.price)
        other.__dict__.update(self.__dict__)
        other.rent, other.smooth, other.drop, other._price, other._rent = (
            array.copy() for array in (self.rent, self.smooth, self.drop, self._price, self._rent)
        )
        other.pool = empty_pool().joined(self.pool)
        other._known = set(self._known)
        return other

    def add(self, trucks: IntArray, loads: IntArray) -> int:
        """Add the chains that are new, one per truck named; `loads` (len(trucks), any), their number first. Return
        how many are."""
        is_new = np.zeros(len(trucks), np.bool_)
        for at, (k, chain) in enumerate(zip(trucks.tolist(), loads, strict=True)):
            name = _name(k, chain[1 : 1 + chain[0]])
            is_new[at] = name not in self._known
            self._known.add(name)
        trucks, loads = trucks[is_new], loads[is_new]
        length = loads[:, 0].copy()
        visits = loads[:, 1:][np.arange(loads.shape[1] - 1) < length[:, None]]
        cost = chain_costs(self.net, trucks, loads).astype(np.float64)
        none = np.zeros(len(trucks))
        new = Pool(trucks, cost, length, visits, none, none, none.astype(np.int64))
        self.pool = self.pool.joined(new)
        return len(trucks)

    def run(self, steps: int) -> None:
        """Take `steps` steps; prices, rents and shares become their means over them."""
        pool, scale = self.pool, self._scale
        visited = np.bincount(pool.loads, minlength=len(self.price)).astype(np.float64) + 1.0
        driven = np.bincount(pool.truck, minlength=len(self.rent)).astype(np.float64) + 1.0
        step = np.asarray(DAMPING / scale / (pool.length + 1.0), np.float64)
        mean = (np.zeros(len(pool.truck)), np.zeros(len(self.price)), np.zeros(len(self.rent)))
        descend(
            (pool.first, pool.loads, pool.truck, pool.cost, self.drop),
            (step, DAMPING * scale / visited, DAMPING * scale / driven),
            (pool.share, self._price, self._rent),
            mean,
            NEAR * scale,
            steps,
        )
        self.pool = pool._replace(mean=mean[0])
        self.price, self.rent = mean[1], mean[2]
        self.value = float(self.price.sum() - self.rent.sum())
        self._smoothed = min(self._smoothed + steps, MEMORY)
        self.smooth = self.smooth + (self.price - self.smooth) * min(1.0, steps / self._smoothed)

    def begin_smoothing(self) -> None:
        """Let smooth prices forget what was before."""
        self._smoothed = 0

    def reduced_costs(self) -> FloatArray:
        """Return what each chain costs less the prices of its loads, and the rent of its truck."""
        pool = self.pool
        if not len(pool.truck):
            return np.zeros(0)
        earned = np.add.reduceat(self.price[pool.loads], pool.first[:-1])
        return np.asarray(pool.cost + self.rent[pool.truck] - earned)

    def thin(self, most: int) -> None:
        """Forget all but the cheapest chains at the present prices, those with a share, and the newest."""
        if len(self.pool.truck) > most:
            reduced = self.reduced_costs()
            limit = np.partition(reduced, most)[most]
            self.keep((reduced <= limit) | (self.pool.mean > 1e-3) | (self.pool.age < 1))
        self.pool = self.pool._replace(age=self.pool.age + 1)

    def keep(self, is_kept: BoolArray) -> None:
        """Forget the other chains."""
        first = self.pool.first
        for r in np.flatnonzero(~is_kept).tolist():
            self._known.discard(_name(int(self.pool.truck[r]), self.pool.loads[first[r] : first[r + 1]]))
        self.pool = self.pool.chosen(is_kept)

    def settle(self, driven: BoolArray, served: BoolArray) -> None:
        """Go on without the `driven` (K,) trucks and the `served` (N,) loads."""
        self.keep(~driven[self.pool.truck] & ~self.pool.touches(served))
        self.drop[served] = 0.0
        for price in (self.price, self._price):
            price[served] = 0.0
        for rent in (self.rent, self._rent):
            rent[driven] = 0.0


def _name(truck: int, loads: IntArray) -> bytes:
    return truck.to_bytes(4, "little") + loads.tobytes()


@kernel
def descend(
    problem: Problem,
    steps: tuple[FloatArray, FloatArray, FloatArray],
    state: tuple[FloatArray, FloatArray, FloatArray],
    means: tuple[FloatArray, FloatArray, FloatArray],
    near: float,
    rounds: int,
) -> None:
    """Take steps of the method in `state` (share, price, rent); `means` become the means over them.

    Chains without a share are left out while their reduced cost is not below `near`; that is seen to now and then.
    """
    first, visits, trucks, costs, drop = problem
    share, price, rent = state
    served, used, live = np.zeros(len(price)), np.zeros(len(rent)), np.zeros(len(costs), np.int64)
    count = 0
    for at in range(rounds):
        if at % LOOK == 0:
            count = 0
            for r in range(len(costs)):
                if share[r] > 0.0 or _reduced(problem, price, rent, r) < near:
                    live[count] = r
                    count += 1
        served[:] = 0.0
        used[:] = 0.0
        for n in range(count):
            r = live[n]
            new = max(0.0, share[r] - steps[0][r] * _reduced(problem, price, rent, r))
            ahead = 2 * new - share[r]
            if ahead != 0.0:
                used[trucks[r]] += ahead
                for e in range(first[r], first[r + 1]):
                    served[visits[e]] += ahead
            share[r] = new
            means[0][r] += new / rounds
        for i in range(len(price)):
            price[i] = min(drop[i], price[i] + steps[1][i] * (1 - served[i]))
            means[1][i] += price[i] / rounds
        for k in range(len(rent)):
            rent[k] = max(0.0, rent[k] - steps[2][k] * (1 - used[k]))
            means[2][k] += rent[k] / rounds


@kernel
def _reduced(problem: Problem, price: FloatArray, rent: FloatArray, r: int) -> float:
    first, visits, trucks, costs, _ = problem
    reduced = costs[r] + rent[trucks[r]]
    for e in range(first[r], first[r + 1]):
        reduced -= price[visits[e]]
    return float(reduced)
