"""The master problem: which of the chains found so far to drive, relaxed to shares; its dual prices the loads.

    minimise    sum_r cost[r] x[r] + sum_i drop[i] (1 - sum_r visits[i, r] x[r])
    such that   sum of x over chains that visit load i <= 1      price[i] in [0, drop[i]]      (M1)
                sum of x over chains of truck k        <= 1      rent[k] >= 0                  (M3)

solved by the primal-dual hybrid gradient method (Chambolle and Pock 2011, with the diagonal steps of Pock and
Chambolle 2011) from where the last call ended: prices need only be good, for whatever they are, the bound they give is
proven by pricing all chains.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from solver.matching.kernels import kernel
from solver.matching.network import FloatArray, Network
from solver.reading import IntArray

DAMPING: Final = 0.95


@dataclass(slots=True)
class Master:
    """The chains found so far (each once), and where the method stands: `share`, `price`, `rent`."""

    net: Network
    price: FloatArray
    trucks: list[int] = field(default_factory=list)
    loads: list[IntArray] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)
    known: set[bytes] = field(default_factory=set)
    share: FloatArray = field(default_factory=lambda: np.zeros(0))
    rent: FloatArray = field(init=False)
    scale: float = field(init=False)

    def __post_init__(self) -> None:
        self.rent = np.zeros(len(self.net.start))
        self.scale = float(self.price.mean()) + 1.0

    def add(self, truck: int, loads: IntArray, cost: int) -> None:
        """Add a chain unless it is known."""
        name = truck.to_bytes(4, "little") + loads.tobytes()
        if name not in self.known:
            self.known.add(name)
            self.trucks.append(truck)
            self.loads.append(loads)
            self.costs.append(cost)

    def keep(self, is_kept: Callable[[int, IntArray], bool]) -> None:
        """Forget the chains that `is_kept` (truck, loads) does not want."""
        chosen = [r for r, (k, loads) in enumerate(zip(self.trucks, self.loads, strict=True)) if is_kept(k, loads)]
        self.share = np.append(self.share, np.zeros(len(self.trucks) - len(self.share)))[chosen]
        self.trucks, self.loads = [self.trucks[r] for r in chosen], [self.loads[r] for r in chosen]
        self.costs = [self.costs[r] for r in chosen]

    def run(self, rounds: int) -> FloatArray:
        """Take `rounds` steps; return the mean share of every chain. `price` becomes the mean price."""
        lengths = np.array([len(loads) for loads in self.loads], dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        visits = np.concatenate([np.zeros(0, np.int64), *self.loads])
        trucks = np.array(self.trucks, dtype=np.int64)
        self.share = np.concatenate([self.share, np.zeros(len(trucks) - len(self.share))])
        load_degree = np.bincount(visits, minlength=len(self.price)) + 1.0
        truck_degree = np.bincount(trucks, minlength=len(self.rent)) + 1.0
        mean_share, mean_price = np.zeros(len(trucks)), np.zeros(len(self.price))
        descend(
            (first, visits, trucks, np.array(self.costs, dtype=np.float64), self.net.drop.astype(np.float64)),
            (DAMPING / self.scale / (lengths + 1.0), DAMPING * self.scale / load_degree, self.scale / truck_degree),
            (self.share, self.price, self.rent),
            (mean_share, mean_price),
            rounds,
        )
        self.price = mean_price
        return mean_share


@kernel
def descend(
    problem: tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray],
    steps: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    state: tuple[FloatArray, FloatArray, FloatArray],
    means: tuple[FloatArray, FloatArray],
    rounds: int,
) -> None:
    """Take steps of the method in `state` (share, price, rent); `means` become the means over them."""
    first, visits, trucks, costs, drop = problem
    share, price, rent = state
    for _ in range(rounds):
        served, used = np.zeros(len(price)), np.zeros(len(rent))
        for r in range(len(costs)):
            reduced = costs[r] + rent[trucks[r]]
            for e in range(first[r], first[r + 1]):
                reduced -= price[visits[e]]
            new = max(0.0, share[r] - steps[0][r] * reduced)
            ahead = 2 * new - share[r]
            if ahead != 0.0:
                used[trucks[r]] += ahead
                for e in range(first[r], first[r + 1]):
                    served[visits[e]] += ahead
            share[r] = new
            means[0][r] += new / rounds
        for i in range(len(price)):
            price[i] = min(drop[i], max(0.0, price[i] + steps[1][i] * (1 - served[i])))
            means[1][i] += price[i] / rounds
        for k in range(len(rent)):
            rent[k] = max(0.0, rent[k] - steps[2][k] * (1 - used[k]))
