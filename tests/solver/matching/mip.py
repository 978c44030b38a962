"""The whole problem as one mixed-integer program, M1-M4 and F1-F4 row by row, solved by HiGHS through scipy."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from solver.matching.instance import MatchingInstance


def mip_optimum(instance: MatchingInstance) -> int:
    """Return the least cost of any lawful plan; at most about five loads and four trucks."""
    model = _Model(instance)
    model.rows()
    matrix = np.array([row for row, _, _ in model.found]).reshape(len(model.found), model.size)
    lows, highs = (np.array([row[at] for row in model.found]) for at in (1, 2))
    result = milp(
        model.cost,
        constraints=LinearConstraint(matrix, lows, highs) if len(model.found) else (),
        bounds=Bounds(model.low, model.high),
        integrality=model.whole,
    )
    assert result.success, result.message
    return round(result.fun)


class _Model:
    """Columns: x[k, a, b] (truck k goes from a to b; a = N its start, b = N its home), start t[i], wait w[i],
    unserved u[i]."""

    def __init__(self, instance: MatchingInstance) -> None:
        self.instance = instance
        self.n, self.k = len(instance.loads), len(instance.trucks)
        n, k, loads = self.n, self.k, instance.loads
        self.size = k * (n + 1) ** 2 + 3 * n
        self.t0 = k * (n + 1) ** 2
        self.duration = loads.load_minutes + instance.minutes[loads.origin, loads.destination] + loads.unload_minutes
        self.cost, self.low = np.zeros(self.size), np.zeros(self.size)
        self.high, self.whole = np.ones(self.size), np.zeros(self.size)
        self.whole[: self.t0] = 1
        self.found: list[tuple[np.ndarray, float, float]] = []
        self.big = 2000.0
        self._columns()

    def x(self, k: int, a: int, b: int) -> int:
        return (k * (self.n + 1) + a) * (self.n + 1) + b

    def _columns(self) -> None:
        instance, n = self.instance, self.n
        loads, trucks, costs = instance.loads, instance.trucks, instance.costs
        for k in range(self.k):
            for a in range(n + 1):
                for b in range(n + 1):
                    here = trucks.start[k] if a == n else loads.destination[a]
                    there = trucks.home[k] if b == n else loads.origin[b]
                    at = self.x(k, a, b)
                    self.cost[at] = costs.per_empty_km * instance.km[here, there]
                    self.cost[at] += costs.per_truck if a == n else 0
                    carries = [i for i in (a, b) if i < n]
                    can = all(instance.can[trucks.kind[k], loads.kind[i]] for i in carries)
                    self.high[at] = float(can and a != b)
        for i in range(n):
            self.low[self.t0 + i], self.high[self.t0 + i] = loads.earliest[i], loads.latest[i]
            self.high[self.t0 + n + i] = self.big
            self.cost[self.t0 + n + i] = costs.per_wait_minute
            self.cost[self.t0 + 2 * n + i] = loads.drop[i]

    def row(self, entries: dict[int, float], low: float, high: float) -> None:
        line = np.zeros(self.size)
        for at, value in entries.items():
            line[at] += value
        self.found.append((line, low, high))

    def rows(self) -> None:
        n, inst = self.n, self.instance
        loads, trucks = inst.loads, inst.trucks
        everyone = range(n + 1)
        for i in range(n):  # M1
            served = {self.x(k, a, i): 1.0 for k in range(self.k) for a in everyone if a != i}
            self.row({**served, self.t0 + 2 * n + i: 1.0}, 1, 1)
            # M2: due, when served
            late = dict.fromkeys(served, self.big)
            self.row({self.t0 + i: 1.0, **late}, -np.inf, loads.due[i] - self.duration[i] + self.big)
        for k in range(self.k):
            self.row({self.x(k, n, b): 1.0 for b in range(n)}, 0, 1)  # M3: one chain
            for i in range(n):
                flow = {self.x(k, a, i): 1.0 for a in everyone if a != i}
                flow |= {self.x(k, i, b): -1.0 for b in everyone if b != i}
                self.row(flow, 0, 0)
                leave = trucks.free_from[k] + inst.minutes[trucks.start[k], loads.origin[i]]
                self.row({self.t0 + i: 1.0, self.x(k, n, i): -self.big}, leave - self.big, np.inf)
                home = trucks.home_by[k] - self.duration[i] - inst.minutes[loads.destination[i], trucks.home[k]]
                self.row({self.t0 + i: 1.0, self.x(k, i, n): self.big}, -np.inf, home + self.big)
        for i in range(n):
            for j in range(n):
                if i == j:
                    continue
                leg = self.duration[i] + inst.minutes[loads.destination[i], loads.origin[j]]
                follows = {self.x(k, i, j): -self.big for k in range(self.k)}
                gap = {self.t0 + j: 1.0, self.t0 + i: -1.0}
                self.row({**gap, **follows}, leg - self.big, np.inf)  # M2: one after the other
                idle = {self.t0 + n + j: 1.0, self.t0 + j: -1.0, self.t0 + i: 1.0}
                self.row({**idle, **follows}, -leg - self.big, np.inf)  # F2
