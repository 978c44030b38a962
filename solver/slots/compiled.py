"""Loads the compiled kernels before the clock starts; the first run after an installation compiles them."""

from functools import cache
from typing import Final

import numpy as np

from solver.slots import ball, bound, construct, gap, model, negotiate, places, prices, regroup, transport
from solver.slots.instance import SlotInstance
from solver.slots.mip import Effort
from solver.slots.regroup import Proposal

_TWO: Final = [1, 1]


@cache
def load() -> None:
    """Call every kernel once on a day of two visits. Takes about a second, once per process."""
    m = model.build(_two_visits())
    start = construct.in_order(m, np.arange(2))
    board = places.filled(m, start)
    rng = np.random.default_rng(0)
    nothing = np.zeros(len(m.capacity))
    talks = negotiate.negotiate(m, nothing, rng, sweeps=1, is_over=lambda: False)
    construct.settle(m, board, np.arange(2), talks.start)
    transport.improve(m, board, np.arange(2), 1, transport.priced(m, np.zeros(len(m.cost))))
    visits = np.arange(2)
    regroup.force(m, board, [Proposal(visits, start)])
    regroup.propose(m, board, visits, nothing[: m.horizon], Effort(1.0))
    state = prices.start(m, start, nothing)
    prices.improve(m, state, 1)
    gap.by_visit(m, bound.whole(m, nothing), start)
    ball.around(m, board, 0, 2, rng)
    gap.by_group(m, bound.whole(m, nothing), start)
    bound.bound(m, nothing)


def _two_visits() -> SlotInstance:
    visits = dict.fromkeys(("duration", "wish", "weight", "truck"), _TWO)
    visits |= {name: [0, 0] for name in ("dock_group", "earliest", "carrier")} | {"latest": [3, 3]}
    four = [1, 1, 1, 1]
    return SlotInstance.build(
        slot_minutes=15,
        horizon=4,
        docks=[four],
        gate=four,
        quota=[1],
        turn=0,
        early=1,
        late=1,
        drop=9,
        visits=visits,
    )
