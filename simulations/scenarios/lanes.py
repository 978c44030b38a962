"""A park with another number of lanes."""

from dataclasses import replace

import numpy as np

from dispatch.model.park import Park
from simulations.scenarios.changes import Lanes


def with_lanes(park: Park, change: Lanes) -> Park:
    """Return the park with so many lanes, spread over its gates in proportion (largest remainders), one each."""
    gates = park.gates if change.gate is None else (park.gate_by_id[change.gate],)
    entry = _shared(change.entry, [gate.entry_lanes for gate in gates])
    out = _shared(change.exit, [gate.exit_lanes for gate in gates])
    changed = {
        gate.id: replace(gate, entry_lanes=lanes, exit_lanes=exits)
        for gate, lanes, exits in zip(gates, entry, out, strict=True)
    }
    return replace(park, gates=tuple(changed.get(gate.id, gate) for gate in park.gates))


def _shared(total: int | None, weights: list[int]) -> list[int]:
    if total is None:
        return weights
    weight = np.maximum(np.array(weights, dtype=np.float64), 1e-9)
    exact = total * weight / weight.sum()
    shares = np.floor(exact).astype(np.int64)
    for i in np.argsort(-(exact - shares), kind="stable")[: total - int(shares.sum())]:
        shares[i] += 1
    while total >= len(weights) and shares.min() == 0:  # a gate is not closed by this
        shares[shares.argmin()] += 1
        shares[shares.argmax()] -= 1
    return [int(each) for each in shares]
