"""What of a day's requests fits the park: a park file may have been changed since they were made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from dispatch.model.day import Truck, Visit, check_load, check_truck, check_visit
from dispatch.model.faults import FieldFault
from dispatch.model.park import Park
from dispatch.planning.permitted import OpenLoad
from dispatch.planning.together import Requests

Thing = TypeVar("Thing", Visit, OpenLoad, Truck)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A visit, load or truck that cannot be planned in this park: its id or plate, and the field that does not fit."""

    kind: str
    id: str
    reason: str


def fitting(park: Park, requests: Requests) -> tuple[Requests, tuple[Unfit, ...]]:
    """Return the requests that fit the park, in their order, and the others with the reason."""
    unfit: list[Unfit] = []
    fit = Requests(
        visits=_fitting(park, requests.visits, check_visit, lambda visit: ("visit", visit.id), unfit),
        loads=_fitting(park, requests.loads, check_open, lambda each: ("load", each.load.id), unfit),
        trucks=_fitting(park, requests.trucks, check_truck, lambda truck: ("truck", truck.plate), unfit),
    )
    return fit, tuple(unfit)


def fits(park: Park, thing: Thing, check: Callable[[Park, Thing], None]) -> bool:
    """Answer whether a thing fits the park as it is now."""
    try:
        check(park, thing)
    except FieldFault:
        return False
    return True


def check_open(park: Park, each: OpenLoad) -> None:
    """Raise FieldFault where an open load does not fit the park."""
    check_load(park, each.load)


def _fitting(
    park: Park,
    things: Iterable[Thing],
    check: Callable[[Park, Thing], None],
    name: Callable[[Thing], tuple[str, str]],
    unfit: list[Unfit],
) -> list[Thing]:
    fit = []
    for thing in things:
        try:
            check(park, thing)
        except FieldFault as fault:
            unfit.append(Unfit(*name(thing), f"{fault.field}: {fault.problem}"))
        else:
            fit.append(thing)
    return fit
