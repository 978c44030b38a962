"""A plan made better a part at a time: some trucks give up their loads and are planned anew, by generation and dive."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from solver.matching.chains import chain_cost
from solver.matching.dive import Pace, dive, plan_cost
from solver.matching.generation import Generation, Over, Pass, Sequences
from solver.matching.lattice import Grain
from solver.matching.master import Master
from solver.matching.network import FloatArray, Network
from solver.matching.pricing import Effort
from solver.matching.teams import BoolArray

FEWEST, MOST = 40, 200  # trucks planned anew at once: a quarter of all between these
ROUNDS: Final = 4
GRAIN: Final = Grain(5, 30, is_likely=True)
HOW: Final = Pass(parts=1, effort=Effort(looks=40, is_fresh=True), steps=200)
PATIENCE: Final = 100  # failures in a row that end it
SLICE: Final = 0.02

SPARK: Final = 1e-3  # the loss of a truck without any, so that every truck can be a seed

Found = Callable[[Sequences], None]


class Prices(NamedTuple):
    """What loads are worth and trucks earn in the relaxation: `price` (N,), `rent` (K,)."""

    price: FloatArray
    rent: FloatArray


def refine(
    net: Network, plan: Sequences, prices: Prices, over: Over, rng: np.random.Generator, found: Found
) -> Sequences:
    """Return the plan with parts replaced by cheaper ones, until `over` or until that helps no longer; `found` hears
    of every better plan."""
    failures = 0
    cost = plan_cost(net, plan)
    while failures < PATIENCE and not over():
        chosen = _choose(net, losses(net, plan, prices), rng)
        old = [(k, loads) for k, loads in plan if chosen[k]]
        rest = [(k, loads) for k, loads in plan if not chosen[k]]
        new = rest + _planned_anew(net, chosen, (old, rest), prices.price, over, rng)
        if plan_cost(net, new) < cost:
            plan, cost, failures = new, plan_cost(net, new), 0
            found(plan)
        else:
            failures += 1
    return plan


def losses(net: Network, plan: Sequences, prices: Prices) -> FloatArray:
    """Return (K,) by how much each truck, with its chain or idle, costs more than in the relaxation."""
    loss = prices.rent.copy()
    for k, loads in plan:
        loss[k] += chain_cost(net, k, loads) - prices.price[loads].sum()
    return loss


def _choose(net: Network, loss: FloatArray, rng: np.random.Generator) -> BoolArray:
    """Return some trucks that can carry what one of them can, working at about the same time: one of great loss, and
    those of great loss first."""
    chosen = np.zeros(len(net.start), np.bool_)
    weight = np.maximum(loss, 0.0) + SPARK
    seed = rng.choice(len(weight), p=weight / weight.sum())
    kin = net.fits[net.truck_kind] @ net.fits[net.truck_kind[seed]] > 0
    able = np.flatnonzero(kin)
    middle = net.free_from + net.home_by
    apart = np.abs(middle - middle[seed])[able] * rng.uniform(0.0, 1.0, len(able)) - loss[able]
    chosen[able[np.argsort(apart, kind="stable")[: min(MOST, max(FEWEST, len(net.start) // 4))]]] = True
    return chosen


def _planned_anew(
    net: Network,
    chosen: BoolArray,
    parts: tuple[Sequences, Sequences],
    price: FloatArray,
    over: Over,
    rng: np.random.Generator,
) -> Sequences:
    old, rest = parts
    generation = Generation(net, Master(net, price), rng)
    generation.driven[:] = ~chosen
    for _, loads in rest:
        generation.served[loads] = True
    ground = generation.on(GRAIN)
    generation.master.settle(generation.driven, generation.served)
    generation.enter(old)
    for _ in range(ROUNDS):
        generation.round(ground, HOW, over)
        if over():
            return old
    return dive(generation, ground, Pace(lambda: 0.0, SLICE), over)
