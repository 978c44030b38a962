"""Policies of the running day: what is offered at each round, from what is known by then. Every offer is accepted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from simulations.online.running_day import Revealed, RunningDay
from solver.matching.check import delivery
from solver.matching.online import Effort, Offer, match_round
from solver.matching.plan import Chain, MatchingPlan


@dataclass(frozen=True, slots=True)
class Beat:
    """Minutes between rounds, and minutes that pass at least between an offer and the truck's leaving."""

    step: int = 10
    react: int = 10


class Accepted(NamedTuple):
    """A truck's next load and its start, in the day's numbers."""

    truck: int
    load: int
    start: int


class Policy(Protocol):
    """Decides at minute `now`; the next round is a step later."""

    def offers(self, state: RunningDay, now: int, beat: Beat) -> Sequence[Accepted]:
        """Return what is offered now: at most one load per truck."""


def run(day: Revealed, policy: Policy, beat: Beat) -> MatchingPlan:
    """Return what a policy makes of a day whose loads and trucks appear as they become known."""
    state = RunningDay(day)
    first = (
        int(min(day.instance.trucks.free_from.min(), day.instance.loads.earliest.min())) - 2 * beat.step - beat.react
    )
    for now in range(first, int(day.instance.loads.latest.max()) + 1, beat.step):
        for offer in policy.offers(state, now, beat):
            state.accept(*offer)
    return state.plan()


@dataclass(slots=True)
class Replanning:
    """Plans all that is known anew each round; offers what could not wait for the next one.

    `patience` is how long an offer is held back between the start the plan gives it (0.0) and the last that keeps all
    planned loads in time (1.0). `expected` is a day to be reckoned with: what of it would not yet be known.
    """

    patience: float = 0.0
    expected: Revealed | None = None
    rounds: int = 1_000
    seed: int = 0
    _before: list[Chain] = field(default_factory=list)

    def offers(self, state: RunningDay, now: int, beat: Beat) -> list[Accepted]:
        """Return the due first loads of the plan's chains."""
        seen = state.see(now, beat.react, self.expected)
        truck_here = {number: here for here, number in enumerate(seen.trucks.tolist())}
        load_here = {number: here for here, number in enumerate(seen.loads.tolist())}
        before = [
            Chain(truck_here[chain.truck], tuple(load_here[i] for i in chain.loads if i in load_here), ())
            for chain in self._before
            if chain.truck in truck_here
        ]
        planned = match_round(seen.board, Effort(self.rounds, 10_000 * self.seed + now + 5_000), before)
        self._before = [
            Chain(int(seen.trucks[c.truck]), tuple(seen.loads[list(c.loads)].tolist()), ()) for c in planned.plan.chains
        ]
        due = [offer for offer in planned.offers if self._leave(offer) < now + beat.react + beat.step]
        return [Accepted(int(seen.trucks[o.truck]), int(seen.loads[o.load]), self._start(o)) for o in due]

    def _leave(self, offer: Offer) -> int:
        return offer.leave + int(self.patience * (offer.latest - offer.leave))

    def _start(self, offer: Offer) -> int:
        return offer.start


@dataclass(slots=True)
class GreedyNearest:
    """A load goes, when it becomes known, to the truck that is nearest when it can fit it in; what is accepted stands.

    Nearest is by kilometres from where the truck is before. A load no truck can take is tried again at every round.
    """

    def offers(self, state: RunningDay, now: int, beat: Beat) -> list[Accepted]:
        """Return one load for each truck, as they became known; the state is told of each at once."""
        known = state.day.known
        loads = np.flatnonzero((known.loads <= now) & ~state.is_taken & (state.day.instance.loads.latest >= now))
        trucks = np.flatnonzero(known.trucks <= now).tolist()
        for load in loads[np.argsort(known.loads[loads], kind="stable")].tolist():
            places = [place for k in trucks for place in _places(state, k, load, now + beat.react)]
            if places:
                _, start, truck, rank = min(places)
                state.accept(truck, load, start, rank)
        return []


def _places(state: RunningDay, truck: int, load: int, leave_from: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (kilometres to it, start, truck, rank) for every place in a truck's chain where a load fits in."""
    instance = state.day.instance
    loads, trucks = instance.loads, instance.trucks
    if not instance.can[trucks.kind[truck], loads.kind[load]]:
        return
    at, free = int(trucks.start[truck]), int(trucks.free_from[truck])
    stops = [(int(loads.origin[i]), start, i) for i, start in state.chain(truck)]
    stops.append((int(trucks.home[truck]), int(trucks.home_by[truck]), -1))
    for rank, (place, by, there) in enumerate(stops):
        start = max(int(loads.earliest[load]), max(free, leave_from) + int(instance.minutes[at, loads.origin[load]]))
        ends = delivery(instance, load, start)
        back = ends + int(instance.minutes[loads.destination[load], place])
        if start <= loads.latest[load] and ends <= loads.due[load] and back <= by:
            yield int(instance.km[at, loads.origin[load]]), start, truck, rank
        if there >= 0:
            at, free = int(loads.destination[there]), delivery(instance, there, by)
