"""PyVRP on the return-load problem, as far as its model fits: waiting costs nothing there. Needs the dev extra."""

from typing import Any

import numpy as np
import pyvrp
from pyvrp.stop import MaxRuntime

from solver.matching.fleet import plan_of
from solver.matching.instance import MatchingInstance
from solver.matching.network import Network, network
from solver.matching.plan import MatchingPlan
from solver.reading import IntArray

FORBIDDEN = 2**40  # a leg to a load that a truck of this kind cannot carry


def pyvrp_plan(instance: MatchingInstance, seconds: float, seed: int = 0) -> MatchingPlan:
    """Return PyVRP's plan after `seconds`: clients are loads with prizes, every truck is a vehicle type, and every
    truck kind sees distances of its own. Times must not be negative."""
    net = network(instance)
    places = np.unique(np.concatenate([net.start, net.home]))
    usable = np.flatnonzero((net.earliest <= net.last_start) & (net.last_start >= 0))
    trucks = np.flatnonzero((net.free_from <= net.home_by) & (net.home_by >= 0))
    if not len(usable) or not len(trucks):
        return plan_of(net, [])
    rank = {int(place): at for at, place in enumerate(places)}
    km, minutes = _matrices(net, usable, places)
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in range(len(places) + len(usable))],
        clients=[
            pyvrp.Client(
                location=len(places) + at,
                service_duration=int(net.duration[i]),
                tw_early=max(0, int(net.earliest[i])),
                tw_late=int(net.last_start[i]),
                prize=int(net.drop[i]),
                required=False,
            )
            for at, i in enumerate(usable)
        ],
        depots=[pyvrp.Depot(location=at) for at in range(len(places))],
        vehicle_types=[
            pyvrp.VehicleType(
                start_depot=rank[int(net.start[k])],
                end_depot=rank[int(net.home[k])],
                fixed_cost=net.price_truck,
                tw_early=max(0, int(net.free_from[k])),
                tw_late=int(net.home_by[k]),
                unit_distance_cost=net.price_km,
                profile=int(net.truck_kind[k]),
            )
            for k in trucks
        ],
        distance_matrices=[_for_kind(net, kind, km, usable, len(places)) for kind in range(len(net.fits))],
        duration_matrices=[minutes for _ in range(len(net.fits))],
    )
    result = pyvrp.solve(data, stop=MaxRuntime(seconds), seed=seed, display=False)
    if not result.is_feasible():
        return plan_of(net, [])
    return plan_of(net, [_chain(route, usable, trucks) for route in result.best.routes()])


def _matrices(net: Network, loads: IntArray, places: IntArray) -> tuple[IntArray, Any]:
    """Return kilometres and minutes between depots, then loads: out of a load from its destination, into it at its
    origin."""
    leaves = np.concatenate([places, net.destination[loads]])
    enters = np.concatenate([places, net.origin[loads]])
    km, minutes = net.km[np.ix_(leaves, enters)].copy(), net.minutes[np.ix_(leaves, enters)].copy()
    for matrix in (km, minutes):
        np.fill_diagonal(matrix, 0)
    return km, minutes


def _for_kind(net: Network, kind: int, km: IntArray, loads: IntArray, depots: int) -> Any:
    mine = km.copy()
    cannot = np.flatnonzero(net.fits[kind, net.load_kind[loads]] == 0)
    mine[:, depots + cannot] = FORBIDDEN
    mine[depots + cannot, depots + cannot] = 0
    return mine


def _chain(route: pyvrp.Route, loads: IntArray, trucks: IntArray) -> tuple[int, IntArray]:
    visits = [activity.idx for activity in route if activity.is_client()]
    return int(trucks[route.vehicle_type()]), loads[np.array(visits, dtype=np.int64)]
