"""Nobody worse off: what each carrier drives in a plan of all, beside what it would drive alone; and a plan that none
pays for with more empty kilometres (N1, formulation.md).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from time import perf_counter
from typing import Final

import numpy as np

from solver.matching import check
from solver.matching.board import board
from solver.matching.instance import NO_CARRIER, Loads, MatchingInstance, Trucks
from solver.matching.online import Effort, match_round
from solver.matching.plan import Chain, MatchingPlan
from solver.matching.solve import solve
from solver.outcome import OnProgress, Outcome, Progress, ShouldStop, Status
from solver.reading import BadInput, IntArray

JOINT_SHARE, ALONE_SHARE = 0.5, 0.3  # of the time; the rest is for the plan that keeps N1
LEAST_SECONDS: Final = 0.05  # for the smallest carrier alone
REPAIR_ROUNDS: Final = 2_000  # of ruin and recreate between two looks at the clock
MOST_REPAIRS: Final = 50


@dataclass(frozen=True, slots=True)
class Share:
    """One carrier's part of a plan beside what it has alone: kilometres and cost of its trucks, and its loads left.

    Cost is F1 to F3 of its trucks and F4 of its loads.
    """

    carrier: int
    empty_km: int
    alone_empty_km: int
    cost: int
    alone_cost: int
    unserved: int
    alone_unserved: int

    @property
    def is_worse_off(self) -> bool:
        """Answer whether the carrier drives more empty kilometres than it would alone."""
        return self.empty_km > self.alone_empty_km


@dataclass(frozen=True, slots=True)
class NobodyWorseOff:
    """A plan in which no carrier is worse off, what each had alone, and the plan of all that it is paid for with.

    `price` is how much dearer the plan is than `joint`.
    """

    outcome: Outcome[MatchingPlan]
    joint: Outcome[MatchingPlan]
    alone: MatchingPlan

    @property
    def price(self) -> int:
        """Return what keeping N1 costs."""
        return self.outcome.cost - self.joint.cost


def carriers(instance: MatchingInstance) -> list[int]:
    """Return the carriers that have a truck or a load, by number; BadInput when the file tells none."""
    told = np.unique(np.concatenate([instance.trucks.carrier, instance.loads.carrier]))
    told = told[told != NO_CARRIER]
    if not len(told):
        raise BadInput(
            instance.source, "trucks.carrier", "is missing; nobody can be worse off where no carrier is told"
        )
    return [int(each) for each in told]


def shares(instance: MatchingInstance, plan: MatchingPlan, alone: MatchingPlan) -> list[Share]:
    """Return every carrier's part of a plan beside its part of `alone`, in which each has only its own."""
    found = []
    for carrier in carriers(instance):
        now, then = _part(instance, plan, carrier), _part(instance, alone, carrier)
        found.append(
            Share(
                carrier=carrier,
                empty_km=driven_km(instance, now),
                alone_empty_km=driven_km(instance, then),
                cost=_cost(instance, now),
                alone_cost=_cost(instance, then),
                unserved=len(now.unserved),
                alone_unserved=len(then.unserved),
            )
        )
    return found


def no_carrier_drives_more_empty(
    instance: MatchingInstance, plan: MatchingPlan, alone: MatchingPlan
) -> list[check.Violation]:
    """N1: no carrier's trucks drive more empty kilometres than in `alone`."""
    return [
        check.Violation("N1", f"N1 carrier {s.carrier}: drives {s.empty_km} km empty, alone {s.alone_empty_km} km")
        for s in shares(instance, plan, alone)
        if s.is_worse_off
    ]


def alone_plan(instance: MatchingInstance, seconds: float, should_stop: ShouldStop | None = None) -> MatchingPlan:
    """Return the plan in which every carrier drives its own loads with its own trucks, each solved for itself.

    The time is shared by loads. Trucks and loads without a carrier are nobody's: idle, unserved.
    """
    chains: list[Chain] = []
    served: set[int] = set()
    for carrier in carriers(instance):
        trucks = np.flatnonzero(instance.trucks.carrier == carrier)
        loads = np.flatnonzero(instance.loads.carrier == carrier)
        if not len(trucks) or not len(loads):
            continue
        part = seconds * len(loads) / len(instance.loads)
        own = solve(part_of(instance, trucks, loads), seconds=max(LEAST_SECONDS, part), should_stop=should_stop).plan
        for chain in own.chains:
            row = tuple(loads[list(chain.loads)].tolist())
            chains.append(Chain(int(trucks[chain.truck]), row, chain.starts))
            served.update(row)
    return MatchingPlan(tuple(chains), tuple(i for i in range(len(instance.loads)) if i not in served))


def solve_nobody_worse_off(
    instance: MatchingInstance,
    *,
    seconds: float,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    clock: Callable[[], float] = perf_counter,
    seed: int = 0,
) -> NobodyWorseOff:
    """Return a plan that keeps N1, with what it is compared with; BadInput when the file tells no carrier.

    The plan of all is made first; where it breaks N1, ruin and recreate goes on under N1 from two plans that keep it:
    the one in which each is alone, and the plan of all without the chains that are too much. The bound of the plan of
    all bounds this plan too. When asked to stop, the best so far that keeps N1 comes back.
    """
    carriers(instance)
    begun = clock()
    joint = solve(
        instance,
        seconds=JOINT_SHARE * seconds,
        on_progress=on_progress,
        should_stop=should_stop,
        clock=clock,
        seed=seed,
    )
    alone = alone_plan(instance, ALONE_SHARE * seconds, should_stop)
    plan = joint.plan
    if no_carrier_drives_more_empty(instance, plan, alone):
        plan = _repaired(instance, joint.plan, alone, seed, lambda: clock() - begun > seconds or _asked(should_stop))
    faults = check.violations(instance, plan) + no_carrier_drives_more_empty(instance, plan, alone)
    assert not faults, faults[0].text
    cost = check.cost(instance, plan)
    if on_progress:
        on_progress(Progress(clock() - begun, "nobody worse off", cost, joint.bound))
    status = Status.INTERRUPTED if _asked(should_stop) else Status.FEASIBLE
    outcome = Outcome(
        plan=plan,
        cost=cost,
        bound=joint.bound,
        wall_seconds=clock() - begun,
        status=Status.OPTIMAL if cost == joint.bound else status,
        bound_from=joint.bound_from,
        progress=joint.progress,
    )
    return NobodyWorseOff(outcome, joint, alone)


def limits(instance: MatchingInstance, alone: MatchingPlan) -> tuple[IntArray, IntArray]:
    """Return each truck's group (K,) and each group's most empty kilometres: a carrier's are those it drives alone.

    Trucks without a carrier are a group without a limit.
    """
    named = carriers(instance)
    group = np.searchsorted(named, instance.trucks.carrier)
    group[instance.trucks.carrier == NO_CARRIER] = len(named)
    most = [driven_km(instance, _part(instance, alone, carrier)) for carrier in named]
    return group.astype(np.int64), np.array([*most, 2**60], dtype=np.int64)


def driven_km(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """Return the empty kilometres of a plan's chains."""
    return sum(check.chain_empty_km(instance, chain) for chain in plan.chains)


def part_of(instance: MatchingInstance, trucks: IntArray, loads: IntArray) -> MatchingInstance:
    """Return the instance with some of the trucks and loads only, numbered in the order given."""
    return MatchingInstance(
        minutes=instance.minutes,
        km=instance.km,
        costs=instance.costs,
        can=instance.can,
        trucks=Trucks(**{each.name: getattr(instance.trucks, each.name)[trucks] for each in fields(Trucks)}),
        loads=Loads(**{each.name: getattr(instance.loads, each.name)[loads] for each in fields(Loads)}),
        source=instance.source,
    )


def _asked(should_stop: ShouldStop | None) -> bool:
    return should_stop is not None and should_stop()


def _repaired(
    instance: MatchingInstance, joint: MatchingPlan, alone: MatchingPlan, seed: int, over: Callable[[], bool]
) -> MatchingPlan:
    """Return the cheapest plan found that keeps N1."""
    group, most = limits(instance, alone)
    begin = int(min(instance.trucks.free_from.min(), 0))
    on = replace(board(instance, begin - 1), groups=group, most_km=most)
    best = alone
    for turn in range(MOST_REPAIRS):
        if over():
            break
        start = _cut(instance, joint, group, most) if turn == 0 else best.chains
        found = match_round(on, Effort(REPAIR_ROUNDS, seed + turn), start).plan
        best = min(best, found, key=lambda plan: check.cost(instance, plan))
    return best


def _cut(instance: MatchingInstance, plan: MatchingPlan, group: IntArray, most: IntArray) -> list[Chain]:
    """Return the chains of a plan without those that take a carrier over its limit, the emptiest first to go."""
    left = most.copy()
    kept = []
    for chain in sorted(plan.chains, key=lambda chain: check.chain_empty_km(instance, chain) / len(chain.loads)):
        km = check.chain_empty_km(instance, chain)
        if km <= left[group[chain.truck]]:
            left[group[chain.truck]] -= km
            kept.append(chain)
    return kept


def _part(instance: MatchingInstance, plan: MatchingPlan, carrier: int) -> MatchingPlan:
    """Return the chains of a carrier's trucks and its loads that are left."""
    return MatchingPlan(
        tuple(chain for chain in plan.chains if instance.trucks.carrier[chain.truck] == carrier),
        tuple(i for i in plan.unserved if instance.loads.carrier[i] == carrier),
    )


def _cost(instance: MatchingInstance, part: MatchingPlan) -> int:
    paid = check.empty_km_cost(instance, part) + check.wait_cost(instance, part) + check.truck_cost(instance, part)
    return paid + int(instance.loads.drop[list(part.unserved)].sum())
