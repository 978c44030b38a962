"""The optimum of small instances by a full model over links and depots: nothing the solver uses but a MIP solver."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from solver.mdvsp.instance import FixedInstance, Instance, ShiftInstance


def optimum(instance: Instance) -> int | None:
    """Return the least cost of any lawful plan; None when there is none."""
    return _fixed_optimum(instance) if isinstance(instance, FixedInstance) else _shift_optimum(instance)


def _fixed_optimum(instance: FixedInstance) -> int | None:
    """Arcs (depot, from, to); node n is the depot's end of each arc."""
    n = instance.trips
    arcs = []
    for k in range(instance.depots):
        arcs += [(k, n, t, instance.pull_out[k, t]) for t in range(n) if instance.pull_out[k, t] >= 0]
        arcs += [(k, t, n, instance.pull_in[t, k]) for t in range(n) if instance.pull_in[t, k] >= 0]
        arcs += [(k, t, u, instance.link[t, u]) for t, u in np.argwhere(instance.link >= 0).tolist()]
    return _solve(arcs, {(k, t): 1 for k in range(instance.depots) for t in range(n)}, range(n), instance.capacity, n)


def _shift_optimum(instance: ShiftInstance) -> int | None:
    """Nodes are trips at each of their starting minutes."""
    shifts = range(-instance.shift, instance.shift + 1)
    nodes = [(t, int(instance.start[t]) + s) for t in range(instance.trips) for s in shifts]
    end, arcs = len(nodes), []
    for k in range(instance.depots):
        for a, (t, start) in enumerate(nodes):
            arcs.append((k, end, a, 1000 + instance.travel[k, instance.origin[t]]))
            arcs.append((k, a, end, instance.travel[instance.destination[t], k]))
            for b, (u, begin) in enumerate(nodes):
                minutes = instance.travel[instance.destination[t], instance.origin[u]]
                if t != u and start + instance.end[t] - instance.start[t] + minutes <= begin:
                    arcs.append((k, a, b, minutes))
    return _solve(arcs, nodes, [t for t, _ in nodes], instance.capacity, end)


def _solve(arcs, nodes, trip_of, capacity, end) -> int | None:
    trip_of, depots = list(trip_of), len(capacity)
    trips = max(trip_of) + 1
    cover = np.zeros((trips, len(arcs)))
    balance = np.zeros((depots * len(trip_of), len(arcs)))
    leaving = np.zeros((depots, len(arcs)))
    for x, (k, a, b, _) in enumerate(arcs):
        if b != end:
            cover[trip_of[b], x] += 1
            balance[k * len(trip_of) + b, x] += 1
        if a != end:
            balance[k * len(trip_of) + a, x] -= 1
        else:
            leaving[k, x] += 1
    found = milp(
        [float(cost) for *_, cost in arcs],
        constraints=[
            LinearConstraint(cover, 1, 1),
            LinearConstraint(balance, 0, 0),
            LinearConstraint(leaving, 0, capacity),
        ],
        integrality=np.ones(len(arcs)),
        bounds=Bounds(0, 1),
    )
    return round(found.fun) if found.success else None
