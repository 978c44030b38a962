"""A day as it runs: what is known by now, what each truck has accepted, and the board a round is given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulations.online.reveal import Known
from solver.matching.board import NO_PAIRS, Board
from solver.matching.check import delivery
from solver.matching.instance import Loads, MatchingInstance, Trucks
from solver.matching.plan import Chain, MatchingPlan
from solver.reading import IntArray


@dataclass(frozen=True, slots=True)
class Revealed:
    """A whole day and when each part of it becomes known."""

    instance: MatchingInstance
    known: Known


@dataclass(frozen=True, slots=True)
class Seen:
    """A board with the day's numbers of its trucks and loads; those only expected come behind the day's own."""

    board: Board
    trucks: IntArray
    loads: IntArray


class RunningDay:
    """The state of a day: chains as far as they are accepted, each truck where and when it is next free."""

    def __init__(self, day: Revealed) -> None:
        self.day = day
        trucks, loads = day.instance.trucks, len(day.instance.loads)
        self.at, self.free_from = trucks.start.copy(), trucks.free_from.copy()
        self.is_out = np.zeros(len(trucks), dtype=np.bool_)
        self.is_taken = np.zeros(loads, dtype=np.bool_)
        self._chains: list[list[tuple[int, int]]] = [[] for _ in range(len(trucks))]

    def chain(self, truck: int) -> Sequence[tuple[int, int]]:
        """Return a truck's accepted loads with their starts."""
        return self._chains[truck]

    def accept(self, truck: int, load: int, start: int, rank: int | None = None) -> None:
        """Put a load into a truck's chain, at its end unless `rank` says where; from then on it is frozen."""
        chain = self._chains[truck]
        chain.insert(len(chain) if rank is None else rank, (load, start))
        last, begins = chain[-1]
        self.is_taken[load], self.is_out[truck] = True, True
        self.at[truck] = self.day.instance.loads.destination[last]
        self.free_from[truck] = delivery(self.day.instance, last, begins)

    def plan(self) -> MatchingPlan:
        """Return what was accepted as a plan of the whole day."""
        chains = [
            Chain(k, tuple(i for i, _ in chain), tuple(start for _, start in chain))
            for k, chain in enumerate(self._chains)
            if chain
        ]
        return MatchingPlan(tuple(chains), tuple(np.flatnonzero(~self.is_taken).tolist()))

    def see(self, now: int, react: int, expected: Revealed | None = None) -> Seen:
        """Return the board at minute `now`: what is known and still open, and what of `expected` would not be known."""
        instance, known = self.day.instance, self.day.known
        trucks = np.flatnonzero((known.trucks <= now) & (instance.trucks.home_by > now))
        loads = np.flatnonzero((known.loads <= now) & ~self.is_taken & (instance.loads.latest >= now))
        later = expected or Revealed(instance, Known(known.loads[:0], known.trucks[:0]))
        more_trucks, more_loads = np.flatnonzero(later.known.trucks > now), np.flatnonzero(later.known.loads > now)
        free_from = np.concatenate([self.free_from[trucks], later.instance.trucks.free_from[more_trucks]])
        at = np.concatenate([self.at[trucks], later.instance.trucks.start[more_trucks]])
        board = Board(
            instance=MatchingInstance(
                minutes=instance.minutes,
                km=instance.km,
                costs=instance.costs,
                can=instance.can,
                trucks=Trucks(
                    kind=_joined(instance.trucks.kind, trucks, later.instance.trucks.kind, more_trucks),
                    start=at,
                    home=_joined(instance.trucks.home, trucks, later.instance.trucks.home, more_trucks),
                    free_from=free_from,
                    home_by=_joined(instance.trucks.home_by, trucks, later.instance.trucks.home_by, more_trucks),
                ),
                loads=Loads(
                    **{
                        name: _joined(
                            getattr(instance.loads, name), loads, getattr(later.instance.loads, name), more_loads
                        )
                        for name in LOAD_COLUMNS
                    }
                ),
            ),
            now=now,
            react=react,
            out=np.concatenate([self.is_out[trucks], np.zeros(len(more_trucks), np.bool_)]),
            since=free_from.copy(),
            forbidden=NO_PAIRS,
            known_at=_joined(known.loads, loads, later.known.loads, more_loads),
            expected_trucks=np.arange(len(at)) >= len(trucks),
            expected_loads=np.arange(len(loads) + len(more_loads)) >= len(loads),
        )
        return Seen(
            board,
            np.concatenate([trucks, len(instance.trucks) + more_trucks]),
            np.concatenate([loads, len(instance.loads) + more_loads]),
        )


LOAD_COLUMNS = (
    "kind", "origin", "destination", "earliest", "latest", "due", "load_minutes", "unload_minutes", "drop",
)  # fmt: skip


def _joined(known: IntArray, chosen: IntArray, expected: IntArray, more: IntArray) -> IntArray:
    return np.concatenate([known[chosen], expected[more]])
