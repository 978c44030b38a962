"""Every rule of formulation.md again, without a solver: the specification, the oracle and the last guard.

Nothing here knows how plans are made. One function per labelled row (LABELS) and per labelled cost (COSTS).
A plan may break any rule here, but its indices are those of the instance (load_plan sees to that for files).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from solver.matching.instance import MatchingInstance
from solver.matching.plan import Chain, MatchingPlan


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken row: its label, one line naming the indices, and the indices themselves (-1 where none)."""

    label: str
    text: str
    truck: int = -1
    load: int = -1


def violations(instance: MatchingInstance, plan: MatchingPlan) -> list[Violation]:
    """Return every broken row of a plan; an empty list means lawful."""
    return [fault for rule in LABELS.values() for fault in rule(instance, plan)]


def cost(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """Return F1 + F2 + F3 + F4 of a plan."""
    return sum(term(instance, plan) for term in COSTS.values())


def claims(instance: MatchingInstance, plan: MatchingPlan, cost_: int | None, bound: int | None) -> list[str]:
    """Return what a plan file claims falsely: a cost that is not the plan's, a bound above it; one line
    each."""
    true_cost = cost(instance, plan)
    faults = []
    if cost_ is not None and cost_ != true_cost:
        faults.append(f"the file claims cost {cost_}, the plan costs {true_cost}")
    if bound is not None and bound > true_cost:
        faults.append(f"the file claims the lower bound {bound}, but the plan costs only {true_cost}")
    return faults


def each_load_is_in_one_chain_or_unserved(instance: MatchingInstance, plan: MatchingPlan) -> list[Violation]:
    """M1: a load is in one chain, once, or is listed unserved."""
    served = [0] * len(instance.loads)
    for chain in plan.chains:
        for i in chain.loads:
            served[i] += 1
    listed = [0] * len(instance.loads)
    for i in plan.unserved:
        listed[i] += 1
    return [
        Violation("M1", f"M1 load {i}: in chains {s} times, unserved {u} times, must be once in all", load=i)
        for i, (s, u) in enumerate(zip(served, listed, strict=True))
        if s + u != 1
    ]


def windows_hold_along_each_chain(instance: MatchingInstance, plan: MatchingPlan) -> list[Violation]:
    """M2: loading starts within its window and after arrival; delivery is by the due time."""
    return [fault for chain in plan.chains for fault in _window_faults(instance, chain)]


def trucks_keep_their_shift(instance: MatchingInstance, plan: MatchingPlan) -> list[Violation]:
    """M3: a truck has one chain, leaves its start when free, and is home by the end of its shift."""
    faults: list[Violation] = []
    chains = [0] * len(instance.trucks)
    for chain in plan.chains:
        chains[chain.truck] += 1
        faults += _shift_faults(instance, chain)
    twice = [k for k, count in enumerate(chains) if count > 1]
    return faults + [Violation("M3", f"M3 truck {k}: has {chains[k]} chains, may have one", truck=k) for k in twice]


def trucks_can_carry_their_loads(instance: MatchingInstance, plan: MatchingPlan) -> list[Violation]:
    """M4: a truck's kind can carry the kind of each of its loads."""
    kind = instance.loads.kind
    return [
        Violation(
            "M4",
            f"M4 truck {chain.truck} load {i}: truck kind {instance.trucks.kind[chain.truck]} "
            f"cannot carry load kind {kind[i]}",
            truck=chain.truck,
            load=i,
        )
        for chain in plan.chains
        for i in chain.loads
        if not instance.can[instance.trucks.kind[chain.truck], kind[i]]
    ]


def empty_km_cost(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """F1: kilometres to the first pickup, between loads, and home, by their price."""
    return instance.costs.per_empty_km * sum(chain_empty_km(instance, chain) for chain in plan.chains)


def wait_cost(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """F2: minutes stood between loads, by their price; a truck leaves its start in time for the first
    load."""
    return instance.costs.per_wait_minute * sum(chain_wait_minutes(instance, chain) for chain in plan.chains)


def truck_cost(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """F3: the fixed price of every truck used."""
    return instance.costs.per_truck * len({chain.truck for chain in plan.chains})


def unserved_cost(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """F4: the price of every load in no chain."""
    served = {i for chain in plan.chains for i in chain.loads}
    return sum(int(drop) for i, drop in enumerate(instance.loads.drop) if i not in served)


Rule = Callable[[MatchingInstance, MatchingPlan], list[Violation]]
LABELS: Final[dict[str, Rule]] = {
    "M1": each_load_is_in_one_chain_or_unserved,
    "M2": windows_hold_along_each_chain,
    "M3": trucks_keep_their_shift,
    "M4": trucks_can_carry_their_loads,
}
COSTS: Final[dict[str, Callable[[MatchingInstance, MatchingPlan], int]]] = {
    "F1": empty_km_cost,
    "F2": wait_cost,
    "F3": truck_cost,
    "F4": unserved_cost,
}


def delivery(instance: MatchingInstance, load: int, start: int) -> int:
    """Return the minute unloading ends when the loading of `load` starts at `start`."""
    loads = instance.loads
    drive = int(instance.minutes[loads.origin[load], loads.destination[load]])
    return start + int(loads.load_minutes[load]) + drive + int(loads.unload_minutes[load])


def arrival_after(instance: MatchingInstance, before: int, start: int, load: int) -> int:
    """Return the minute a truck is at the origin of `load` after `before`, whose loading starts at
    `start`."""
    drive = instance.minutes[instance.loads.destination[before], instance.loads.origin[load]]
    return delivery(instance, before, start) + int(drive)


def chain_empty_km(instance: MatchingInstance, chain: Chain) -> int:
    """Return the kilometres a chain drives empty, home leg included; 0 for a chain without loads."""
    return sum(int(instance.km[a, b]) for a, b in _empty_legs(instance, chain))


def chain_wait_minutes(instance: MatchingInstance, chain: Chain) -> int:
    """Return the minutes a chain stands between arriving at a pickup and loading, the first pickup
    excepted."""
    timed = list(zip(chain.loads, chain.starts, strict=True))
    return sum(max(0, later - arrival_after(instance, i, start, j)) for (i, start), (j, later) in pairwise(timed))


def _empty_legs(instance: MatchingInstance, chain: Chain) -> Iterator[tuple[int, int]]:
    if not chain.loads:
        return
    origin, destination = instance.loads.origin, instance.loads.destination
    yield int(instance.trucks.start[chain.truck]), int(origin[chain.loads[0]])
    for i, j in pairwise(chain.loads):
        yield int(destination[i]), int(origin[j])
    yield int(destination[chain.loads[-1]]), int(instance.trucks.home[chain.truck])


def _window_faults(instance: MatchingInstance, chain: Chain) -> Iterator[Violation]:
    loads, k = instance.loads, chain.truck
    timed = list(zip(chain.loads, chain.starts, strict=True))
    for i, start in timed:
        if not loads.earliest[i] <= start <= loads.latest[i]:
            window = f"{loads.earliest[i]} to {loads.latest[i]}"
            yield Violation("M2", f"M2 truck {k} load {i}: starts at {start}, its window is {window}", k, i)
        end = delivery(instance, i, start)
        if end > loads.due[i]:
            yield Violation("M2", f"M2 truck {k} load {i}: delivered at {end}, due at {loads.due[i]}", k, i)
    for (i, start), (j, later) in pairwise(timed):
        arrival = arrival_after(instance, i, start, j)
        if later < arrival:
            text = f"M2 truck {k} load {j}: starts at {later}, the truck arrives from load {i} at {arrival}"
            yield Violation("M2", text, k, j)


def _shift_faults(instance: MatchingInstance, chain: Chain) -> Iterator[Violation]:
    trucks, loads, k = instance.trucks, instance.loads, chain.truck
    if not chain.loads:
        yield Violation("M3", f"M3 truck {k}: its chain has no loads", k)
        return
    first, last = chain.loads[0], chain.loads[-1]
    arrival = int(trucks.free_from[k]) + int(instance.minutes[trucks.start[k], loads.origin[first]])
    if chain.starts[0] < arrival:
        text = f"M3 truck {k} load {first}: starts at {chain.starts[0]}, the truck arrives at {arrival}"
        yield Violation("M3", text, k, first)
    drive = int(instance.minutes[loads.destination[last], trucks.home[k]])
    home = delivery(instance, last, chain.starts[-1]) + drive
    if home > trucks.home_by[k]:
        text = f"M3 truck {k}: home at {home}, its shift ends at {trucks.home_by[k]}"
        yield Violation("M3", text, k, last)
