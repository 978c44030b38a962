"""Local search: a visit takes a better slot, and at most one other visit makes room and goes where it
costs least."""

from typing import Final

from numba import njit

from solver.reading import IntArray
from solver.slots import places
from solver.slots.model import Model, cost_of
from solver.slots.places import Places

MAX_ROUNDS: Final = 3
MAX_STARTERS: Final = 12  # visits of a full slot that are asked to make room


@njit(cache=True, nogil=True)
def sweep(m: Model, p: Places, order: IntArray) -> int:
    """Offer every visit of `order` a better slot; return the cost saved."""
    saved = 0
    for v in order:
        now = cost_of(m, v, p.start[v])
        if now > 0:
            saved += _better(m, p, v, now)
    return saved


@njit(cache=True, nogil=True)
def _better(m: Model, p: Places, v: int, now: int) -> int:
    """Move v to the cheapest slot it can get, alone or at one other's expense; return the cost saved."""
    was = places.lift(m, p, v)
    target = places.cheapest(m, p, v, now)
    best = now if target < 0 else cost_of(m, v, target)
    evicted, refuge = -1, -1
    for s in range(m.first[v], m.last[v] + 1):
        each = cost_of(m, v, s)
        if each < best and places.truck_fits(m, p, v, s):
            u, where, total = _evict(m, p, v, s, each, best)
            if u >= 0:
                best, target, evicted, refuge = total, s, u, where
    if evicted >= 0:
        places.lift(m, p, evicted)
    if target >= 0:
        places.put(m, p, v, target)
    elif was >= 0 and evicted < 0:
        places.put(m, p, v, was)
    if evicted >= 0 and refuge >= 0:
        places.put(m, p, evicted, refuge)
    return now - best


@njit(cache=True, nogil=True)
def _evict(m: Model, p: Places, v: int, s: int, each: int, best: int) -> tuple[int, int, int]:
    """Return the visit to move so that v fits in slot s, where to (-1 out), and v's new cost plus the
    other's extra."""
    evicted, refuge = -1, -1
    if not places.gate_and_quota_fit(m, p, v, s):
        for i in range(p.starting[s] - 1, max(-1, p.starting[s] - 1 - MAX_STARTERS), -1):
            u = p.starters[s, i]
            where, total = _try(m, p, v, s, u, each, best)
            if total < best:
                best, evicted, refuge = total, u, where
                if best <= each:
                    break
    elif not places.dock_fits(m, p, v, s):
        end = s + m.duration[v]
        g = m.group[v]
        for i in range(m.group_start[g], m.group_start[g + 1]):
            u = m.group_visits[i]
            if 0 <= p.start[u] < end and p.start[u] + m.duration[u] > s:
                where, total = _try(m, p, v, s, u, each, best)
                if total < best:
                    best, evicted, refuge = total, u, where
    return evicted, refuge, best


@njit(cache=True, nogil=True)
def _try(m: Model, p: Places, v: int, s: int, u: int, each: int, best: int) -> tuple[int, int]:
    """Return where u would go if v took slot s, and the cost; the cost is `best` when that is no gain."""
    had = cost_of(m, u, p.start[u])
    room = best - each + had
    if room <= 0:
        return -1, best
    was = places.lift(m, p, u)
    where, total = -1, best
    if places.fits(m, p, v, s):
        places.put(m, p, v, s)
        where = places.cheapest(m, p, u, min(room, m.drop[u] + 1))
        if where >= 0:
            total = each + cost_of(m, u, where) - had
        elif m.drop[u] < room:
            total = each + m.drop[u] - had
        places.lift(m, p, v)
    places.put(m, p, u, was)
    return where, total
