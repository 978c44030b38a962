"""What is known before any column generation: whether the depots have vehicles enough, a bound, prices, and a plan."""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from solver.mdvsp.cases import Case
from solver.mdvsp.generation import Generation
from solver.mdvsp.instance import FixedInstance, Instance
from solver.mdvsp.links import LinkNetwork
from solver.mdvsp.master import new_master
from solver.mdvsp.network import FAR, SCALE, Network, alone
from solver.mdvsp.record import Record
from solver.mdvsp.routes import Routes
from solver.mdvsp.start import crude_start, start
from solver.reading import BadInput, IntArray

MOST_ASSIGNED: Final = 6_000  # trips: beyond, an assignment problem takes too long and too much memory
BALANCE: Final = 0.05  # of the mean price; prices are far from good where trips shift
BALANCE_SHIFTED: Final = 1.0
NAME: Final = "all depots as one, and a vehicle may end at any (assignment problem)"


def refuse_too_few_vehicles(instance: Instance) -> None:
    """Raise BadInput when even the largest number of links leaves more routes than the depots have room for."""
    room = int(np.minimum(instance.capacity, instance.trips).sum())
    if room >= instance.trips:
        return
    matched = maximum_bipartite_matching(csr_matrix(_possible_links(instance)), perm_type="column")
    least = instance.trips - int((matched >= 0).sum())
    if least > room:
        problem = f"the depots have room for {room} routes, but {instance.trips} trips need at least {least}"
        raise BadInput(instance.source, "capacity", problem)


def first_case(network: Network, instance: Instance, record: Record) -> Case:
    """Return a generation that starts from the relaxation with all depots as one; its plan is offered to the record.

    `network` is that of the instance or, where trips may shift, of the instance with a smaller shift.
    """
    is_shifted = not isinstance(instance, FixedInstance) and instance.shift > 0
    is_small = instance.trips <= MOST_ASSIGNED
    begun = start(network, _links(network, instance)) if is_small else crude_start(network)
    price = begun.price.astype(np.float64)
    balance = max(1.0, float(price.mean())) * (BALANCE_SHIFTED if is_shifted else BALANCE)
    generation = Generation(network, new_master(price, network.capacity, balance), np.ones(len(price), np.bool_))
    chains = _chains(network, begun.after)
    generation.add(chains)
    generation.add(alone(network, np.arange(instance.trips)))
    plan = first_plan(network, chains)
    if plan is not None:
        record.offer(plan, "all depots as one")
    case = Case(generation)
    case.price = network.lawful(begun.price * SCALE, case.rent)
    case.value = -(-int(case.price.sum()) // SCALE)
    if case.value > 0 and not is_shifted:
        record.prove(case.value, NAME)
    return case


def first_plan(network: Network, chains: Routes) -> Routes | None:
    """Return the cheapest choice of a depot for each chain of trips within the capacity; None when there is none.

    `chains` holds each chain once for every depot that can run it.
    """
    which = np.cumsum(np.concatenate([[0], np.diff(chains.trips[chains.first[:-1]]) != 0]))
    count = int(which[-1]) + 1
    room = np.minimum(network.capacity, count)
    cost = np.full((count, len(room)), float(FAR))
    cost[which, chains.depot] = chains.cost
    at = np.full((count, len(room)), -1)
    at[which, chains.depot] = np.arange(len(chains))
    nearest = cost.argmin(axis=1)
    if (np.bincount(nearest, minlength=len(room)) > room).any():
        seat = np.repeat(np.arange(len(room)), room)
        if len(seat) < count:
            return None
        row, taken = linear_sum_assignment(cost[:, seat])
        nearest[row] = seat[taken]
    chosen = at[np.arange(count), nearest]
    return chains.chosen(chosen) if (chosen >= 0).all() else None


def _chains(network: Network, after: IntArray) -> Routes:
    """Return each chain of trips, from every depot that can run it; where none can, nothing."""
    is_first = np.ones(len(after), np.bool_)
    is_first[after[after >= 0]] = False
    first, trips, depot = [0], [], []
    for head in np.flatnonzero(is_first).tolist():
        chain = [head]
        while after[chain[-1]] >= 0:
            chain.append(int(after[chain[-1]]))
        can = network.pull_out[chain[0]] + network.pull_in[chain[-1]] < FAR // SCALE
        for k in np.flatnonzero(can).tolist():
            trips += chain
            first.append(len(trips))
            depot.append(k)
    depots = np.array(depot, dtype=np.int64)
    routes = Routes(np.array(first), np.array(trips, dtype=np.int64), depots, depots)
    return replace(routes, cost=network.costs(routes)) if len(routes) else routes


def _links(network: Network, instance: Instance) -> IntArray:
    """Return the cost of each trip following each other one at the planned times, in network order; -1: cannot."""
    if isinstance(network, LinkNetwork):
        return network.link
    assert not isinstance(instance, FixedInstance)
    minutes = instance.travel[np.ix_(instance.destination, instance.origin)]
    return np.where(instance.end[:, None] + minutes <= instance.start[None, :], minutes, -1)


def _possible_links(instance: Instance) -> IntArray:
    if isinstance(instance, FixedInstance):
        return (instance.link >= 0).astype(np.int64)
    minutes = instance.travel[np.ix_(instance.destination, instance.origin)]
    duration = instance.end - instance.start
    soonest = (instance.earliest + duration)[:, None] + minutes
    return (soonest <= instance.latest[None, :]).astype(np.int64)
