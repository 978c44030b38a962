from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dispatch.files import load_park
from dispatch.model.closures import Closure, ClosureKind
from dispatch.model.promises import Appointment, AppointmentState, Match, MatchedLoad, Source, Stop
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.policies.first_come import FirstCome
from simulations.policies.policy import Effort
from simulations.running.deciding import known
from simulations.scenarios.changes import Demand, DocksClosed, LaneClosed
from simulations.scenarios.live import LiveBase, Promised, live_base
from simulations.scenarios.stage import Stage, staged

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
TRAVEL = estimated(PARK)
DAY = generate_day(PARK, visits=200, seed=3)
STAGE = Stage(PARK, DAY.date, DAY.visits, (), DAY.loads, DAY.trucks, TRAVEL)
PLACED = FirstCome().plan(known(STAGE, []), Effort(1.0)).placements


def appointments() -> list[Appointment]:
    return [
        Appointment(
            id=f"a-{place.visit.id}",
            state=AppointmentState.CONFIRMED,
            source=Source.PLAN,
            plate=place.visit.plate,
            carrier=place.visit.carrier,
            warehouse=place.visit.warehouse,
            dock_group=place.dock_group,
            dock_kind=place.visit.dock_kind,
            cargo_kind=place.visit.cargo_kind,
            gate=place.gate,
            day=DAY.date,
            slot=place.slot,
            slots=place.slots,
            made_at=datetime(2026, 6, 1, tzinfo=UTC),
            visit=place.visit.id,
            load=place.visit.load,
            wish=place.visit.wish,
            earliest=place.visit.earliest,
            latest=place.visit.latest,
        )
        for place in PLACED
    ]


def base(**more: object) -> LiveBase:
    promised = {
        "day": DAY.date,
        "appointments": appointments(),
        "matches": (),
        "loads": DAY.loads,
        "trucks": DAY.trucks,
    }
    return live_base(PARK, Promised(**(promised | more)), TRAVEL)  # type: ignore[arg-type]


def test_appointments_are_visits_where_they_stand() -> None:
    found = base()

    places = {each.visit.id: (each.slot, each.gate, each.dock_group) for each in found.decision.placements}
    assert places == {each.visit.id: (each.slot, each.gate, each.dock_group) for each in PLACED}
    tied = {load.id for load in found.stage.loads if load.pickup_visit or load.delivery_visit}
    assert tied == {place.visit.load for place in PLACED if place.visit.load}
    slot = PARK.grid.slot_minutes
    assert all(visit.minutes <= PARK.grid.slots_for(visit.minutes) * slot for visit in found.stage.visits)


def test_a_later_stop_is_a_visit_that_stays_where_it_is() -> None:
    first = appointments()[0]
    second = Stop(first.warehouse, first.dock_group, first.dock_kind, first.cargo_kind, first.slot + 5, 1)

    found = base(appointments=[replace(first, stops=(second,))])

    one, other = found.decision.placements
    assert (other.visit.id, other.slot) == (f"{one.visit.id}-stop1", first.slot + 5)
    assert other.visit.earliest == other.visit.latest
    assert one.visit.earliest == one.visit.latest


def test_a_load_matched_to_another_truck_is_not_its_appointments() -> None:
    booked = next(each for each in appointments() if each.load)
    load = next(each for each in DAY.loads if each.id == booked.load)
    other = next(truck for truck in DAY.trucks if truck.plate != booked.plate)
    chain = Match("m", other.plate, "p", DAY.date, (MatchedLoad(load.id, load.earliest),), 10, 20)

    found = base(matches=[chain])

    (kept,) = [each for each in found.stage.loads if each.id == load.id]
    assert (kept.pickup_visit, kept.delivery_visit) == (None, None)
    assert [each.plate for each in found.decision.chains] == [other.plate]


def test_closures_in_force_are_known_to_everybody() -> None:
    begins, ends = (PARK.grid.moment_of(DAY.date, minute) for minute in (540, 600))
    gate = Closure("c1", ClosureKind.GATE, "west", begins, ends, "repair", begins, "j", closed=2)
    docks = Closure("c2", ClosureKind.DOCK_GROUP, "A20-container", begins, ends, "repair", begins, "j", closed=3)

    found = base(closures=[gate, docks])

    span = {"begins": "09:00", "ends": "10:00", "announced": True}
    assert found.stage.disturbances == (
        LaneClosed(gate="west", lane=1, **span),
        LaneClosed(gate="west", lane=2, **span),
        DocksClosed(dock_group="A20-container", docks=3, **span),
    )


def test_first_come_gives_slots_to_new_requests_and_moves_nobody() -> None:
    found = base()
    changed = staged(found.stage, [Demand(factor=1.3)], seed=1)

    after = FirstCome().replan(known(changed, [], 30), found.decision, 30, Effort(1.0))

    assert after.placements[: len(PLACED)] == found.decision.placements
    new = after.placements[len(PLACED) :]
    assert len(new) > 10
    assert all(each.slot >= 30 for each in new)
