"""A plan made better a part at a time: some trucks give up their loads and are planned anew, by generation and dive."""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.matching.dive import Pace, dive, plan_cost
from solver.matching.generation import Generation, Over, Pass, Sequences
from solver.matching.lattice import Grain
from solver.matching.master import Master
from solver.matching.network import FloatArray, Network
from solver.matching.pricing import Effort
from solver.matching.teams import BoolArray

FEWEST, MOST = 40, 200  # trucks planned anew at once: a quarter of all between these
ROUNDS: Final = 8
GRAIN: Final = Grain(step=5, clusters=80, is_likely=True)
HOW: Final = Pass(parts=2, effort=Effort(looks=40, is_fresh=True), steps=400)
PATIENCE: Final = 40  # failures in a row that end it
SLICE: Final = 0.08

Found = Callable[[Sequences], None]


def refine(
    net: Network, plan: Sequences, price: FloatArray, over: Over, rng: np.random.Generator, found: Found
) -> Sequences:
    """Return the plan with parts replaced by cheaper ones, until `over` or until that helps no longer; `found` hears
    of every better plan."""
    failures = 0
    cost = plan_cost(net, plan)
    while failures < PATIENCE and not over():
        chosen = _choose(net, rng)
        old = [(k, loads) for k, loads in plan if chosen[k]]
        rest = [(k, loads) for k, loads in plan if not chosen[k]]
        new = rest + _planned_anew(net, chosen, (old, rest), price, over, rng)
        if plan_cost(net, new) < cost:
            plan, cost, failures = new, plan_cost(net, new), 0
            found(plan)
        else:
            failures += 1
    return plan


def _choose(net: Network, rng: np.random.Generator) -> BoolArray:
    """Return some trucks that can carry one kind of load, working at about the same time."""
    kind = net.load_kind[rng.integers(len(net.origin))]
    able = np.flatnonzero(net.fits[net.truck_kind, kind] == 1)
    chosen = np.zeros(len(net.start), np.bool_)
    if len(able):
        middle = (net.free_from + net.home_by)[able]
        apart = np.abs(middle - rng.choice(middle)) * rng.uniform(0.0, 1.0, len(able))
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
    ground = generation.on(GRAIN, 1)
    generation.master.settle(generation.driven, generation.served)
    generation.enter(old)
    for _ in range(ROUNDS):
        generation.round(ground, HOW, over)
        if over():
            return old
    return dive(generation, ground, Pace(lambda: 0.0, SLICE), over)
