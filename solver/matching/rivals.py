"""Other ways to plan return loads, for comparison: a plain minimum-cost flow with repair, and OR-Tools routing."""

from typing import Final

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.graph.python import min_cost_flow

from solver.matching.baselines import extended
from solver.matching.chains import drivable
from solver.matching.fleet import plan_of
from solver.matching.instance import MatchingInstance
from solver.matching.network import Network, network
from solver.matching.plan import MatchingPlan
from solver.reading import IntArray

NEAREST: Final = 40  # successors of a load, and trucks for it, that the flow may choose from

Sequences = list[tuple[int, IntArray]]


def flow_with_repair(instance: MatchingInstance) -> MatchingPlan:
    """Return the plan of a minimum-cost flow, repaired.

    Every load starts at its earliest, homes and ends of shifts are forgotten: then trucks flow from load to load. Each
    path is cut to what its truck can drive and be home in time; what is left goes to the nearest truck, appended.
    """
    net = network(instance)
    taken = np.zeros(len(net.origin), np.int64)
    chains: Sequences = []
    for k, path in _paths(net, _flow(net)):
        loads = drivable(net, k, path, taken)
        taken[loads] = 1
        chains.append((k, loads))
    return extended(instance, plan_of(net, chains))


def _flow(net: Network) -> IntArray:
    """Return (arcs used, 2): from and to, where load i is i and truck k is N + k."""
    n, trucks = len(net.origin), len(net.start)
    pairs = [arcs for i in range(n) for arcs in (_from_loads(net, i), _from_trucks(net, i))]
    none = np.zeros(0, np.int64)
    tails, heads, costs = (np.concatenate([none, *(arcs[column] for arcs in pairs)]) for column in range(3))
    source, sink = 2 * n + trucks, 2 * n + trucks + 1  # load i is i where it begins and N + K + i where it ends
    ends = np.arange(n) + n + trucks
    flow = min_cost_flow.SimpleMinCostFlow()
    begins = np.where(tails < n, tails + n + trucks, tails)
    arcs = flow.add_arcs_with_capacity_and_unit_cost(begins, heads, np.ones(len(begins), np.int64), costs)
    ones = np.ones(max(n, trucks), np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(np.arange(n), ends, ones[:n], -net.drop)
    flow.add_arcs_with_capacity_and_unit_cost(ends, np.full(n, sink), ones[:n], 0 * net.drop)
    fixed = np.full(trucks, net.price_truck, np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(np.full(trucks, source), n + np.arange(trucks), ones[:trucks], fixed)
    flow.add_arc_with_capacity_and_unit_cost(source, sink, trucks, 0)
    flow.set_node_supply(source, trucks)
    flow.set_node_supply(sink, -trucks)
    status = flow.solve()
    assert status == flow.OPTIMAL, status
    used = flow.flows(arcs) > 0
    return np.stack([tails[used], heads[used]], axis=1)


def _from_loads(net: Network, j: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return arcs from the nearest loads after which load j can start at its earliest."""
    done = net.earliest + net.duration + net.minutes[net.destination, net.origin[j]]
    cost = net.price_km * net.km[net.destination, net.origin[j]]
    shared = net.fits[:, net.load_kind] * net.fits[:, [net.load_kind[j]]]
    before = np.flatnonzero((done <= net.earliest[j]) & (net.earliest < net.earliest[j]) & shared.any(axis=0))
    before = before[np.argsort(cost[before], kind="stable")[:NEAREST]]
    return before, np.full(len(before), j), cost[before]


def _from_trucks(net: Network, j: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return arcs from the nearest trucks that can start with load j at its earliest."""
    there = net.free_from + net.minutes[net.start, net.origin[j]] <= net.earliest[j]
    cost = net.price_km * net.km[net.start, net.origin[j]]
    able = np.flatnonzero(there & (net.fits[net.truck_kind, net.load_kind[j]] == 1))
    able = able[np.argsort(cost[able], kind="stable")[:NEAREST]]
    return len(net.origin) + able, np.full(len(able), j), cost[able]


def _paths(net: Network, arcs: IntArray) -> Sequences:
    """Return the loads each truck of a flow comes by."""
    after = dict(arcs.tolist())
    paths = []
    for k in range(len(net.start)):
        at, path = after.get(len(net.origin) + k), []
        while at is not None:
            path.append(at)
            at = after.get(at)
        if path:
            paths.append((k, np.array(path, dtype=np.int64)))
    return paths


def routing(instance: MatchingInstance, seconds: float) -> MatchingPlan:
    """Return the plan of OR-Tools' routing library after `seconds` of guided local search; waiting costs nothing
    there. Loads are nodes 0 to N - 1, then the trucks' starts, then their homes."""
    net = network(instance)
    n, trucks = len(net.origin), len(net.start)
    if not n or not trucks:
        return plan_of(net, [])
    begins, ends = n + np.arange(trucks), n + trucks + np.arange(trucks)
    manager = pywrapcp.RoutingIndexManager(n + 2 * trucks, trucks, begins.tolist(), ends.tolist())
    model = pywrapcp.RoutingModel(manager)
    leaves = np.concatenate([net.destination, net.start, net.home])
    enters = np.concatenate([net.origin, net.start, net.home])
    busy = np.concatenate([net.duration, np.zeros(2 * trucks, np.int64)])
    km = net.km[np.ix_(leaves, enters)] * net.price_km
    minutes = net.minutes[np.ix_(leaves, enters)] + busy[:, None]
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(km.tolist()))
    model.SetFixedCostOfAllVehicles(net.price_truck)
    horizon = int(max(net.home_by.max(), (net.last_start + net.duration).max())) + 1
    model.AddDimension(model.RegisterTransitMatrix(minutes.tolist()), horizon, horizon, False, "time")  # noqa: FBT003
    time = model.GetDimensionOrDie("time")
    for i in range(n):
        index = manager.NodeToIndex(i)
        able = np.flatnonzero(net.fits[net.truck_kind, net.load_kind[i]] == 1)
        model.AddDisjunction([index], int(net.drop[i]))
        if len(able) and max(0, net.earliest[i]) <= net.last_start[i]:
            time.CumulVar(index).SetRange(max(0, int(net.earliest[i])), int(net.last_start[i]))
            model.VehicleVar(index).SetValues([-1, *able.tolist()])
        else:
            model.VehicleVar(index).SetValue(-1)
    for k in range(trucks):
        is_working = net.free_from[k] <= net.home_by[k] and net.home_by[k] >= 0
        low, high = (max(0, int(net.free_from[k])), int(net.home_by[k])) if is_working else (0, 0)
        time.CumulVar(model.Start(k)).SetRange(low, horizon if is_working else low)
        time.CumulVar(model.End(k)).SetRange(low, max(low, high))
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.FromMilliseconds(int(1000 * seconds))
    solution = model.SolveWithParameters(parameters)
    if solution is None:
        return plan_of(net, [])
    chains: Sequences = []
    for k in range(trucks):
        index, path = solution.Value(model.NextVar(model.Start(k))), []
        while not model.IsEnd(index):
            path.append(manager.IndexToNode(index))
            index = solution.Value(model.NextVar(index))
        chains.append((k, np.array(path, dtype=np.int64)))
    return plan_of(net, chains)
