"""Which visits are one truck's: a share of the trucks comes two to four times, with time to drive in between."""

from dataclasses import dataclass

import numpy as np

from simulations.demand.distributions import REPEATING_TRUCKS, REPEATS, RETURN_MINUTES
from simulations.demand.draws import keys_of
from solver.reading import IntArray

ATTEMPTS = 4  # per truck that shall come again: late in the day there may be no later visit


@dataclass(frozen=True, slots=True)
class Rounds:
    """The truck of each visit, (V,), numbered from 0 to `trucks` - 1."""

    truck: IntArray
    trucks: int


def draw_rounds(rng: np.random.Generator, wish: IntArray, busy_minutes: IntArray, kind: IntArray) -> Rounds:
    """Return the trucks of visits; visits of one truck have one kind and wishes apart by the first one's business.

    All arrays (V,): wishes in minutes, minutes a visit keeps its truck busy, truck kinds.
    """
    truck = np.full(len(wish), -1, dtype=np.int64)
    trucks = 0
    for each in np.unique(kind).tolist():
        mine = np.flatnonzero(kind == each)
        mine = mine[np.argsort(wish[mine], kind="stable")]
        for round_ in _rounds_of_kind(rng, wish[mine], busy_minutes[mine]):
            truck[mine[round_]] = trucks
            trucks += 1
    alone = np.flatnonzero(truck < 0)
    truck[alone] = trucks + np.arange(len(alone))
    return Rounds(truck, trucks + len(alone))


def _rounds_of_kind(rng: np.random.Generator, wish: IntArray, busy_minutes: IntArray) -> list[list[int]]:
    """Return the visits of every truck that comes more than once, as positions in the wishes, which are sorted."""
    repeats = REPEATS.value
    mean = sum(visits * share for visits, share in repeats.items())
    wanted = round(REPEATING_TRUCKS.value * len(wish) / (1 + REPEATING_TRUCKS.value * (mean - 1)))
    starts = rng.permutation(len(wish))[: ATTEMPTS * wanted].tolist()
    visits = keys_of(rng, repeats, len(starts)).tolist()
    breaks = RETURN_MINUTES.value[0] + rng.exponential(RETURN_MINUTES.value[1], (len(starts), max(repeats)))
    free = _Free(len(wish))
    rounds: list[list[int]] = []
    for first, count, pauses in zip(starts, visits, breaks.tolist(), strict=True):
        if len(rounds) == wanted:
            break
        if not free.is_free(first):
            continue
        found = [first]
        for pause in pauses[: count - 1]:
            ready = wish[found[-1]] + busy_minutes[found[-1]] + int(pause)
            following = free.next_from(int(np.searchsorted(wish, ready)))
            if following is None:
                break
            found.append(following)
        if len(found) > 1:
            free.take(found)
            rounds.append(found)
    return rounds


class _Free:
    """Which positions are not taken, with the next free one from any position (union-find, paths halved)."""

    def __init__(self, count: int) -> None:
        self._next = list(range(count + 1))

    def is_free(self, position: int) -> bool:
        return self._next[position] == position

    def next_from(self, position: int) -> int | None:
        following = self._next
        while following[position] != position:
            following[position] = following[following[position]]
            position = following[position]
        return position if position < len(following) - 1 else None

    def take(self, positions: list[int]) -> None:
        for position in positions:
            self._next[position] = position + 1
