"""The best chains of every truck at given prices of the loads, team by team."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from solver.matching.kernels import kernel
from solver.matching.lattice import Grain, Lattice, lattice
from solver.matching.network import FloatArray, Network
from solver.matching.routes import LONGEST, Trail, View, explore, follow, new_trail
from solver.matching.table import Numbers, Table, empty_table, fill, least_cost
from solver.matching.teams import BoolArray, Team, teams
from solver.reading import IntArray

OWN, FRESH = 0, 1  # the chain a truck would choose for itself; one of loads no other truck has taken

Over = Callable[[], bool]


class Effort(NamedTuple):
    """How hard to look: places looked around from per truck (0: none), and whether fresh chains are wanted."""

    looks: int
    is_fresh: bool


class Offers(NamedTuple):
    """Per truck: `least` (K,), no more than the cost of any chain less its loads' prices, 0 at most (of several tables
    the highest; true only where legs are the shortest); `loads`
    (2, K, LONGEST + 1), an own and a fresh chain, the number of loads first, 0 for none."""

    least: FloatArray
    loads: IntArray


class Room(NamedTuple):
    """What one worker needs to price a team."""

    table: Table
    trail: Trail


class Ground:
    """A lattice, the teams on it, and room for each of some workers."""

    def __init__(self, net: Network, grain: Grain, workers: int) -> None:
        self.net = net
        self.lat = lattice(net, grain)
        self.is_safe = not grain.is_likely
        self.taken: NDArray[np.int8] = np.zeros(len(net.origin), np.int8)
        self.teams: Sequence[Team] = ()
        self._rooms = [Room(empty_table(net, self.lat, 0), new_trail()) for _ in range(workers)]
        self._steps = 0
        self.narrow(np.ones(len(net.start), np.bool_), np.ones(len(net.origin), np.bool_))

    def narrow(self, idle: BoolArray, free: BoolArray) -> None:
        """Go on with some trucks and loads only."""
        self.teams = teams(self.net, self.lat, idle, free)
        self.taken = (~free).astype(np.int8)
        steps = max((team.steps for team in self.teams), default=0)
        if steps > self._steps:  # teams formed anew may be at work for longer
            self._steps = steps
            self._rooms = [room._replace(table=empty_table(self.net, self.lat, steps)) for room in self._rooms]

    def no_offers(self) -> Offers:
        """Return offers in which nobody drives; nothing is known of the least of trucks in teams."""
        trucks = len(self.net.start)
        offers = Offers(np.zeros(trucks), np.zeros((2, trucks, LONGEST + 1), np.int64))
        for team in self.teams:
            offers.least[team.trucks] = -np.inf
        return offers

    def price(
        self, part: IntArray, price: FloatArray, effort: Effort, over: Over, offers: Offers | None = None
    ) -> Offers:
        """Return the offers of the trucks of some teams; other trucks, and those not reached when over, have none, or
        keep what they have in `offers`."""
        offers = offers or self.no_offers()
        worth = price.astype(self._rooms[0].table.leave.dtype)
        gone = self.taken.copy()

        def work(rank: int) -> None:
            for at in part[rank :: len(self._rooms)].tolist():
                if over():
                    return
                price_team(
                    self.net, self.lat, self.teams[at], self._rooms[rank], worth, (self.taken, gone), effort, offers
                )

        if len(self._rooms) == 1:
            work(0)
        else:
            with ThreadPoolExecutor(len(self._rooms)) as pool:
                list(pool.map(work, range(len(self._rooms))))
        return offers


@kernel
def price_team(  # noqa: PLR0913, PLR0917 - a tuple of the nouns would hide that offers and taken are written to
    net: Network,
    lat: Lattice,
    team: Team,
    room: Room,
    worth: Numbers,
    taken: tuple[NDArray[Any], NDArray[Any]],
    effort: Effort,
    offers: Offers,
) -> None:
    """Write the offers of a team's trucks; loads of fresh chains become taken in the second of `taken`."""
    fill(net, lat, team, worth, room.table)
    own = View(net, lat, team, room.table, worth, taken[0])
    fresh = View(net, lat, team, room.table, worth, taken[1])
    for lane in range(len(team.trucks)):
        k = team.trucks[lane]
        least = min(0.0, least_cost(net, lat, team, room.table, lane))
        offers.least[k] = max(offers.least[k], least)
        if least >= 0.0:
            continue
        chain = offers.loads[OWN, k]
        known = follow(own, lane, chain)
        if known >= 0.0:
            known, chain[0] = 0.0, 0
        if effort.looks > 0:
            known, is_all = explore(own, room.trail, lane, known, effort.looks)
            if room.trail.best[0] > 0:
                chain[: len(room.trail.best)] = room.trail.best
            if is_all:
                offers.least[k] = max(offers.least[k], known)
        if effort.is_fresh:
            chain = offers.loads[FRESH, k]
            if follow(fresh, lane, chain) >= 0.0:
                chain[0] = 0
            for at in range(chain[0]):
                taken[1][chain[1 + at]] = 1
