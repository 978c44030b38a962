"""A real example for every operation, made from the park itself: sent as they stand, they work."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from api.http import show
from api.http.problems import KINDS
from dispatch.model import promises, rules
from dispatch.model.allowances import monday_of
from dispatch.model.attendance import CarrierRecord
from dispatch.model.callers import Role
from dispatch.model.closures import Closure, ClosureKind, ClosureState
from dispatch.model.day import Load, Truck, Visit
from dispatch.model.earning import earned
from dispatch.model.exceptions import ExceptionKind, ExceptionState, LoadException, Note
from dispatch.model.park import DockKind, Earning, Park
from dispatch.model.promises import (
    Appointment,
    AppointmentState,
    Lane,
    LoadState,
    Match,
    MatchedLoad,
    MatchState,
    MoveOffer,
    Source,
)
from dispatch.model.refusals import GateFull
from dispatch.model.series import Occurrence, OccurrenceState, Series, SeriesState
from dispatch.planning.kpis import GroupBy, Happened, measured
from dispatch.services import api_keys
from dispatch.services.api_keys import ApiKey
from dispatch.services.applying import Applied
from dispatch.services.attending import Overbooked, WeekEarned
from dispatch.services.availability import HourSeen, SlotSeen
from dispatch.services.delivering import Delivery
from dispatch.services.event_forms import EventForm, shown
from dispatch.services.freight import LoadRecord, MatchRecord, Moved
from dispatch.services.passes import PassKey, pass_of
from dispatch.services.reports import Deed
from dispatch.services.tokens import SigningKey
from dispatch.services.visits import VisitSeen
from dispatch.services.webhooks import Webhook
from dispatch.store import codec
from dispatch.store.commit import StoredEvent
from dispatch.worker.jobs import Job, JobState, ProgressEntry

PLATE = "浙B12345"


@dataclass(frozen=True, slots=True)
class Example:
    """An answer, and the body and the parameters (by name) that were sent for it."""

    response: Any
    body: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """Names of the park that go together; those standing here are for a park that has none."""

    day: date
    now: datetime
    warehouse: str = "w1"
    dock_group: str = "w1-container"
    dock_kind: DockKind = DockKind.CONTAINER
    cargo_kind: str = "import"
    minutes: int = 45
    docks: int = 1
    slot: int = 36
    gate: str = "east"
    carrier: str = "c1"
    place: str = "terminal"
    truck_kind: str = "truck"


def sample_of(park: Park, today: date) -> Sample:
    """Return names of the park, and tomorrow's first slot in which a visit with them fits."""
    now = datetime.combine(today, time(6), tzinfo=park.grid.zone)
    sample = Sample(day=today + timedelta(days=1), now=now)
    carrier = next((firm for firm in park.enterprises if firm.carrier and firm.quota != 0), None)
    if carrier is not None:
        sample = replace(sample, carrier=carrier.id)
    if park.places:
        sample = replace(sample, place=park.places[0].id)
    sample = _with_docks(park, sample)
    kinds = (kind.id for kind in park.truck_kinds if sample.cargo_kind in kind.carries)
    return replace(sample, truck_kind=next(kinds, next((kind.id for kind in park.truck_kinds), sample.truck_kind)))


def make(park: Park, today: date) -> dict[str, Example]:
    """Return (request, response) for every operation by its id."""
    sample = sample_of(park, today)
    return {
        **_about_the_park(park, sample),
        **_about_appointments(park, sample),
        **_about_visits(park, sample),
        **_about_loads(park, sample),
        **_about_offers(park, sample),
        **_about_exceptions(park, sample),
        **_about_trucks(park, sample),
        **_about_plans(park, sample),
        **_about_scenarios(park, sample),
        **_about_matching_rounds(park, sample),
        **_about_keys(park, sample),
        **_about_events(park, sample),
        **_about_webhooks(park, sample),
        **_about_reports(park, sample),
        **_about_the_service(),
    }


def _with_docks(park: Park, sample: Sample) -> Sample:
    for warehouse in park.warehouses:
        for cargo in park.cargo_kinds:
            group = warehouse.find_dock_group(cargo.dock_kind)
            if group is None:
                continue
            gate = park.gates_for(warehouse)[0]
            slots = park.grid.slots_for(cargo.handling_minutes)
            for slot in range(park.grid.horizon - slots + 1):
                docks = min(park.docks_at(warehouse, group, t) for t in range(slot, slot + slots))
                if docks > 0 and park.entries_at(gate, slot) > 0 and slot not in park.peak_slots:
                    return replace(
                        sample,
                        warehouse=warehouse.id,
                        dock_group=group.id,
                        dock_kind=group.kind,
                        cargo_kind=cargo.id,
                        minutes=cargo.handling_minutes,
                        docks=docks,
                        slot=slot,
                        gate=gate.id,
                    )
    return sample


def _about_the_park(park: Park, sample: Sample) -> dict[str, Example]:
    shown = show.park_document(park)
    few = {name: value[:2] if isinstance(value, list) else value for name, value in shown.items()}
    asked = {"warehouse": sample.warehouse, "dock_kind": sample.dock_kind, "day": sample.day}
    starts_at = park.grid.start_of(sample.day, sample.slot)
    seen = SlotSeen(sample.slot, starts_at, sample.docks, sample.docks, sample.gate, 40, obstacle=None)
    anybody = dict.fromkeys(("cargo_kind", "minutes"))
    hour = HourSeen(sample.dock_kind, starts_at, 8, 5, 160, 5, rules.opens_at(park, sample.day, sample.slot))
    which: dict[str, Any] = {"day": sample.day, "dock_kind": sample.dock_kind}
    by_hour = {**which, "warehouse": None, "cargo_kind": None, "hours": [show.plain(park, hour)]}
    return {
        "get_park": Example(few),
        "get_availability": Example({**asked, **anybody, "slots": [show.slot(park, seen)]}, parameters=asked),
        "get_carrier_availability": Example(
            {**asked, **anybody, "carrier": sample.carrier, "truck": None, "slots": [show.slot(park, seen)]},
            parameters=asked | {"carrier": sample.carrier},
        ),
        "get_availability_by_hour": Example(by_hour, parameters=which),
    }


def _about_appointments(park: Park, sample: Sample) -> dict[str, Example]:
    wish, either_side = park.grid.start_of(sample.day, sample.slot), timedelta(minutes=park.rules.window_minutes)
    appointment = Appointment(
        id="appointment-5f1e0c2a9b7d4e63a811",
        state=AppointmentState.CONFIRMED,
        source=Source.REQUEST,
        plate=PLATE,
        carrier=sample.carrier,
        warehouse=sample.warehouse,
        dock_group=sample.dock_group,
        dock_kind=sample.dock_kind,
        cargo_kind=sample.cargo_kind,
        gate=sample.gate,
        day=sample.day,
        slot=sample.slot,
        slots=park.grid.slots_for(sample.minutes),
        made_at=sample.now,
        wish=wish,
        earliest=wish - either_side,
        latest=wish + either_side,
    )
    shown = show.appointment(park, appointment)
    cancelled = show.appointment(park, replace(appointment, state=AppointmentState.CANCELLED))
    asked = {
        "plate": PLATE,
        "carrier": sample.carrier,
        "warehouse": sample.warehouse,
        "cargo_kind": sample.cargo_kind,
        "wish": park.grid.start_of(sample.day, sample.slot),
    }
    where = {"appointment_id": appointment.id}
    return {
        "request_appointment": Example(shown, asked),
        "request_appointments": Example(
            _one_created(appointment.id), {"appointments": [asked | {"plate": "浙B12346", "waitlist": True}]}
        ),
        "list_appointments": Example(
            show.page([shown], None), parameters={"warehouse": sample.warehouse, "day": sample.day, "limit": 50}
        ),
        "get_appointment": Example(shown, parameters=where),
        "cancel_appointment": Example(cancelled, parameters=where),
        "confirm_appointment": Example(shown, parameters=where),
        "amend_appointment": Example(shown, {"plate": PLATE}, where),
        "move_appointment": Example(shown, {"wish": asked["wish"]}, where),
        "accept_move": Example(shown, parameters=where),
        "refuse_move": Example(shown, parameters=where),
        **_about_the_gate(park, appointment),
        **_about_closures(park, appointment),
        **_about_series(park, appointment),
    }


def _about_series(park: Park, appointment: Appointment) -> dict[str, Example]:
    begins = park.grid.start_of(appointment.day, appointment.slot)
    asked = {name: getattr(appointment, name) for name in ("plate", "carrier", "warehouse", "cargo_kind")}
    rule, left_out = "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=12", appointment.day + timedelta(days=7)
    made = Series(id="series-9c31", begins=begins, rule=rule, exdates=(left_out,), made_at=appointment.made_at, **asked)
    occurrence = Occurrence(
        made.id, made.plate, made.carrier, made.warehouse, appointment.day, begins, OccurrenceState.MADE,
        settled_at=appointment.made_at, appointment=appointment.id,
    )  # fmt: skip
    shown, where = show.plain(park, made), {"series_id": made.id}
    ended = shown | {"state": SeriesState.ENDED}
    listed = {"limit": 50}
    record = CarrierRecord(kept=90, no_shows=8, late_cancels=4, peak=35)
    monday = monday_of(appointment.day)
    week = WeekEarned(monday, is_final=True, earned=earned(record, 7, Earning()))
    promised = Overbooked(appointment.dock_group, 10, 12.5, 12, 13, 1.083, 3.1)
    return {
        "get_allowance": Example(show.allowance(park, made.carrier, [week]), parameters={"carrier": made.carrier})
        if made.carrier in park.enterprise_by_id
        else Example({"carrier": made.carrier, "quota": None, "daily_quota": None, "group": None, "weeks": []}),
        "get_overbooking": Example(show.overbooking(park, [promised])),
        "make_series": Example(shown, asked | {"begins": begins, "rule": rule, "exdates": [left_out]}),
        "list_series": Example(show.page([shown], None), parameters={"carrier": made.carrier, **listed}),
        "get_series": Example(shown, parameters=where),
        "list_occurrences": Example(show.page([show.plain(park, occurrence)], None), parameters=where | listed),
        "except_days": Example(shown, {"exdates": [left_out]}, where),
        "end_series": Example(ended, parameters=where),
    }


def _about_closures(park: Park, appointment: Appointment) -> dict[str, Example]:
    begins = park.grid.start_of(appointment.day, appointment.slot)
    asked = {
        "kind": ClosureKind.DOCK_GROUP,
        "target": appointment.dock_group,
        "begins": begins,
        "ends": begins + timedelta(hours=2),
        "reason": "burst pipe",
        "closed": 1,
    }
    closure = Closure(id="closure-4b7d", made_at=appointment.made_at, job="replan-4b7d", **asked)  # type: ignore[arg-type]
    told = {"appointment": appointment.id, "came_of_it": "moved", "was": begins, "now": begins + timedelta(hours=2)}
    outcome = {"closure": closure.id, "moved": 1, "waitlisted": 0, "cancelled": 0, "left": 0, "named": [told]}
    job = Job(closure.job, "replan", {"closure": closure.id}, JobState.SUCCEEDED, appointment.made_at, result=outcome)
    shown = show.closure(park, closure, None)
    cancelled = show.closure(park, replace(closure, state=ClosureState.CANCELLED), None)
    moved = replace(
        appointment,
        slot=appointment.slot + 8,
        moves=1,
        moved=promises.Moved(appointment.day, appointment.slot, appointment.gate, closure.reason),
        displaced_by=closure.id,
        reason=closure.reason,
    )
    accepted = show.appointment(park, replace(moved, displaced_by=None))
    refused = show.appointment(park, replace(moved, state=AppointmentState.CANCELLED))
    waits = show.appointment(park, replace(appointment, state=AppointmentState.WAITLISTED, expires_at=begins))
    where, of_appointment = {"closure_id": closure.id}, {"appointment_id": appointment.id}
    return {
        "make_closure": Example(shown, asked),
        "list_closures": Example(show.page([shown], None), parameters={"limit": 50}),
        "get_closure": Example(show.closure(park, closure, job), parameters=where),
        "cancel_closure": Example(cancelled, parameters=where),
        "accept_change": Example(accepted, parameters=of_appointment),
        "refuse_change": Example(refused, {"waitlist": False}, of_appointment),
        "list_waitlist": Example(show.page([waits], None), parameters={"day": appointment.day, "limit": 50}),
    }


def _about_the_gate(park: Park, appointment: Appointment) -> dict[str, Example]:
    begins = park.grid.start_of(appointment.day, appointment.slot)
    eta = begins + timedelta(minutes=50)
    offer = MoveOffer(appointment.day, appointment.slot + 4, appointment.gate, begins, "expected 50 minutes late")
    inside = replace(
        appointment,
        state=AppointmentState.CHECKED_IN,
        lane=Lane.BOOKED,
        arrived_at=begins - timedelta(minutes=10),
        checked_in_at=begins - timedelta(minutes=2),
    )
    at_dock = replace(inside, state=AppointmentState.AT_DOCK, dock_started_at=begins)
    finished = begins + timedelta(minutes=25)
    completed = replace(at_dock, state=AppointmentState.COMPLETED, dock_finished_at=finished)
    walked_in = replace(inside, source=Source.WALK_IN, lane=Lane.WALK_IN)
    shown = show.appointment(park, inside)
    where = {"appointment_id": appointment.id}
    key = PassKey(bytes(32))
    text = key.sign(pass_of(park, appointment, 1))
    comes = {"plate": appointment.plate, "gate": appointment.gate}
    asked = {name: getattr(appointment, name) for name in ("plate", "carrier", "warehouse", "cargo_kind", "gate")}
    return {
        "report_eta": Example(
            show.appointment(park, replace(appointment, eta=eta, offer=offer)), {"eta": eta}, parameters=where
        ),
        "get_gate_key": Example(show.gate_key(key)),
        "get_dock_queue": Example({"items": [shown]}, parameters={"warehouse": appointment.warehouse}),
        "sweep": Example({"made": {"expire": 3, "miss": 2}}),
        "note_arrival": Example(show.appointment(park, replace(appointment, arrived_at=inside.arrived_at)), comes),
        "check_in_truck": Example(shown, comes),
        "admit_walk_in": Example(show.appointment(park, walked_in), asked),
        "check_out_truck": Example(show.appointment(park, replace(completed, left_at=finished)), comes),
        "check_in_self": Example(shown, parameters=where),
        "start_dock": Example(show.appointment(park, at_dock), parameters=where),
        "finish_dock": Example(show.appointment(park, completed), parameters=where),
        "get_pass": Example({"appointment": appointment.id, "pass": text}, parameters=where),
        "get_pass_png": Example("(a picture)", parameters=where),
        "get_pass_svg": Example("<svg/>", parameters=where),
    }


def _about_visits(park: Park, sample: Sample) -> dict[str, Example]:
    wish = park.grid.start_of(sample.day, sample.slot)
    visit = Visit(
        id="visit-27c1",
        plate=PLATE,
        carrier=sample.carrier,
        warehouse=sample.warehouse,
        dock_kind=sample.dock_kind,
        cargo_kind=sample.cargo_kind,
        minutes=sample.minutes,
        wish=wish,
        earliest=wish,
        latest=wish + timedelta(hours=3),
        requested_at=sample.now,
    )
    shown = show.visit(park, VisitSeen(visit, is_open=True))
    given = ("id", "plate", "carrier", "warehouse", "cargo_kind", "wish", "earliest", "latest")
    asked = {name: shown[name] for name in given}
    return {
        "post_visit": Example(shown, asked),
        "post_visits": Example(_one_created("visit-27c2"), {"visits": [asked | {"id": "visit-27c2"}]}),
        "list_visits": Example(show.page([shown], None), parameters={"day": sample.day, "limit": 50}),
        "get_visit": Example(shown, parameters={"visit_id": visit.id}),
    }


def _about_loads(park: Park, sample: Sample) -> dict[str, Example]:
    begins = park.grid.start_of(sample.day, sample.slot)
    load = Load(
        id="load-81d3",
        enterprise=sample.carrier,
        cargo_kind=sample.cargo_kind,
        origin=sample.place,
        destination=sample.warehouse,
        earliest=begins,
        latest=begins + timedelta(hours=2),
        due=begins + timedelta(hours=6),
        load_minutes=20,
        unload_minutes=sample.minutes,
        price=park.rules.drop_cost,
    )
    shown = show.load(park, LoadRecord(load, LoadState.POSTED, sample.now))
    withdrawn = show.load(park, LoadRecord(load, LoadState.WITHDRAWN, sample.now))
    history = tuple(
        Moved(state, sample.now + timedelta(minutes=minutes))
        for state, minutes in ((LoadState.OFFERED, 0), (LoadState.ACCEPTED, 2), (LoadState.AT_PICKUP, 90))
    )
    on_way = replace(load, id="load-81d5")
    taken = LoadRecord(on_way, LoadState.AT_PICKUP, sample.now, "round-71b2-浙B12345", PLATE, sample.carrier, 46)
    given = ("id", "enterprise", "cargo_kind", "origin", "destination", "earliest", "latest", "due")
    asked = {name: shown[name] for name in (*given, "load_minutes", "unload_minutes")}
    lists = {"blocked": [], "allowed": [sample.carrier]}
    return {
        "post_load": Example(shown, asked),
        "post_loads": Example(_one_created("load-81d4"), {"loads": [asked | {"id": "load-81d4"}]}),
        "list_loads": Example(show.page([shown], None), parameters={"state": "posted", "limit": 50}),
        "get_load": Example(shown, parameters={"load_id": load.id}),
        "withdraw_load": Example(withdrawn, parameters={"load_id": load.id}),
        "progress_load": Example(
            show.load(park, replace(taken, history=history)), {"state": "at_pickup"}, {"load_id": on_way.id}
        ),
        "get_carriers": Example(_listed(sample), parameters={"enterprise": sample.carrier}),
        "set_carriers": Example(_listed(sample), lists, {"enterprise": sample.carrier}),
    }


def _listed(sample: Sample) -> dict[str, Any]:
    return {"enterprise": sample.carrier, "blocked": [], "allowed": [sample.carrier]}


def _about_offers(park: Park, sample: Sample) -> dict[str, Example]:
    begins = park.grid.start_of(sample.day, sample.slot)
    match = Match(
        id=f"round-71b2-{PLATE}",
        plate=PLATE,
        plan="round-71b2",
        day=sample.day,
        loads=(MatchedLoad("load-81d3", begins, begins + timedelta(minutes=50), 58),),
        empty_km=12,
        loaded_km=58,
        state=MatchState.OFFERED,
        carrier=sample.carrier,
    )
    record = MatchRecord(match, sample.now, sample.now + timedelta(minutes=10))
    soon = sample.now + timedelta(minutes=2)

    def answered(state: MatchState, reason: str = "", appointments: tuple[str, ...] = ()) -> dict[str, Any]:
        after = replace(match, state=state)
        return show.offer(
            park, replace(record, match=after, answered_at=soon, reason=reason, appointments=appointments)
        )

    where, reason = {"offer_id": match.id}, "The driver's hours end before."
    held = ("collect-load-81d3", "deliver-load-81d3")
    return {
        "list_offers": Example(
            show.page([show.offer(park, record)], None), parameters={"truck": PLATE, "state": "offered", "limit": 50}
        ),
        "get_offer": Example(show.offer(park, record), parameters=where),
        "accept_offer": Example(answered(MatchState.ACCEPTED, appointments=held), parameters=where),
        "decline_offer": Example(answered(MatchState.DECLINED, reason), {"reason": reason}, where),
        "hand_back_offer": Example(answered(MatchState.HANDED_BACK, reason, held), {"reason": reason}, where),
    }


def _about_exceptions(park: Park, sample: Sample) -> dict[str, Example]:
    said = "Two pallets are wet."
    reported = LoadException(
        id="exception-40c9",
        load="load-81d3",
        kind=ExceptionKind.DAMAGE,
        reported_by=f"enterprise:{sample.carrier}",
        enterprise=sample.carrier,
        plate=PLATE,
        carrier=sample.carrier,
        owner=f"enterprise:{sample.carrier}",
        state=ExceptionState.OPEN,
        opened_at=sample.now,
        deadline=sample.now + timedelta(hours=24),
        notes=(Note(sample.now, f"enterprise:{sample.carrier}", ExceptionState.OPEN, said),),
    )
    note = Note(sample.now, f"enterprise:{sample.carrier}", ExceptionState.RESOLVED, "Paid for.")
    resolved = replace(reported, state=ExceptionState.RESOLVED, notes=(*reported.notes, note))
    shown, where = show.exception(park, reported), {"exception_id": reported.id}
    return {
        "report_exception": Example(shown, {"load": reported.load, "kind": "damage", "text": said}),
        "list_exceptions": Example(show.page([shown], None), parameters={"state": "open", "limit": 50}),
        "get_exception": Example(shown, parameters=where),
        "progress_exception": Example(show.exception(park, resolved), {"state": "resolved", "text": note.text}, where),
    }


def _about_trucks(park: Park, sample: Sample) -> dict[str, Example]:
    free_from = park.grid.start_of(sample.day, sample.slot)
    truck = Truck(
        plate=PLATE,
        carrier=sample.carrier,
        kind=sample.truck_kind,
        home=sample.place,
        free_at=sample.warehouse,
        free_from=free_from,
        home_by=free_from + timedelta(hours=10),
    )
    shown = show.truck(park, truck)
    chain = Match(
        id="match-3",
        plate=PLATE,
        plan="plan-9a40",
        day=sample.day,
        loads=(MatchedLoad("load-81d3", free_from),),
        empty_km=12,
        loaded_km=58,
    )
    return {
        "announce_truck": Example(
            shown, {name: value for name, value in shown.items() if name != "plate"}, {"plate": PLATE}
        ),
        "list_trucks": Example(show.page([shown], None), parameters={"limit": 50}),
        "get_truck": Example(shown, parameters={"plate": PLATE}),
        "list_matches": Example(show.page([show.match(park, chain)], None), parameters={"truck": PLATE}),
    }


def _about_plans(park: Park, sample: Sample) -> dict[str, Example]:
    asked = {"day": sample.day, "seconds": 30, "seed": 1}
    queued = Job("plan-9a40", "plan", {**asked, "day": sample.day.isoformat()}, JobState.QUEUED, sample.now)
    news = ProgressEntry(sample.now, {"seconds": 4.2, "stage": "slots", "cost": 41200, "bound": 40950})
    running = replace(queued, state=JobState.RUNNING, attempt=1, started_at=sample.now, progress=(news,))
    cancelled = replace(queued, state=JobState.CANCELLED, finished_at=sample.now)
    where = {"plan_id": queued.id}
    wish, given = (park.grid.start_of(sample.day, slot) for slot in (sample.slot, sample.slot + 2))
    docks = f"dock group {sample.dock_group}"
    named = f"{docks} {park.slot_text(sample.slot)}"
    worth = {"resource": named, "worth": 2, "exact": False, "cost_before": 41200, "cost_after": 41198, "decided": 120}
    full = {"resource": docks, "slots": [park.slot_text(sample.slot)], "limit": 2, "frozen": False, "visits": []}
    explained = {
        "visit": "visit-31c0",
        "plate": PLATE,
        "warehouse": sample.warehouse,
        "wish": wish,
        "starts_at": given,
        "moved_minutes": 2 * park.grid.slot_minutes,
        "frozen": False,
        "may_start": True,
        "free": [],
        "better": [{"starts_at": wish, "saving": 2, "full": [full]}],
        "anyway": None,
        "anyway_saving": 0,
        "with_one_more": [{"resource": named, "starts_at": wish, "saving": 2, "kept": False, "worth": worth}],
    }
    return {
        "start_plan": Example(show.plan(park, queued), asked),
        "list_plans": Example(show.page([show.plan(park, running)], None), parameters={"limit": 50}),
        "get_plan": Example(show.plan(park, running), parameters=where),
        "cancel_plan": Example(show.plan(park, cancelled), parameters=where),
        "explain_plan": Example(
            {
                "plan": queued.id,
                "day": sample.day,
                "visits": 9120,
                "unplaced": 4,
                "moved": 611,
                "cost": 41200,
                "binding": 803,
                "examined": 240,
                "scarcest": [worth],
                "dock_groups": [],
                "explained": [explained],
            },
            parameters=where | {"seconds": 3},
        ),
        "explain_visit": Example(
            {"plan": queued.id, "day": sample.day, **explained},
            parameters=where | {"visit_id": "visit-31c0", "seconds": 3},
        ),
    }


def _about_scenarios(park: Park, sample: Sample) -> dict[str, Example]:
    closed = {"kind": "lane_closed", "gate": sample.gate, "lane": 1, "from": "09:00", "to": "11:00"}
    asked = {"day": sample.day, "changes": [closed], "policy": "none", "replications": 20, "seed": 1, "seconds": 20}
    arguments = {**asked, "day": sample.day.isoformat()}
    queued = Job("scenario-51d0", "simulate", arguments, JobState.QUEUED, sample.now)
    news = ProgressEntry(sample.now, {"stage": "changed", "replications": 10, "done": 0.78})
    running = replace(queued, state=JobState.RUNNING, attempt=1, started_at=sample.now, progress=(news,))
    cancelled = replace(queued, state=JobState.CANCELLED, finished_at=sample.now)
    where = {"scenario_id": queued.id}
    applied = Applied(("plan-9a40-v1",), {"plan-9a40-v2": "it is checked_in"})
    table = "measure,baseline mean,baseline half_width\nturn_minutes,48.1,0.4\n"
    return {
        "start_scenario": Example(show.scenario(park, queued), asked),
        "list_scenarios": Example(show.page([show.scenario(park, running)], None), parameters={"limit": 50}),
        "get_scenario": Example(show.scenario(park, running), parameters=where),
        "watch_scenario": Example(
            {"id": "7", "event": "progress", "data": '{"stage": "changed", "done": 0.78}'}, parameters=where
        ),
        "get_scenario_csv": Example(table, parameters=where),
        "cancel_scenario": Example(show.scenario(park, cancelled), parameters=where),
        "apply_scenario": Example(show.applied(queued.id, "ask", applied), {"consent": "ask"}, where),
    }


def _about_matching_rounds(park: Park, sample: Sample) -> dict[str, Example]:
    asked = {"ahead_minutes": 60}
    queued = Job("round-71b2", "match", asked, JobState.QUEUED, sample.now)
    running = replace(queued, state=JobState.RUNNING, attempt=1, started_at=sample.now)
    return {
        "start_matching_round": Example(show.matching_round(park, queued), asked),
        "get_matching_round": Example(show.matching_round(park, running), parameters={"round_id": queued.id}),
    }


def _about_keys(park: Park, sample: Sample) -> dict[str, Example]:
    asked = {"role": Role.ENTERPRISE, "tenant": sample.carrier, "note": "transport management", "days": 365}
    kept = ApiKey(
        id="5f1e0c2a9b7d4e63a811",
        role=Role.ENTERPRISE,
        tenant=sample.carrier,
        carrier="",
        note="transport management",
        sha256="",
        created_at=sample.now,
        expires_at=sample.now + timedelta(days=365),
    )
    shown = show.key(park, kept)
    revoked = show.key(park, replace(kept, revoked_at=sample.now))
    where = {"key_id": kept.id}
    public = SigningKey("7c1f0a93", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", sample.now).public_jwk()  # RFC 8037
    token = {"token": "eyJ...", "token_type": "Bearer", "role": Role.DRIVER, "tenant": PLATE, "carrier": sample.carrier}
    driver = {"role": Role.DRIVER, "tenant": PLATE, "carrier": sample.carrier, "minutes": 15}
    return {
        "issue_token": Example(token | {"expires_at": sample.now + timedelta(minutes=15)}, driver),
        "rotate_signing_keys": Example({"keys": [public]}, {"distrust": False}),
        "get_public_keys": Example({"keys": [public]}),
        "create_key": Example(shown | {"key": f"{api_keys.PREFIX}_{kept.id}_..."}, asked),
        "list_keys": Example(show.page([shown], None), parameters={"limit": 50}),
        "get_key": Example(shown, parameters=where),
        "revoke_key": Example(revoked, parameters=where),
    }


def _about_events(park: Park, sample: Sample) -> dict[str, Example]:
    truck = Truck(PLATE, sample.carrier, sample.truck_kind, sample.place, sample.place, sample.now, sample.now)
    data = orjson.loads(codec.dump(truck))
    event = StoredEvent("1764028800000-0", "TruckAnnounced", data, "operator", sample.now.isoformat())
    items = [shown(park, event, EventForm.PARK, by=event.by)]
    asked = {"after": "0", "limit": 50, "name": event.name, "format": EventForm.PARK}
    return {"list_events": Example({"items": items, "last": event.id, "next": None}, parameters=asked)}


def _about_webhooks(park: Park, sample: Sample) -> dict[str, Example]:
    url, names = "https://tms.example.com/park-events", ("AppointmentConfirmed", "AppointmentMoved")
    hook = Webhook("webhook-9e21", sample.carrier, url, names, EventForm.PARK, is_active=True, created_at=sample.now)
    shown, where = show.webhook(park, hook), {"webhook_id": hook.id}
    event = "1764028800000-0"
    dead = Delivery(f"{hook.id}.{event}", hook.id, event, "{}", sample.now, 10, is_dead=True, error="answered 503")
    return {
        "create_webhook": Example(
            shown | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
            {"enterprise": hook.enterprise, "url": url, "names": names},
        ),
        "rotate_webhook_secret": Example(
            shown | {"former_until": sample.now, "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
            {"grace_minutes": 1440},
            where,
        ),
        "list_webhooks": Example(show.page([shown], None), parameters={"enterprise": hook.enterprise, "limit": 50}),
        "get_webhook": Example(shown, parameters=where),
        "change_webhook": Example(shown | {"is_active": False}, {"is_active": False}, where),
        "delete_webhook": Example(shown, parameters=where),
        "list_dead_letters": Example(show.page([show.dead_letter(park, dead)], None), parameters=where),
        "replay_webhook": Example({"queued": 1}, {"after": "0"}, where),
    }


def _about_reports(park: Park, sample: Sample) -> dict[str, Example]:
    subject = f"truck/{PLATE}"
    deed = Deed(1, "1764028800000-0", sample.now, "operator", "TruckAnnounced", subject, {"plate": PLATE})
    nothing = asdict(measured(park, Happened((sample.day,), (), (), {}), GroupBy.HOUR)[-1])
    figures = nothing | {"visits": 41, "completed": 40, "on_time_share": 0.95, "turn_minutes_mean": 52.5}
    asked = {"day": sample.day, "days": 1, "by": GroupBy.HOUR}
    shown = {"by": GroupBy.HOUR, "first": sample.day, "last": sample.day}
    return {
        "read_audit": Example(show.page([show.deed(park, deed)], None), parameters={"by": "operator", "limit": 50}),
        "read_kpis": Example(shown | {"groups": [figures | {"group": "09:00"}], "whole": figures}, parameters=asked),
    }


def _about_the_service() -> dict[str, Example]:
    kind = KINDS[GateFull.code]
    text = {"type": kind.type, "title": kind.title, "status": kind.status, "advice": kind.advice}
    return {
        "get_health": Example({"status": "ok"}),
        "get_readiness": Example({"status": "ready"}),
        "get_metrics": Example("parkdispatch_bookings_made_total 1280.0\n"),
        "get_problem": Example(text, parameters={"code": kind.code}),
    }


def _one_created(identity: str) -> dict[str, Any]:
    row = {"row": 0, "status": "created", "id": identity, "state": None, "problem": None}
    return {"created": 1, "refused": 0, "rows": [row]}
