"""Matching policies on days that run: loads and trucks appear as they become known, beside the clairvoyant plan.

All policies run the same days (common seeds). The clairvoyant plan is the cheapest known of the whole day: of the
offline solver's, of matching rounds with everything known, and of whatever a policy has found.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.stats import t as student

from dispatch.model.park import Park
from dispatch.planning.matching import matching_problem
from dispatch.roads.table import TravelTable
from simulations.demand.generate import generate_day
from simulations.online.policies import Beat, GreedyNearest, Policy, Replanning, run
from simulations.online.reveal import MIXES, LeadTimes, reveal, servable
from simulations.online.running_day import Revealed
from simulations.online.savings import saving
from solver.matching import baselines, check
from solver.matching.board import board
from solver.matching.flavours import port_day
from solver.matching.instance import MatchingInstance
from solver.matching.online import Effort, match_round
from solver.matching.plan import MatchingPlan
from solver.matching.solve import solve

Clock = Callable[[], float]
CONFIDENCE = 0.95
REVEAL_SEED, EXPECTED_SEED = 1_000, 2_000  # added to a day's seed
HELD, GREEDY, RESOLVE, WAIT, EXPECT = (
    "clairvoyant, held to reveal times",
    "greedy on arrival",
    "re-solve",
    "re-solve, offers held back",
    "re-solve, sampled future",
)


@dataclass(frozen=True, slots=True)
class Place:
    """The park whose days are run, and its roads."""

    park: Park
    travel: TravelTable


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are run: visits a day (half as many loads, a quarter as many trucks), seeds, and efforts.

    One of the `mixes` of lead times is run with all policies, the others with greedy and re-solve only.
    """

    visits: int = 600
    seeds: Sequence[int] = tuple(range(1, 11))
    mixes: Sequence[str] = ("two hours", "one hour", "half a day")
    all_policies_with: str = "two hours"
    beat: Beat = field(default_factory=lambda: Beat(step=10, react=10))
    rounds: int = 4_000
    clairvoyant_rounds: int = 20_000
    clairvoyant_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What one policy made of one day."""

    plan: MatchingPlan
    seconds: float


def rows(study: Study, place: Place, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per mix and policy: means over the days, shares of the clairvoyant saving with 95 % intervals."""
    days = {seed: _day(study, place, seed) for seed in study.seeds}
    expected = {seed: _day(study, place, EXPECTED_SEED + seed) for seed in study.seeds}
    ran: dict[tuple[str, str], dict[int, Ran]] = {}
    for mix in study.mixes:
        for seed in study.seeds:
            for name, policy in _policies(study, mix, seed, expected[seed]).items():
                day = _revealed(days[seed], MIXES[mix], seed)
                began = clock()
                plan = run(day, policy, study.beat)
                ran.setdefault((mix, name), {})[seed] = Ran(plan, clock() - began)
    best = {seed: _clairvoyant(study, days[seed], [each[seed].plan for each in ran.values()], clock) for seed in days}
    yield _row("all known", "clairvoyant", days, best, best)
    for mix in study.mixes:
        ran[mix, HELD] = {seed: _held(study, mix, seed, (days[seed], best[seed].plan), clock) for seed in days}
    for (mix, name), plans in sorted(ran.items(), key=lambda item: study.mixes.index(item[0][0])):
        yield _row(mix, name, days, plans, best)


def round_rows(clock: Clock, *, loads: int = 1_500, trucks: int = 2_500) -> Iterator[dict[str, Any]]:
    """Yield one row: the seconds of a single round over so many open loads and trucks."""
    on = board(port_day(np.random.default_rng(1), loads=loads, trucks=trucks), 400, react=10)
    for name, before in (("a first round", ()), ("the next round", match_round(on).plan.chains)):
        began = clock()
        planned = match_round(on, before=before)
        seconds = clock() - began
        assert not check.violations(on.instance, planned.plan)
        cost = check.cost(on.instance, planned.plan)
        yield {"round": name, "loads": loads, "trucks": trucks, "seconds": seconds, "cost": cost}


def _day(study: Study, place: Place, seed: int) -> MatchingInstance:
    day = generate_day(place.park, visits=study.visits, seed=seed)
    return servable(matching_problem(place.park, day.date, day.loads, day.trucks, place.travel).instance)


def _revealed(day: MatchingInstance, mix: LeadTimes, seed: int) -> Revealed:
    return Revealed(day, reveal(np.random.default_rng(REVEAL_SEED + seed), day, mix))


def _policies(study: Study, mix: str, seed: int, expected: MatchingInstance) -> dict[str, Policy]:
    found: dict[str, Policy] = {GREEDY: GreedyNearest(), RESOLVE: Replanning(rounds=study.rounds, seed=seed)}
    if mix == study.all_policies_with:
        future = _revealed(expected, MIXES[mix], EXPECTED_SEED + seed)
        found[WAIT] = Replanning(patience=0.25, rounds=study.rounds, seed=seed)
        found[EXPECT] = Replanning(expected=future, rounds=study.rounds, seed=seed)
    return found


def _clairvoyant(study: Study, day: MatchingInstance, found: Sequence[MatchingPlan], clock: Clock) -> Ran:
    """Return the cheapest plan known of a day."""
    began = clock()
    on = board(day, int(day.trucks.free_from.min(initial=0)) - 1)
    plans = [*found, solve(day, seconds=study.clairvoyant_seconds, clock=clock).plan]
    plans += [match_round(on, Effort(study.clairvoyant_rounds, seed), plans[-1].chains).plan for seed in (0, 1)]
    return Ran(min(plans, key=lambda plan: check.cost(day, plan)), clock() - began)


def _held(study: Study, mix: str, seed: int, clairvoyant: tuple[MatchingInstance, MatchingPlan], clock: Clock) -> Ran:
    """Return what the clairvoyant plan becomes when no truck may leave for a load before that is known and offered."""
    began = clock()
    day, plan = clairvoyant
    known = _revealed(day, MIXES[mix], seed).known
    react = study.beat.react
    assert (known.trucks + react <= day.trucks.free_from).all()
    on = replace(board(day, int(known.loads.min(initial=0)), react=react), known_at=known.loads)
    return Ran(match_round(on, Effort(study.clairvoyant_rounds, seed), plan.chains).plan, clock() - began)


def _row(
    mix: str, policy: str, days: dict[int, MatchingInstance], ran: dict[int, Ran], best: dict[int, Ran]
) -> dict[str, Any]:
    for seed, each in ran.items():
        faults = check.violations(days[seed], each.plan)
        assert not faults, faults[0].text
    found = [baselines.measures(days[seed], each.plan) for seed, each in ran.items()]
    saved = [(saving(days[seed], each.plan), saving(days[seed], best[seed].plan)) for seed, each in ran.items()]
    in_cost = _interval([one.cost / most.cost for one, most in saved])
    in_km = _interval([one.km / most.km for one, most in saved])
    return {
        "lead time": mix,
        "policy": policy,
        "empty km": float(np.mean([each.empty_km for each in found])),
        "served": float(np.mean([each.served for each in found])),
        "unserved": float(np.mean([each.unserved for each in found])),
        "wait minutes": float(np.mean([each.wait_minutes for each in found])),
        "cost": float(np.mean([each.cost for each in found])),
        "share of saving, cost": in_cost[0],
        "cost share +-": in_cost[1],
        "share of saving, km": in_km[0],
        "km share +-": in_km[1],
        "seconds a day": float(np.mean([each.seconds for each in ran.values()])),
    }


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % confidence interval (Student's t)."""
    if len(values) < 2:
        return float(np.mean(values)), 0.0
    half = student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(half)
