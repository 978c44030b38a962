"""Very large moves: all visits choose anew at once, as a transportation problem over the slots.

The gate is the one thing that all visits share. So let each visit claim, besides the docks, quota and truck slots
it holds, those of other starts that nobody has claimed: whatever starts the visits then choose among what they have
claimed, S2, S4 and S5 hold. What is left is to choose within the gate: visits to slots, gate[t] to each. That is
solved to optimality by cancelling negative cycles (Klein 1967) in the graph of slots, in which the arc from s to t is
the cheapest claimed move of a visit from s to t. Two nodes are added: `out`, where unplaced visits are and which has
room for all, and `sink`, which every node with room leads to and which leads to every node.

Who claims first is drawn anew each round, so what blocks a visit in one round gives way in the next. At the end the
distances in the graph are prices of the gate's slots.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solver.reading import IntArray
from solver.slots import places
from solver.slots.model import FloatArray, Model
from solver.slots.places import Places

SCALE: Final = 64  # of Worth per cost unit; a whole day's worth then stays below 2**59
MOST_SLOTS: Final = 1_000  # the graph is dense
_NEVER: Final = 1 << 61


class Worth(NamedTuple):
    """What choices cost in a round: `start` (N,) per column, `out` (V,) for not being placed; whole numbers."""

    start: IntArray
    out: IntArray


class Graph(NamedTuple):
    """The slots 0..T-1, `out` T and `sink` T + 1 as nodes; arrays change in place."""

    claimed: NDArray[np.bool_]  # (N,)
    arc: IntArray  # (T + 2, T + 2) least cost of a move
    mover: IntArray  # (T + 2, T + 2) the visit that makes it, -1 none
    waiting: IntArray  # (V,) unplaced visits, the first `waiters` of them
    waiters: IntArray  # (1,)
    distance: IntArray  # (T + 2,)
    parent: IntArray  # (T + 2,)


def priced(model: Model, noise: FloatArray) -> Worth:
    """Return the worth of choices with a `noise` (N,) in cost units on the costs of the starts."""
    start = np.rint((model.cost + noise) * SCALE).astype(np.int64)
    return Worth(start, np.rint(model.drop * SCALE).astype(np.int64))


def gate_prices(model: Model, start: IntArray, worth: Worth) -> FloatArray:
    """Return the gate's best prices (T,) in cost units if nothing but the gate were scarce, from a lawful plan (V,)."""
    capacity = model.capacity.copy()
    capacity[model.horizon :] = len(start)
    alone = model._replace(capacity=capacity)
    return improve(alone, places.filled(alone, start), np.arange(len(start)), model.horizon, worth)


def improve(model: Model, board: Places, order: IntArray, reach: int, worth: Worth) -> FloatArray:
    """Move visits on the board to a plan of least worth within one round's claims; return gate prices (T,)
    in cost units.

    Visits of `order` claim one after the other, starts up to `reach` slots from where they are, unplaced ones all of
    their window.
    """
    nodes = model.horizon + 2
    graph = Graph(
        claimed=np.zeros(int(model.column[-1]), dtype=np.bool_),
        arc=np.full((nodes, nodes), _NEVER),
        mover=np.full((nodes, nodes), -1),
        waiting=np.zeros(len(model.first), dtype=np.int64),
        waiters=np.zeros(1, dtype=np.int64),
        distance=np.zeros(nodes, dtype=np.int64),
        parent=np.full(nodes, -1),
    )
    _round(model, board, graph, order, reach, worth)
    price: FloatArray = (graph.distance[-1] - graph.distance[: model.horizon]) / SCALE
    return price


@njit(cache=True, nogil=True)
def _round(m: Model, p: Places, g: Graph, order: IntArray, reach: int, worth: Worth) -> None:
    free = p.free.copy()
    for v in order:
        _claim(m, p, free, g.claimed, v, reach)
    for v in order:
        if p.start[v] < 0:
            g.waiting[g.waiters[0]] = v
            g.waiters[0] += 1
    for s in range(m.horizon + 1):
        _draw_arcs(m, p, g, worth, s)
    g.arc[m.horizon + 1, : m.horizon + 1] = 0
    g.arc[m.horizon, m.horizon + 1] = 0
    while True:
        for s in range(m.horizon):
            g.arc[s, m.horizon + 1] = 0 if p.free[s] > 0 else _NEVER
        node = _negative_cycle(g)
        if node < 0:
            return
        _cancel(m, p, g, worth, node)


@njit(cache=True, nogil=True)
def _claim(m: Model, p: Places, free: IntArray, claimed: Any, v: int, reach: int) -> None:
    """Claim for v the starts whose docks, quota and truck slots are in `free` (R,), and take them off it."""
    low, high = m.first[v], m.last[v]
    now = p.start[v]
    if now >= 0:
        places.take(m, free, v, now, -1)
        low, high = max(low, now - reach), min(high, now + reach)
    at = m.column[v] - m.first[v]
    for s in range(low, high + 1):
        claimed[at + s] = places.within_gate_fits(m, free, v, s)
    dock_until, truck_until = low, low
    dock = m.horizon * (1 + m.group[v])
    quota = m.horizon * (1 + m.groups + m.carrier[v])
    truck = m.horizon * (1 + m.groups + m.carriers + m.truck[v])
    for s in range(low, high + 1):
        if claimed[at + s]:
            if m.carrier[v] >= 0:
                free[quota + s] -= 1
            for t in range(max(s, dock_until), s + m.duration[v]):
                free[dock + t] -= 1
            dock_until = s + m.duration[v]
            if m.truck[v] >= 0:
                end = min(m.horizon, dock_until + m.turn)
                for t in range(max(s, truck_until), end):
                    free[truck + t] -= 1
                truck_until = end


@njit(cache=True, nogil=True)
def _draw_arcs(m: Model, p: Places, g: Graph, worth: Worth, s: int) -> None:
    """Find the cheapest claimed move from node s (a slot or `out`) to every other."""
    out = m.horizon
    g.arc[s, : out + 1] = _NEVER
    count = g.waiters[0] if s == out else p.starting[s]
    for i in range(count):
        v = g.waiting[i] if s == out else p.starters[s, i]
        at = m.column[v] - m.first[v]
        now = worth.out[v] if s == out else worth.start[at + s]
        for t in range(m.first[v], m.last[v] + 1):
            if g.claimed[at + t] and t != s and worth.start[at + t] - now < g.arc[s, t]:
                g.arc[s, t] = worth.start[at + t] - now
                g.mover[s, t] = v
        if s != out and worth.out[v] - now < g.arc[s, out]:
            g.arc[s, out] = worth.out[v] - now
            g.mover[s, out] = v


@njit(cache=True, nogil=True)
def _negative_cycle(g: Graph) -> int:
    """Return a node of a negative cycle along `parent`, -1 when there is none (Bellman 1958, Ford)."""
    nodes = len(g.distance)
    seen = np.empty(nodes, dtype=np.int64)
    g.distance[:] = 0
    g.parent[:] = -1
    changed = True
    while changed:
        changed = False
        for s in range(nodes):
            for t in range(nodes):
                if g.distance[s] + g.arc[s, t] < g.distance[t]:
                    g.distance[t] = g.distance[s] + g.arc[s, t]
                    g.parent[t] = s
                    changed = True
        seen[:] = -1
        for i in range(nodes):
            x = i
            while x >= 0 and seen[x] < 0:
                seen[x] = i
                x = g.parent[x]
            if x >= 0 and seen[x] == i:
                return x
    return -1


@njit(cache=True, nogil=True)
def _cancel(m: Model, p: Places, g: Graph, worth: Worth, node: int) -> None:
    """Make the moves of the cycle through `node`: all leave first, then all arrive."""
    out = m.horizon
    nodes = _nodes_of(g, node)
    for i in range(len(nodes)):
        v = g.mover[g.parent[nodes[i]], nodes[i]]
        if v >= 0:
            if p.start[v] < 0:
                _stop_waiting(g, v)
            places.lift(m, p, v)
    for i in range(len(nodes)):
        v = g.mover[g.parent[nodes[i]], nodes[i]]
        if v >= 0 and nodes[i] < out:
            places.put(m, p, v, nodes[i])
        elif v >= 0:
            g.waiting[g.waiters[0]] = v
            g.waiters[0] += 1
    for s in nodes:
        if s <= out:
            _draw_arcs(m, p, g, worth, s)


@njit(cache=True, nogil=True)
def _nodes_of(g: Graph, node: int) -> IntArray:
    """Return the nodes of the cycle through `node`, each after the one it leads to."""
    nodes = np.empty(len(g.parent), dtype=np.int64)
    count, t = 0, node
    while count == 0 or t != node:
        nodes[count] = t
        count += 1
        t = g.parent[t]
    return nodes[:count]


@njit(cache=True, nogil=True)
def _stop_waiting(g: Graph, v: int) -> None:
    at = 0
    while g.waiting[at] != v:
        at += 1
    g.waiters[0] -= 1
    g.waiting[at] = g.waiting[g.waiters[0]]
