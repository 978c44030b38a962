"""A matching round: the open loads and the trucks as they are known now, planned ahead; what is due becomes an offer.

1. scene      the board as arrays, with who may take what (board.py, roster.py)
2. start      the plan of the round before, as far as it can still be driven
3. fill       loads that are new go where they cost least
4. reshuffle  ruin and recreate on what is not frozen (reshuffle.py)
5. offers     the first load of every truck that must leave soon (O1 to O5, formulation.md)

What is accepted or begun is not on the board: a truck stands there as it is next free.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from solver.matching.board import Board
from solver.matching.kernels import dice
from solver.matching.plan import Chain, MatchingPlan
from solver.matching.rematch import rematch
from solver.matching.reshuffle import desk, fill, neighbours, reshuffle
from solver.matching.roster import (
    FAR,
    LONGEST,
    Roster,
    Scene,
    assign,
    idle_roster,
    latest_starts,
    row_cost,
    row_starts,
    scene,
)
from solver.reading import IntArray

LEAST_ROUNDS, LOADS_LOOKED_AT = 100, 300_000
TURNS = 4  # spells of ruin and recreate in a round
CUTS = 8  # minutes at which tails are matched anew after each spell
HEAT_KM = 30.0  # a change for the worse by so many kilometres is still accepted now and then, at first


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a round looks for a better plan: rounds of ruin and recreate, and the seed of their dice."""

    rounds: int = 8_000
    seed: int = 0

    @classmethod
    def within_a_second(cls, loads: int, seed: int = 0) -> "Effort":
        """Return what a round over so many loads can do in about a second: ruin and recreate looks at all of them."""
        return cls(max(LEAST_ROUNDS, min(cls().rounds, LOADS_LOOKED_AT // max(1, loads))), seed)


@dataclass(frozen=True, slots=True)
class Offer:
    """A truck's next load: its loading starts at `start`, the truck leaves for it at `leave`, at the latest `latest`.

    `latest` is when it must leave for all of its planned loads to be in time.
    """

    truck: int
    load: int
    start: int
    leave: int
    latest: int


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What a round plans: a chain per truck that gets loads, and the loads nobody takes; expected ones among them."""

    plan: MatchingPlan
    offers: tuple[Offer, ...]


def match_round(on: Board, effort: Effort | None = None, before: Iterable[Chain] = ()) -> RoundPlan:
    """Return a plan of the board's loads that keeps M1 to M4 and O1, O3, O4, and what each truck could be offered now.

    `before` are chains of an earlier round in the board's numbers; what of them can still be driven is where the search
    begins. Offers name known loads and trucks only (O5); whoever makes them chooses which are due.
    """
    effort = effort or Effort.within_a_second(len(on.instance.loads))
    at = scene(on)
    roster = idle_roster(at)
    _resume(at, roster, before)
    near = neighbours(at)
    table = desk(at, roster)
    state = dice(effort.seed)
    fill(at, near, roster, table, state)
    rng = np.random.default_rng(effort.seed)
    for turn in range(TURNS):
        heat = HEAT_KM * max(1, on.instance.costs.per_empty_km) * (1 - turn / TURNS)
        table = desk(at, roster)
        roster = reshuffle(at, near, roster, table, state, heat, effort.rounds // TURNS)
        _rematch_all(at, roster, rng)
    return _told(on, at, roster)


def _rematch_all(at: Scene, roster: Roster, rng: np.random.Generator) -> int:
    """Match tails anew at some minutes of the plan; return what that saves."""
    driven = roster.early[roster.truck >= 0]
    if not len(driven):
        return 0
    cuts = np.unique(np.quantile(driven, rng.uniform(0.0, 1.0, CUTS)).astype(np.int64))
    return sum(rematch(at, roster, int(cut), rng) for cut in rng.permutation(cuts))


def _resume(at: Scene, roster: Roster, before: Iterable[Chain]) -> None:
    """Give the trucks their earlier chains; a load that no longer fits is left out of its chain."""
    for chain in before:
        row: list[int] = []
        for i in chain.loads[:LONGEST]:
            trial = np.array([*row, i], dtype=np.int64)
            if roster.truck[i] < 0 and row_cost(at, chain.truck, trial, len(trial)) < FAR:
                row.append(i)
        assign(at, roster, chain.truck, np.array(row, dtype=np.int64), len(row))


def _told(on: Board, at: Scene, roster: Roster) -> RoundPlan:
    rows = [(k, roster.row[k, : roster.length[k]]) for k in np.flatnonzero(roster.length).tolist()]
    chains = [Chain(k, tuple(row.tolist()), tuple(row_starts(at, k, row).tolist())) for k, row in rows]
    offers = [_offer(at, k, row, chain) for (k, row), chain in zip(rows, chains, strict=True)]
    known = [o for o in offers if not on.expected_trucks[o.truck] and not on.expected_loads[o.load]]
    return RoundPlan(MatchingPlan(tuple(chains), tuple(np.flatnonzero(roster.truck < 0).tolist())), tuple(known))


def _offer(at: Scene, k: int, row: IntArray, chain: Chain) -> Offer:
    leg = int(at.minutes[at.start[k], at.origin[row[0]]])
    latest = int(latest_starts(at, k, row)[0])
    return Offer(k, int(row[0]), chain.starts[0], chain.starts[0] - leg, latest - leg)
