"""Cost-to-go tables: what the rest of the day costs a truck of a class, from any place at any step.

A class is a set of trucks treated alike: they carry what any of them can, and may end as any of them. For
one class and prices on the loads, `after[d, u]` is the least cost from the end of unloading at place d in
step u until home, `begin[q, u]` that from the start of a load at q in step u, `at[q, u]` that from standing
at q in step u. Loads are paid for every time they are served, so a path may serve one twice: the tables are
exact for a relaxation (the non-elementary shortest path with resources time and shift end) and never above
the truth.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.grid import NEVER, Grid, Int32Array
from solver.matching.kernels import kernel
from solver.matching.network import Network
from solver.reading import IntArray


class TruckClass(NamedTuple):
    """Trucks treated alike: who they are, what they carry (load kinds,), and their way home from each end.

    `home_cost` (D,) in units and `home_step` (D,), the last step from which home is reached in time; where
    the trucks differ, the best of any. Nothing happens before `first_step` or from `end_step` on.
    """

    trucks: IntArray
    fits: IntArray
    home_cost: IntArray
    home_step: IntArray
    first_step: int
    end_step: int


class Tables(NamedTuple):
    """after (D, steps), begin and at (Q, steps), first (Q, steps): begin's least from a step on; all int32
    units."""

    after: Int32Array
    begin: Int32Array
    at: Int32Array
    first: Int32Array


def truck_class(net: Network, grid: Grid, trucks: IntArray) -> TruckClass:
    """Return the class of some trucks."""
    places = grid.destination_places
    homes = net.home[trucks]
    home_cost = net.price_km * net.km[places][:, homes] * grid.unit_by // grid.unit_of
    home_minute = net.home_by[trucks] - net.minutes[places][:, homes]
    home_step = ((home_minute - grid.zero) // grid.step).max(axis=1)
    earliest = (int(net.free_from[trucks].min()) - grid.zero) // grid.step
    return TruckClass(
        trucks=trucks,
        fits=net.fits[net.truck_kind[trucks]].max(axis=0),
        home_cost=home_cost.min(axis=1),
        home_step=home_step,
        first_step=min(max(earliest, 0), grid.steps),
        end_step=min(max(int(home_step.max()) + 1, 0), grid.steps),
    )


def blank_tables(grid: Grid) -> Tables:
    """Return room for the tables of one class."""
    ends, begins = len(grid.destination_places), len(grid.origin_places)
    shapes = [(ends, grid.steps), (begins, grid.steps), (begins, grid.steps), (begins, grid.steps)]
    return Tables(*(np.zeros(shape, dtype=np.int32) for shape in shapes))


@kernel
def fill(grid: Grid, net: Network, cls: TruckClass, worth: IntArray, tables: Tables) -> None:
    """Compute the tables of a class for the worth of each load, units (N,)."""
    tables.after[:] = NEVER
    tables.begin[:] = NEVER
    tables.at[:] = NEVER
    tables.first[:] = NEVER
    usable = np.empty(len(grid.origin), np.bool_)
    any_instant = False
    for i in range(len(usable)):
        usable[i] = grid.usable[i] and cls.fits[net.load_kind[i]] == 1
        any_instant |= usable[i] and grid.instant[i]
    high = cls.end_step
    while high > cls.first_step:
        low = max(cls.first_step, high - grid.block)
        _begin(grid, usable, worth, tables, low, high)
        _stand(grid, tables, low, high)
        changed = _after(grid, cls, tables, low, high)
        while any_instant and changed:
            _begin(grid, usable, worth, tables, low, high)
            _stand(grid, tables, low, high)
            changed = _after(grid, cls, tables, low, high)
        high = low


@kernel
def _begin(
    grid: Grid, usable: NDArray[np.bool_], worth: IntArray, tables: Tables, low: int, high: int
) -> None:
    for i in range(len(usable)):
        if not usable[i]:
            continue
        cost = np.int32(-worth[i] - grid.credit[i])
        row = tables.begin[grid.origin[i]]
        after = tables.after[grid.destination[i]]
        steps = grid.duration_steps[i]
        start, stop = max(low, grid.first_step[i]), min(high, grid.last_step[i] + 1)
        for u in range(start, stop):
            row[u] = min(row[u], cost + after[u + steps])


@kernel
def _stand(grid: Grid, tables: Tables, low: int, high: int) -> None:
    wait = np.int32(grid.step_wait)
    for q in range(len(tables.at)):
        begin, at, first = tables.begin[q], tables.at[q], tables.first[q]
        for u in range(high - 1, low - 1, -1):
            at[u], first[u] = begin[u], begin[u]
            if u + 1 < grid.steps:
                at[u] = min(at[u], at[u + 1] + wait)
                first[u] = min(first[u], first[u + 1])
            at[u] = min(at[u], np.int32(NEVER))


@kernel
def _after(grid: Grid, cls: TruckClass, tables: Tables, low: int, high: int) -> bool:
    """Fill `after` for some steps; legs whose cheapest possible end is no better than what is known are
    skipped."""
    changed = False
    new = np.empty(high - low, np.int32)
    order = np.argsort(tables.first[:, low])
    for d in range(len(tables.after)):
        home = np.int32(cls.home_cost[d])
        for u in range(low, high):
            new[u - low] = home if u <= cls.home_step[d] else NEVER
        worst = new.max()
        for q in order:
            cost, steps = grid.leg_cost[d, q], grid.leg_steps[d, q]
            if low + steps >= grid.steps or cost + tables.first[q, low + steps] >= worst:
                continue
            at = tables.at[q]
            for u in range(low, min(high, grid.steps - steps)):
                new[u - low] = min(new[u - low], cost + at[u + steps])
            worst = new.max()
        after = tables.after[d]
        for u in range(low, high):
            if new[u - low] < after[u]:
                after[u] = new[u - low]
                changed = True
    return changed


@kernel
def best_first(grid: Grid, net: Network, k: int, tables: Tables) -> tuple[int, int, int]:
    """Return (cost, origin, step) of the cheapest path of truck k: its cost in units, F3 and first leg
    included."""
    best, best_q, best_u = NEVER, -1, -1
    fixed = net.price_truck * grid.unit_by // grid.unit_of - grid.mercy
    for q in range(len(grid.origin_places)):
        place = grid.origin_places[q]
        minute = net.free_from[k] + net.minutes[net.start[k], place]
        u = max(0, (minute - grid.zero) // grid.step)
        if u < grid.steps and tables.first[q, u] < NEVER // 2:
            leg = net.price_km * net.km[net.start[k], place] * grid.unit_by // grid.unit_of
            cost = fixed + leg + tables.first[q, u]
            if cost < best:
                best, best_q, best_u = cost, q, u
    return int(best), best_q, best_u


@kernel
def trace(  # noqa: PLR0913, PLR0917 - what `fill` was given, and where to begin
    grid: Grid, net: Network, cls: TruckClass, worth: IntArray, tables: Tables, q: int, u: int, out: IntArray
) -> int:
    """Write the loads of the path that first stands at origin q in step u; return how many fit into `out`."""
    while tables.begin[q, u] != tables.first[q, u]:
        u += 1
    count = 0
    while count < len(out):
        while tables.begin[q, u] != tables.at[q, u] and count > 0:
            u += 1
        i = _load_at(grid, net, cls, worth, tables, q, u)
        out[count] = i
        count += 1
        d, u = grid.destination[i], u + grid.duration_steps[i]
        value = tables.after[d, u]
        if u <= cls.home_step[d] and value == cls.home_cost[d]:
            return count
        for other in range(len(grid.origin_places)):
            steps = grid.leg_steps[d, other]
            if u + steps < grid.steps and value == grid.leg_cost[d, other] + tables.at[other, u + steps]:
                q, u = other, u + steps
                break
    return count


@kernel
def _load_at(
    grid: Grid, net: Network, cls: TruckClass, worth: IntArray, tables: Tables, q: int, u: int
) -> int:
    """Return a load that starts at origin q in step u at the cost the tables say."""
    for rank in range(grid.by_origin_cut[q], grid.by_origin_cut[q + 1]):
        i = grid.by_origin[rank]
        if not grid.usable[i] or cls.fits[net.load_kind[i]] == 0:
            continue
        if grid.first_step[i] <= u <= grid.last_step[i]:
            after = tables.after[grid.destination[i], u + grid.duration_steps[i]]
            if tables.begin[q, u] == after - worth[i] - grid.credit[i]:
                return int(i)
    return -1
