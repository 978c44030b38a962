"""Tiny parks: two places ten minutes and ten kilometres apart unless a test says otherwise."""

from collections.abc import Sequence

import numpy as np

from solver.matching.instance import Costs, Loads, MatchingInstance, Trucks

LOAD = {
    "kind": 0,
    "origin": 0,
    "destination": 1,
    "earliest": 0,
    "latest": 100,
    "due": 1000,
    "load_minutes": 5,
    "unload_minutes": 5,
    "drop": 1000,
    "carrier": -1,
}
TRUCK = {"kind": 0, "start": 0, "home": 0, "free_from": 0, "home_by": 1000, "carrier": -1}


def park(
    loads: Sequence[dict[str, int]] = (),
    trucks: Sequence[dict[str, int]] = (),
    *,
    distance: Sequence[Sequence[int]] = ((0, 10), (10, 0)),
    can: Sequence[Sequence[int]] = ((1,),),
    costs: Costs = Costs(10, 1, 50),  # noqa: B008
) -> MatchingInstance:
    """Return an instance whose loads and trucks are LOAD and TRUCK with what each entry says instead."""
    return MatchingInstance(
        minutes=np.array(distance),
        km=np.array(distance),
        costs=costs,
        trucks=Trucks(**_columns(TRUCK, trucks)),
        can=np.array(can),
        loads=Loads(**_columns(LOAD, loads)),
    )


def _columns(default: dict[str, int], entries: Sequence[dict[str, int]]) -> dict[str, np.ndarray]:
    return {name: np.array([{**default, **e}[name] for e in entries], dtype=np.int64) for name in default}
