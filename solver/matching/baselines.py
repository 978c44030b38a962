"""What a plan is compared with: every load alone, the nearest load greedily, and what no plan can avoid."""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from solver.matching import check
from solver.matching.instance import MatchingInstance
from solver.matching.plan import Chain, MatchingPlan
from solver.reading import IntArray


@dataclass(frozen=True, slots=True)
class Driven:
    """Kilometres with and without a load; `empty_share` is empty / all, 0.0 when nothing is driven."""

    empty_km: int
    loaded_km: int

    @property
    def empty_share(self) -> float:
        """Return empty / (empty + loaded)."""
        driven = self.empty_km + self.loaded_km
        return self.empty_km / driven if driven else 0.0


@dataclass(frozen=True, slots=True)
class Measures:
    """What people ask about a plan."""

    empty_km: int
    loaded_km: int
    empty_share: float
    trucks_used: int
    served: int
    unserved: int
    wait_minutes: int
    cost: int


def measures(instance: MatchingInstance, plan: MatchingPlan) -> Measures:
    """Return the figures of a plan, all recomputed by the checker's functions."""
    served = [i for chain in plan.chains for i in chain.loads]
    driven = Driven(
        empty_km=sum(check.chain_empty_km(instance, chain) for chain in plan.chains),
        loaded_km=int(loaded_km(instance)[served].sum()),
    )
    return Measures(
        empty_km=driven.empty_km,
        loaded_km=driven.loaded_km,
        empty_share=driven.empty_share,
        trucks_used=len(plan.chains),
        served=len(served),
        unserved=len(plan.unserved),
        wait_minutes=sum(check.chain_wait_minutes(instance, chain) for chain in plan.chains),
        cost=check.cost(instance, plan),
    )


def loaded_km(instance: MatchingInstance) -> IntArray:
    """Return the kilometres from origin to destination of every load, (N,)."""
    return instance.km[instance.loads.origin, instance.loads.destination]


def alone(instance: MatchingInstance) -> Driven:
    """Return what is driven when every load is a trip of its own, out and back.

    Each load is served by a truck from the home, among the homes of trucks that can carry it, from which out
    and back is shortest: empty from home to the origin, loaded to the destination, empty home again. Trucks
    are without number and windows are not looked at; a load no truck's kind can carry is left out.
    """
    out_and_back = out_and_back_km(instance)
    carried = out_and_back >= 0
    return Driven(int(out_and_back[carried].sum()), int(loaded_km(instance)[carried].sum()))


def out_and_back_km(instance: MatchingInstance) -> IntArray:
    """Return the empty kilometres of each load driven alone, (N,); -1 where no truck's kind can carry it."""
    loads, trucks = instance.loads, instance.trucks
    out_and_back = np.full(len(loads), -1, dtype=np.int64)
    for kind in np.unique(loads.kind).tolist():
        mine = np.flatnonzero(loads.kind == kind)
        homes = np.unique(trucks.home[instance.can[trucks.kind, kind] == 1])
        if len(homes):
            out = instance.km[homes][:, loads.origin[mine]]
            back = instance.km[loads.destination[mine]][:, homes].T
            out_and_back[mine] = (out + back).min(axis=0)
    return out_and_back


def greedy_nearest(instance: MatchingInstance) -> MatchingPlan:
    """Return the lawful plan of a dispatcher with a telephone.

    Loads are taken in the order of their latest start; each goes to the truck, among those that can carry
    it, be there in time and still get home, that is nearest in kilometres at that moment (ties: the one
    there first). A truck is where its last load left it. Loading starts as early as it can.
    """
    return extended(instance, MatchingPlan((), ()))


def extended(instance: MatchingInstance, plan: MatchingPlan) -> MatchingPlan:
    """Return the plan with loads that are in none of its chains appended to them, as `greedy_nearest` chooses."""
    loads, trucks = instance.loads, instance.trucks
    at, free = trucks.start.copy(), trucks.free_from.copy()
    chains: list[list[tuple[int, int]]] = [[] for _ in range(len(trucks))]
    served = np.zeros(len(loads), dtype=np.bool_)
    for chain in plan.chains:
        chains[chain.truck] = list(zip(chain.loads, chain.starts, strict=True))
        last, start = chains[chain.truck][-1]
        at[chain.truck], free[chain.truck] = loads.destination[last], check.delivery(instance, last, start)
        served[list(chain.loads)] = True
    unserved = []
    for i in np.lexsort((loads.earliest, loads.latest)).tolist():
        if served[i]:
            continue
        k, start = _nearest_truck(instance, i, at, free)
        if k < 0:
            unserved.append(i)
            continue
        chains[k].append((i, start))
        at[k], free[k] = loads.destination[i], check.delivery(instance, i, start)
    driven = [(k, chain) for k, chain in enumerate(chains) if chain]
    return MatchingPlan(
        tuple(Chain(k, tuple(i for i, _ in chain), tuple(start for _, start in chain)) for k, chain in driven),
        tuple(sorted(unserved)),
    )


def _nearest_truck(instance: MatchingInstance, load: int, at: IntArray, free: IntArray) -> tuple[int, int]:
    """Return the nearest truck that can take `load` and the start of its loading; (-1, 0) when there is
    none."""
    loads, trucks = instance.loads, instance.trucks
    origin, destination = loads.origin[load], loads.destination[load]
    start = np.maximum(free + instance.minutes[at, origin], loads.earliest[load])
    service = check.delivery(instance, load, 0)
    fits = (start <= loads.latest[load]) & (start + service <= loads.due[load])
    fits &= start + service + instance.minutes[destination, trucks.home] <= trucks.home_by
    fits &= instance.can[trucks.kind, loads.kind[load]] == 1
    able = np.flatnonzero(fits)
    if not len(able):
        return -1, 0
    k = int(able[np.lexsort((start[able], instance.km[at[able], origin]))[0]])
    return k, int(start[k])


def flow_imbalance_km(instance: MatchingInstance, plan: MatchingPlan) -> int:
    """Return the least empty kilometres for the trucks and loads of `plan`, whatever the order and the times.

    Every truck used leaves its start and ends at its home, every served load takes a truck from its origin
    and leaves one at its destination; empty legs must make the two ends meet at every place. The cheapest
    way is a transportation problem between the places where trucks are left and those where they are wanted.
    A truck used drives at least two empty legs here and in the plan alike, so the figure is a bound on F1's
    kilometres.
    """
    supply, demand = _ends(instance, plan)
    if not supply.sum():
        return 0
    sources, sinks = np.flatnonzero(supply), np.flatnonzero(demand)
    flow = min_cost_flow.SimpleMinCostFlow()
    a, b = (grid.ravel() for grid in np.meshgrid(sources, sinks, indexing="ij"))
    places = instance.places
    flow.add_arcs_with_capacity_and_unit_cost(a, places + b, np.minimum(supply[a], demand[b]), instance.km[a, b])
    flow.set_nodes_supplies(sources, supply[sources])
    flow.set_nodes_supplies(places + sinks, -demand[sinks])
    status = flow.solve()
    assert status == flow.OPTIMAL, status
    return int(flow.optimal_cost())


def _ends(instance: MatchingInstance, plan: MatchingPlan) -> tuple[IntArray, IntArray]:
    """Return how often an empty leg begins at each place and how often one ends there, each (P,)."""
    begins, ends = np.zeros((2, instance.places), dtype=np.int64)
    loads, trucks = instance.loads, instance.trucks
    for chain in plan.chains:
        begins[trucks.start[chain.truck]] += 1
        ends[trucks.home[chain.truck]] += 1
        for i in chain.loads:
            ends[loads.origin[i]] += 1
            begins[loads.destination[i]] += 1
    return begins, ends
