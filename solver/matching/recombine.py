"""Plans made of known chains: collect chains that trucks would like, and choose among them by linear
programming.

Chains come from the best plans and from labelling at moving prices (labels.py). Each is offered to the
trucks that would drive it most cheaply. The linear relaxation of choosing among them (rows M1 and one chain
per truck) is mostly whole; what is fractional is taken largest first while it fits, and the search mends the
rest.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from solver.matching.fleet import plan_of
from solver.matching.kernels import kernel
from solver.matching.labels import blank, find_chains, room
from solver.matching.network import FAR, FloatArray, Neighbours, Network
from solver.matching.plan import MatchingPlan
from solver.matching.watch import Watch
from solver.reading import IntArray

TRUCKS_PER_CHAIN: Final = 8
TRUCKS_PER_ROUND: Final = 800
PULL: Final = 20.0  # labels.py, times the price of a kilometre / 10
MOST_COLUMNS: Final = 60_000
LP_SHARE: Final = 0.5  # of the time left, at most, for one linear program
CALM_PRICE: Final = 0.7  # share of a load's part of its chain's cost that is its first price

Chains = list[tuple[int, IntArray]]


@dataclass(slots=True)
class Columns:
    """Chains by truck: `trucks`, `costs` and `loads` in step; `seen` keeps twins out."""

    trucks: list[int]
    costs: list[int]
    loads: list[IntArray]
    seen: set[tuple[int, ...]]

    def add(self, net: Network, chains: Chains) -> None:
        """Add chains, each for the trucks that drive it most cheaply and for its own."""
        for own, loads in chains:
            key = tuple(loads.tolist())
            if key in self.seen:
                continue
            self.seen.add(key)
            costs = costs_by_truck(net, loads)
            best = np.argsort(costs, kind="stable")[:TRUCKS_PER_CHAIN]
            for k in {own, *best.tolist()}:
                if costs[k] < FAR:
                    self.trucks.append(k)
                    self.costs.append(int(costs[k]))
                    self.loads.append(loads)


def recombine(
    net: Network,
    near: Neighbours,
    columns: Columns,
    price: FloatArray,
    watch: Watch,
    rng: np.random.Generator,
) -> MatchingPlan | None:
    """Add chains that some trucks like at `price` (moved in place) and return the best plan of all known
    chains."""
    found = blank(len(net.start))
    trucks = rng.permutation(len(net.start))[:TRUCKS_PER_ROUND]
    find_chains(net, near, price, trucks, room(net), found, PULL * net.price_km / 10)
    chains = [
        (k, found.loads[k, rank, :length].copy())
        for k in trucks.tolist()
        for rank, length in enumerate(found.length[k].tolist())
        if length
    ]
    columns.add(net, chains)
    return None if watch.over() else _choose(net, columns, price, watch)


def first_prices(net: Network, chains: Chains) -> FloatArray:
    """Return prices that share most of each chain's cost among its loads; a load in none gets its own
    price."""
    price = net.drop.astype(np.float64)
    for k, loads in chains:
        price[loads] = CALM_PRICE * costs_by_truck(net, loads)[k] / len(loads)
    return np.minimum(price, net.drop)


def _choose(net: Network, columns: Columns, price: FloatArray, watch: Watch) -> MatchingPlan | None:
    """Return the plan of the linear program, None when it found no solution in time; `price` moves to its
    duals."""
    count, loads = len(columns.trucks), len(net.origin)
    lengths = np.array([len(chain) for chain in columns.loads], dtype=np.int64)
    rows = np.concatenate([*columns.loads, np.arange(loads)])
    names = np.concatenate([np.repeat(np.arange(count), lengths), count + np.arange(loads)])
    cover: Any = csr_array((np.ones(len(rows)), (rows, names)), shape=(loads, count + loads))
    once: Any = csr_array(
        (np.ones(count), (np.array(columns.trucks), np.arange(count))), shape=(len(net.start), count + loads)
    )
    answer = linprog(
        np.concatenate([np.array(columns.costs, dtype=np.float64), net.drop]),
        A_eq=cover,
        b_eq=np.ones(loads),
        A_ub=once,
        b_ub=np.ones(len(net.start)),
        method="highs-ds",
        options={"time_limit": max(0.1, LP_SHARE * watch.left)},
    )
    if answer.status != 0 or answer.x is None:
        return None
    price[:] = 0.7 * price + 0.3 * np.clip(answer.eqlin.marginals, 0, net.drop)
    return _rounded(net, columns, answer.x[:count])


def _rounded(net: Network, columns: Columns, share: FloatArray) -> MatchingPlan:
    taken = np.zeros(len(net.origin), dtype=bool)
    busy = np.zeros(len(net.start), dtype=bool)
    chains: Chains = []
    for c in np.argsort(-share, kind="stable").tolist():
        if share[c] < 1e-6:
            break
        k, loads = columns.trucks[c], columns.loads[c]
        if not busy[k] and not taken[loads].any():
            busy[k], taken[loads] = True, True
            chains.append((k, loads))
    return plan_of(net, sorted(chains, key=lambda chain: chain[0]))


@kernel
def costs_by_truck(net: Network, loads: IntArray) -> IntArray:
    """Return what this chain costs each truck, FAR where it cannot drive it."""
    costs = np.full(len(net.start), FAR, np.int64)
    for k in range(len(costs)):
        costs[k] = chain_cost(net, k, loads)
    return costs


@kernel
def chain_cost(net: Network, k: int, loads: IntArray) -> int:
    """Return what truck k pays for these loads in this order, FAR when it cannot drive them."""
    at, now, km, wait, calm = net.start[k], net.free_from[k], 0, 0, FAR
    for i in loads:
        leg = net.minutes[at, net.origin[i]]
        now = max(net.earliest[i], now + leg)
        calm = min(net.last_start[i], calm + leg)
        if now > net.last_start[i] or net.fits[net.truck_kind[k], net.load_kind[i]] == 0:
            return FAR
        km += net.km[at, net.origin[i]]
        wait = max(0, now - calm)
        at, now, calm = net.destination[i], now + net.duration[i], calm + net.duration[i]
    if now + net.minutes[at, net.home[k]] > net.home_by[k]:
        return FAR
    km += net.km[at, net.home[k]]
    return int(net.price_truck + net.price_km * km + net.price_wait * wait)
