"""A plan made better a part at a time: some trucks give up their loads and are planned anew, by generation and dive."""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.matching.chains import chain_cost
from solver.matching.dive import Pace, Sequences, dive, plan_cost
from solver.matching.generation import BoolArray, Generation, Over
from solver.matching.network import FloatArray
from solver.matching.pricing import Ground

TRUCKS: Final = 220  # planned anew at once
ROUNDS: Final = 6
PATIENCE: Final = 5  # failures in a row, and some for every truck, that end it

Found = Callable[[Sequences], None]


def refine(
    on: Ground, plan: Sequences, price: FloatArray, over: Over, rng: np.random.Generator, found: Found
) -> Sequences:
    """Return the plan with parts replaced by cheaper ones, until `over` or until that helps no longer; `found` hears
    of every better plan."""
    failures, patience = 0, PATIENCE + len(on.net.start) // (TRUCKS // 4)
    while failures < patience and not over():
        chosen = _choose(on, rng)
        old = [(k, loads) for k, loads in plan if chosen[k]]
        rest = [(k, loads) for k, loads in plan if not chosen[k]]
        generation = Generation(on, price.copy(), rng, is_lawful=True)
        generation.driven[:] = ~chosen
        for _, loads in rest:
            generation.taken[loads] = 1
        new = _planned_anew(generation, old, over, rng)
        if plan_cost(on.net, rest + new) < plan_cost(on.net, plan):
            plan, failures = rest + new, 0
            found(plan)
        else:
            failures += 1
    return plan


def _choose(on: Ground, rng: np.random.Generator) -> BoolArray:
    """Return some trucks that can carry one kind of load, working at about the same time."""
    net = on.net
    kind = net.load_kind[rng.integers(len(net.origin))]
    able = np.flatnonzero(net.fits[net.truck_kind, kind] == 1)
    chosen = np.zeros(len(net.start), np.bool_)
    if len(able):
        middle = (net.free_from + net.home_by)[able]
        apart = np.abs(middle - rng.choice(middle)) * rng.uniform(0.0, 1.0, len(able))
        chosen[able[np.argsort(apart, kind="stable")[:TRUCKS]]] = True
    return chosen


def _planned_anew(generation: Generation, old: Sequences, over: Over, rng: np.random.Generator) -> Sequences:
    generation.narrow()
    for k, loads in old:
        generation.master.add(k, loads, chain_cost(generation.ground.net, k, loads))
    for _ in range(ROUNDS):
        if over():
            return old
        generation.round(over)
    return dive(generation, Pace(lambda: 0.0), over, rng)
