"""Loads the compiled kernels before the clock starts; the first run after an installation compiles them."""

from functools import cache
from typing import Final

import numpy as np

from solver.slots import bound, construct, model, places, prices, regroup, transport
from solver.slots.instance import SlotInstance

_TWO: Final = [1, 1]


@cache
def load() -> None:
    """Call every kernel once on a day of two visits. Takes about a second, once per process."""
    m = model.build(_two_visits())
    start = construct.in_order(m, np.arange(2))
    board = places.filled(m, start)
    worth = transport.priced(m, np.zeros(int(m.column[-1]), dtype=np.int64), np.zeros(int(m.column[-1])))
    gate = transport.improve(m, board, np.arange(2), 1, worth)
    proposal = regroup.propose(m, board, np.arange(2), gate, unit=1.0, seconds=1.0)
    if proposal is not None:
        regroup.force(m, board, [proposal])
    state, unit = prices.start(m, start, gate), prices.unit_of(m)
    prices.run(m, state, unit, 1)
    prices.error(m, state)
    bound.bound(m, state.price_next)


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
