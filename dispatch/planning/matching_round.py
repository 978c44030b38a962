"""A matching round in the park's words: what is open and known becomes the solver's board, its plan becomes offers.

A truck is on the board as it is next free: after the loads it has, and once for every stretch between its appointments,
for it must be at each of them in time. Everything here is pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model.day import Load, Truck
from dispatch.model.park import Hours, Park, minute_of_day
from dispatch.model.promises import Appointment, MatchedLoad
from dispatch.planning.matching import MatchingProblem, matched_load, matching_problem, minute_from
from dispatch.planning.permitted import OpenLoad, permitted
from dispatch.roads.table import TravelTable
from solver.matching import check
from solver.matching.board import Board, board
from solver.matching.online import Offer, match_round
from solver.matching.plan import Chain

ALL_DAY = Hours("00:00", "24:00")


@dataclass(frozen=True, slots=True)
class LiveTruck:
    """A truck with what it has promised: its loads in order with their begins, and its appointments, by time.

    `next_day` are the loads it has on the day after: it must be at the first of them in time.
    """

    truck: Truck
    loads: tuple[tuple[Load, datetime], ...] = ()
    appointments: tuple[Appointment, ...] = ()
    next_day: tuple[tuple[Load, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """When a round is, and which of its plan it offers: what must leave within `ahead`."""

    day: date
    now: datetime
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class PlannedOffer:
    """A truck's next load and when its loading starts; what the truck drives empty more for it, and what loaded."""

    plate: str
    carrier: str
    load: MatchedLoad
    empty_km: int
    loaded_km: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A truck from where and when it is free to where and when it must be; `is_out` when it drives there anyway."""

    truck: Truck
    is_out: bool


def offers_now(
    park: Park, travel: TravelTable, loads: Sequence[OpenLoad], trucks: Iterable[LiveTruck], at: Timing
) -> tuple[PlannedOffer, ...]:
    """Return what is offered now, at most one load per truck, no load twice; the plan behind it passes the checker."""
    trucks = list(trucks)
    stretches = [stretch for live in trucks for stretch in stretches_in_hours(park, travel, live, at.day)]
    problem = matching_problem(park, at.day, [each.load for each in loads], [each.truck for each in stretches], travel)
    on = round_board(problem, loads, stretches, at)
    planned = match_round(on)
    faults = check.violations(on.instance, planned.plan)
    assert not faults, faults[0].text
    homes = {live.truck.plate: live.truck.home for live in trucks}
    until = on.now + park.rules.react_minutes + int(at.ahead.total_seconds()) // 60
    return tuple(
        _planned_offer(problem, on, offer, homes[stretches[offer.truck].truck.plate])
        for offer in _one_each(planned.offers, stretches)
        if offer.leave <= until
    )


def stretches_of(park: Park, travel: TravelTable, live: LiveTruck) -> list[Stretch]:
    """Return the truck's time after its loads, cut at its appointments except those that its own loads bring it to."""
    truck, is_out = live.truck, bool(live.loads)
    if live.loads:
        load, begins = live.loads[-1]
        truck = replace(truck, free_at=load.destination, free_from=min(_ends(travel, load, begins), truck.home_by))
    if live.next_day:
        load, begins = live.next_day[0]
        truck = replace(truck, home=load.origin, home_by=max(begins, truck.free_from))
    own = {load.id for load, _ in (*live.loads, *live.next_day)}
    ahead = [each for each in live.appointments if each.load is None or each.load not in own]
    found = []
    for appointment in sorted(ahead, key=lambda each: (each.day, each.slot)):
        starts = park.grid.start_of(appointment.day, appointment.slot)
        ends = park.grid.start_of(appointment.day, appointment.slot + appointment.slots)
        if ends <= truck.free_from or (live.next_day and starts > truck.home_by):
            continue
        if truck.free_from <= starts <= truck.home_by:
            found.append(Stretch(replace(truck, home=appointment.warehouse, home_by=starts), is_out=True))
        truck = replace(truck, free_at=appointment.warehouse, free_from=min(ends, truck.home_by))
        is_out = True
    return [*found, Stretch(truck, is_out)]


def stretches_in_hours(park: Park, travel: TravelTable, live: LiveTruck, day: date) -> list[Stretch]:
    """Return the truck's stretches within the hours its driver prefers; none where its time lies outside of them."""
    truck = within_hours(park, live.truck, day)
    return [] if truck is None else stretches_of(park, travel, replace(live, truck=truck))


def within_hours(park: Park, truck: Truck, day: date) -> Truck | None:
    """Return the truck as it is out within its driver's hours of the day; None when it is not."""
    hours = truck.preferences.hours
    if hours is None or hours == ALL_DAY:
        return truck
    opens, closes = (park.grid.moment_of(day, minute_of_day(text)) for text in (hours.opens, hours.closes))
    free_from, home_by = max(truck.free_from, opens), min(truck.home_by, closes)
    return replace(truck, free_from=free_from, home_by=home_by) if free_from <= home_by else None


def round_board(problem: MatchingProblem, loads: Sequence[OpenLoad], stretches: Sequence[Stretch], at: Timing) -> Board:
    """Return the solver's board of a round: minutes from midnight of the day, `now` rounded up."""
    park = problem.park
    may = permitted(park, loads, [each.truck for each in stretches])
    return board(
        problem.instance,
        minute_from(park.grid, at.now, at.day),
        react=park.rules.react_minutes,
        out=np.array([each.is_out for each in stretches], dtype=np.bool_),
        forbidden=np.argwhere(~may),
    )


def _ends(travel: TravelTable, load: Load, begins: datetime) -> datetime:
    drive = int(travel.minutes[travel.index[load.origin], travel.index[load.destination]])
    return begins + timedelta(minutes=load.load_minutes + drive + load.unload_minutes)


def _one_each(offers: Iterable[Offer], stretches: Sequence[Stretch]) -> list[Offer]:
    """Return each truck's first offer by when it leaves: where it goes after that is known when that is accepted."""
    first: dict[str, Offer] = {}
    for offer in sorted(offers, key=lambda offer: offer.leave):
        first.setdefault(stretches[offer.truck].truck.plate, offer)
    return list(first.values())


def _planned_offer(problem: MatchingProblem, on: Board, offer: Offer, home: str) -> PlannedOffer:
    instance, k, i = on.instance, offer.truck, offer.load
    empty = check.chain_empty_km(instance, Chain(k, (i,), (offer.start,)))
    loaded = int(instance.km[instance.loads.origin[i], instance.loads.destination[i]])
    anyway = int(instance.km[instance.trucks.start[k], instance.trucks.home[k]]) if on.out[k] else 0
    truck = problem.trucks[k]
    begins = matched_load(problem, k, i, offer.start, home)
    return PlannedOffer(truck.plate, truck.carrier, begins, max(0, empty - anyway), loaded)
