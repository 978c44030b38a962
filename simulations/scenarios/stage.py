"""A scenario's day before anybody decides anything: who comes, who asks for a slot, and what will go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from dispatch.model.day import Load, Truck, Visit
from dispatch.model.grid import MINUTES_A_DAY
from dispatch.model.park import Park, minute_of_day
from dispatch.roads.table import TravelTable
from simulations.demand.plates import draw_plates
from simulations.scenarios.changes import (
    BookingOutage,
    Change,
    Demand,
    Disturbance,
    HouseRule,
    Lanes,
    NoShow,
    Punctuality,
    WalkIns,
)
from simulations.scenarios.lanes import with_lanes

WALK_IN_SEED, OUTAGE_SEED, DEMAND_SEED = 11, 12, 13  # beside the scenario's seed: one change leaves the others' draws


@dataclass(frozen=True)
class Stage:
    """A day as it is given: `booking` are the visits that ask for a slot, `walk_ins` come without; the rest as named.

    `punctuality` and `house_rule` are what a scenario changes of the park's own, None where it changes nothing;
    `no_show_share` likewise.
    """

    park: Park
    date: date
    booking: tuple[Visit, ...]
    walk_ins: tuple[Visit, ...]
    loads: tuple[Load, ...]
    trucks: tuple[Truck, ...]
    travel: TravelTable
    disturbances: tuple[Disturbance, ...] = ()
    no_show_share: float | None = None
    punctuality: Punctuality | None = None
    house_rule: HouseRule | None = None

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Return all visits, those that ask for a slot first."""
        return self.booking + self.walk_ins


def staged(base: Stage, changes: Sequence[Change], seed: int) -> Stage:
    """Return the base with changes made, in their order; every change draws by its own seed."""
    stage = base
    for number, change in enumerate(changes):
        stage = _changed(stage, change, seed + 1000 * number)
    return stage


def _changed(stage: Stage, change: Change, seed: int) -> Stage:
    match change:
        case Lanes():
            return replace(stage, park=with_lanes(stage.park, change))
        case Demand():
            return with_demand(stage, change.factor, np.random.default_rng([seed, DEMAND_SEED]))
        case WalkIns():
            return _with_walk_ins(stage, change.share, np.random.default_rng([seed, WALK_IN_SEED]))
        case BookingOutage():
            return _with_outage(stage, change, np.random.default_rng([seed, OUTAGE_SEED]))
        case NoShow():
            return replace(stage, no_show_share=change.share)
        case Punctuality():
            return replace(stage, punctuality=change)
        case HouseRule():
            return replace(stage, house_rule=_over(stage.house_rule, change))
        case _:
            return replace(stage, disturbances=(*stage.disturbances, change))


def with_demand(stage: Stage, factor: float, rng: np.random.Generator) -> Stage:
    """Return the day with its trucks times a factor, drawn truck by truck with all that each does.

    Above 1, the trucks that are drawn come a second time as trucks of other plates, with loads of their own; below 1,
    those not drawn stay away, and loads whose visit is gone with them.
    """
    plates = sorted({visit.plate for visit in stage.visits})
    whole, part = divmod(factor, 1.0)
    drawn = set(np.array(plates)[rng.permutation(len(plates))[: round(part * len(plates))]].tolist())
    if not whole:
        return _only(stage, drawn)
    grown = stage
    for number, chosen in enumerate([set(plates)] * (int(whole) - 1) + [drawn], start=1):
        grown = _joined(grown, _copy(_only(stage, chosen), number, {visit.plate for visit in grown.visits}, rng))
    return grown


def _only(stage: Stage, plates: set[str]) -> Stage:
    booking = tuple(visit for visit in stage.booking if visit.plate in plates)
    walk_ins = tuple(visit for visit in stage.walk_ins if visit.plate in plates)
    left = {visit.id for visit in booking + walk_ins}
    gone = {visit.id for visit in stage.visits} - left
    loads = tuple(load for load in stage.loads if not {load.pickup_visit, load.delivery_visit} & gone)
    known = {visit.plate for visit in stage.visits}
    trucks = tuple(truck for truck in stage.trucks if truck.plate in plates or truck.plate not in known)
    return replace(stage, booking=booking, walk_ins=walk_ins, loads=loads, trucks=trucks)


def _copy(stage: Stage, number: int, taken: set[str], rng: np.random.Generator) -> Stage:
    """Return the stage as other trucks with other ids, so that both can be on one day."""
    old = sorted({visit.plate for visit in stage.visits})
    fresh = [plate for plate in draw_plates(rng, 2 * len(old) + 10) if plate not in taken][: len(old)]
    plate = dict(zip(old, fresh, strict=True))
    of_visits = {visit.id: f"{visit.id}-x{number}" for visit in stage.visits}
    of_loads = {load.id: f"{load.id}-x{number}" for load in stage.loads}

    def visit_copy(visit: Visit) -> Visit:
        load = of_loads.get(visit.load) if visit.load else None
        return replace(visit, id=of_visits[visit.id], plate=plate[visit.plate], load=load)

    def load_copy(load: Load) -> Load:
        pickup, delivery = (of_visits.get(end or "") for end in (load.pickup_visit, load.delivery_visit))
        return replace(load, id=of_loads[load.id], pickup_visit=pickup, delivery_visit=delivery)

    return replace(
        stage,
        booking=tuple(visit_copy(visit) for visit in stage.booking),
        walk_ins=tuple(visit_copy(visit) for visit in stage.walk_ins),
        loads=tuple(load_copy(load) for load in stage.loads),
        trucks=tuple(replace(truck, plate=plate[truck.plate]) for truck in stage.trucks if truck.plate in plate),
    )


def _joined(stage: Stage, more: Stage) -> Stage:
    return replace(
        stage,
        booking=stage.booking + more.booking,
        walk_ins=stage.walk_ins + more.walk_ins,
        loads=stage.loads + more.loads,
        trucks=stage.trucks + more.trucks,
    )


def _with_walk_ins(stage: Stage, share: float, rng: np.random.Generator) -> Stage:
    unbooked = rng.random(len(stage.booking)) < share
    return _without_slots(stage, unbooked.tolist())


def _without_slots(stage: Stage, unbooked: list[bool]) -> Stage:
    """Return the stage with some of the visits that ask for a slot come without."""
    booking = tuple(visit for visit, is_out in zip(stage.booking, unbooked, strict=True) if not is_out)
    walk_ins = tuple(visit for visit, is_out in zip(stage.booking, unbooked, strict=True) if is_out)
    return replace(stage, booking=booking, walk_ins=stage.walk_ins + walk_ins)


def _with_outage(stage: Stage, outage: BookingOutage, rng: np.random.Generator) -> Stage:
    day_begin = -MINUTES_A_DAY if outage.day_before else 0
    begin, end = (_moment(stage, day_begin + minute_of_day(text)) for text in (outage.begins, outage.ends))
    during = [begin <= visit.requested_at < end for visit in stage.booking]
    gives_up = rng.random(len(stage.booking)) >= outage.asks_again
    later = tuple(
        replace(visit, requested_at=end) if is_in else visit for visit, is_in in zip(stage.booking, during, strict=True)
    )
    lost = [is_in and bool(gone) for is_in, gone in zip(during, gives_up, strict=True)]
    return _without_slots(replace(stage, booking=later), lost)


def _moment(stage: Stage, minute: int) -> datetime:
    return stage.park.grid.moment_of(stage.date, 0) + timedelta(minutes=minute)


def _over(before: HouseRule | None, change: HouseRule) -> HouseRule:
    if before is None:
        return change
    return HouseRule(
        early_trucks=change.early_trucks or before.early_trucks,
        yard_places=before.yard_places if change.yard_places is None else change.yard_places,
    )
