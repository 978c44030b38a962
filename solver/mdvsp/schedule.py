"""Routes of a network as a plan of its instance: its own trip numbers, and when each trip starts."""

from solver.mdvsp.instance import FixedInstance, Instance, ShiftInstance
from solver.mdvsp.plan import MdvspPlan, Route
from solver.mdvsp.routes import Routes


def plan_of(instance: Instance, routes: Routes) -> MdvspPlan:
    """Return the plan that runs these routes, every trip as early as can be."""
    return MdvspPlan(
        tuple(_route(instance, int(routes.depot[r]), routes.trips_of(r).tolist()) for r in range(len(routes)))
    )


def _route(instance: Instance, depot: int, trips: list[int]) -> Route:
    if isinstance(instance, FixedInstance):
        return Route(depot, tuple(int(instance.order[t]) for t in trips))
    return Route(depot, tuple(trips), _earliest_starts(instance, trips))


def _earliest_starts(instance: ShiftInstance, trips: list[int]) -> tuple[int, ...]:
    starts: list[int] = []
    for at, t in enumerate(trips):
        start = int(instance.start[t]) - instance.shift
        if at:
            before = trips[at - 1]
            there = starts[-1] + int(instance.end[before] - instance.start[before])
            start = max(start, there + int(instance.travel[instance.destination[before], instance.origin[t]]))
        starts.append(start)
    return tuple(starts)
