"""Every rule of formulation.md again, without a solver: the specification, the oracle and the last guard.

Nothing here knows how plans are made. One function per labelled row (LABELS) and per labelled cost (COSTS). A plan may
break any rule here, but its indices are those of the instance (load_plan sees to that for files).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from solver.mdvsp.instance import PER_VEHICLE, FixedInstance, Instance, ShiftInstance
from solver.mdvsp.plan import MdvspPlan, Route


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken row: its label, and one line naming the indices."""

    label: str
    text: str


def violations(instance: Instance, plan: MdvspPlan) -> list[Violation]:
    """Return every broken row of a plan; an empty list means lawful."""
    return [Violation(label, f"{label} {text}") for label, rule in LABELS.items() for text in rule(instance, plan)]


def cost(instance: Instance, plan: MdvspPlan) -> int:
    """Return F1 + F2 of a plan whose links are allowed."""
    return sum(term(instance, plan) for term in COSTS.values())


def claims(instance: Instance, plan: MdvspPlan, claimed: int | None, bound: int | None) -> list[str]:
    """Return what a plan file claims falsely, one line each: a cost that is not the plan's, a bound above it."""
    true_cost = cost(instance, plan)
    faults = []
    if claimed is not None and claimed != true_cost:
        faults.append(f"the file claims cost {claimed}, the plan costs {true_cost}")
    if bound is not None and bound > true_cost:
        faults.append(f"the file claims the lower bound {bound}, but the plan costs only {true_cost}")
    return faults


def each_trip_is_run_once(instance: Instance, plan: MdvspPlan) -> list[str]:
    """V1: every trip is in one route, once."""
    times = Counter(t for route in plan.routes for t in route.trips)
    return [f"trip {t}: run {times[t]} times, must be run once" for t in range(instance.trips) if times[t] != 1]


def links_are_allowed(instance: Instance, plan: MdvspPlan) -> list[str]:
    """V2: the depot can send a vehicle to the first trip, each can follow the one before, the last can end there."""
    faults = []
    for r, route in enumerate(plan.routes):
        faults += [f"route {r}: {text}" for text in _link_faults(instance, route)]
    return faults


def depots_keep_their_capacity(instance: Instance, plan: MdvspPlan) -> list[str]:
    """V3: at most capacity[k] routes start and end at depot k."""
    used = Counter(route.depot for route in plan.routes)
    return [
        f"depot {k}: {used[k]} routes, capacity {room}"
        for k, room in enumerate(instance.capacity.tolist())
        if used[k] > room
    ]


def trips_start_within_their_shift(instance: Instance, plan: MdvspPlan) -> list[str]:
    """V4: every start is within `shift` minutes of the planned one; trips at fixed times have no starts."""
    faults = []
    for r, route in enumerate(plan.routes):
        if isinstance(instance, FixedInstance):
            if route.starts:
                faults.append(f"route {r}: has starts, but trips are at fixed times")
            continue
        if len(route.starts) != len(route.trips):
            faults.append(f"route {r}: {len(route.starts)} starts for {len(route.trips)} trips")
            continue
        for t, start in zip(route.trips, route.starts, strict=True):
            planned = int(instance.start[t])
            if abs(start - planned) > instance.shift:
                faults.append(f"route {r} trip {t}: starts at {start}, more than {instance.shift} off {planned}")
    return faults


def cost_of_vehicles(instance: Instance, plan: MdvspPlan) -> int:
    """F1: pull-outs and pull-ins; where trips may shift, PER_VEHICLE for each route and its minutes to and from it."""
    total = 0
    for route in plan.routes:
        first, last, depot = route.trips[0], route.trips[-1], route.depot
        if isinstance(instance, FixedInstance):
            total += int(instance.pull_out[depot, first] + instance.pull_in[last, depot])
        else:
            out = instance.travel[depot, instance.origin[first]]
            total += PER_VEHICLE + int(out + instance.travel[instance.destination[last], depot])
    return total


def cost_of_links(instance: Instance, plan: MdvspPlan) -> int:
    """F2: the links between trips; where trips may shift, the minutes driven empty between them."""
    total = 0
    for route in plan.routes:
        for i, j in pairwise(route.trips):
            total += int(instance.link[i, j]) if isinstance(instance, FixedInstance) else _minutes(instance, i, j)
    return total


def _link_faults(instance: Instance, route: Route) -> list[str]:
    if isinstance(instance, ShiftInstance):
        return _time_faults(instance, route)
    first, last, depot = route.trips[0], route.trips[-1], route.depot
    faults = [f"trip {j} cannot follow trip {i}" for i, j in pairwise(route.trips) if instance.link[i, j] < 0]
    if instance.pull_out[depot, first] < 0:
        faults.append(f"depot {depot} cannot send a vehicle to trip {first}")
    if instance.pull_in[last, depot] < 0:
        faults.append(f"a vehicle cannot return to depot {depot} from trip {last}")
    return faults


def _time_faults(instance: ShiftInstance, route: Route) -> list[str]:
    faults = []
    for (i, begun), (j, start) in pairwise(zip(route.trips, route.starts, strict=False)):
        there = begun + int(instance.end[i] - instance.start[i]) + _minutes(instance, i, j)
        if there > start:
            faults.append(f"trip {j} starts at {start}, but the vehicle is there from trip {i} only at {there}")
    return faults


def _minutes(instance: ShiftInstance, i: int, j: int) -> int:
    return int(instance.travel[instance.destination[i], instance.origin[j]])


Rule = Callable[[Instance, MdvspPlan], list[str]]
LABELS: Final[dict[str, Rule]] = {
    "V1": each_trip_is_run_once,
    "V2": links_are_allowed,
    "V3": depots_keep_their_capacity,
    "V4": trips_start_within_their_shift,
}
COSTS: Final[dict[str, Callable[[Instance, MdvspPlan], int]]] = {"F1": cost_of_vehicles, "F2": cost_of_links}
