"""Trucks come: drivers change their minds or say that they are late; gates let trucks in, warehouses handle them.

Gates and docks are what they are outside: a lane takes its seconds for each truck, a dock is free or not. That is where
queues come from; the service is told of them as gates and warehouses would.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from api.driving.callers import Who, in_path, reason_of
from api.driving.connections import Answer
from api.driving.drive import Document, Drive
from dispatch.model.callers import Role
from dispatch.model.park import Gate
from dispatch.model.refusals import TooEarly, TruckBusy
from simulations.driving import habits
from simulations.driving.habits import Change, CheckIn, Coming, How

Place = tuple[str, int, str, str]
GATE_TRIES = 4
GATE_WAIT = timedelta(minutes=5)  # at least, until a truck that came too early, or should be in the park, tries again
OUT_WAIT = timedelta(minutes=5)  # until it is looked again whether a truck has left after its last visit
NEW_PLATE = "浙C{:05d}"
CONFIRMED = "confirmed"


def place_of(appointment: Document) -> Place:
    """Return where and when an appointment is, and for which truck: what a changed one is known by."""
    return appointment["day"], appointment["slot"], appointment["gate"], appointment["plate"]


@dataclass(slots=True)
class Lanes:
    """The entry lanes of a gate: each takes one truck at a time, and a closure shuts none of them."""

    gate: Gate
    free_at: list[datetime] = field(default_factory=list)

    def pass_one(self, now: datetime) -> datetime:
        """Return when a truck that joins the queue now is at the head of it and served."""
        if not self.free_at:
            self.free_at = [now] * max(1, self.gate.entry_lanes)
        begins = max(now, heapq.heappop(self.free_at))
        served = begins + timedelta(seconds=self.gate.seconds_per_truck)
        heapq.heappush(self.free_at, served)
        return served


@dataclass(slots=True)
class Docks:
    """The docks of a group: who waits before them, in the order in which they came, and how many are at work."""

    docks: int
    warehouse: str
    waiting: dict[str, Coming] = field(default_factory=dict)
    busy: int = 0


class Trucks:
    """Follows every confirmed appointment to its end."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._expected: dict[str, Place] = {}  # by appointment: the place for which its coming is put down
        self._lanes = {gate.id: Lanes(gate) for gate in drive.park.gates}
        self._docks = {
            group.id: Docks(group.docks, warehouse.id)
            for warehouse in drive.park.warehouses
            for group in warehouse.dock_groups
        }
        self._drive_minutes = {
            warehouse.id: drive.park.zone_by_id[warehouse.zone].drive_minutes for warehouse in drive.park.warehouses
        }
        self._again: defaultdict[str, int] = defaultdict(int)
        self._inside: set[str] = set()  # plates: who is in the park, or before its gate, cannot come to it
        self._told_eta: dict[str, datetime] = {}  # by appointment: when its truck said it will come

    def begin(self) -> None:
        """Put down the trucks that come without an appointment."""
        for asking in self._drive.script.askings:
            if asking.how is How.WALK_IN:
                body = {
                    "plate": asking.visit.plate,
                    "carrier": asking.visit.carrier,
                    "warehouse": asking.visit.warehouse,
                    "cargo_kind": asking.visit.cargo_kind,
                    "minutes": asking.visit.minutes,
                }
                self._drive.agenda.at(asking.at, self._walk_in, body)

    def expect(self, appointment: Document) -> None:
        """Put down how the truck of a confirmed appointment comes, once for each place it is given."""
        identity, place = appointment["id"], place_of(appointment)
        if appointment["state"] != CONFIRMED or self._expected.get(identity) == place:
            return
        is_new = identity not in self._expected
        self._expected[identity] = place
        coming, starts, eta = self._coming(appointment), self._starts_at(appointment), self._told_eta.get(identity)
        agenda = self._drive.agenda
        if eta is not None:
            agenda.at(eta, self._arrive, identity, place, coming)
            return
        if is_new and coming.change is not Change.NONE and appointment["match"] is None:
            agenda.at(starts - timedelta(minutes=coming.change_minutes), self._change, identity, coming)
        if coming.told_minutes is not None and coming.late_minutes is not None:
            agenda.at(starts - timedelta(minutes=coming.told_minutes), self._tell, identity, place, coming)
        if coming.late_minutes is None:
            self._drive.counts["does not come"] += is_new
            return
        agenda.at(starts + timedelta(minutes=coming.late_minutes), self._arrive, identity, place, coming)

    # before it comes

    async def _change(self, identity: str, coming: Coming) -> None:
        appointment = self._drive.appointments[identity]
        if appointment["state"] != CONFIRMED:
            return
        who, path = self._drive.driver(appointment), f"/v1/appointments/{in_path(identity)}"
        rng = self._drive.dice("change", appointment["plate"], appointment["wish"])
        match coming.change:
            case Change.CANCEL:
                await self._drive.callers.post(who, "cancel_appointment", f"{path}/cancel")
            case Change.MOVE:
                wish = self._starts_at(appointment) + timedelta(minutes=15 * int(rng.integers(-12, 13)))
                soonest = self._drive.clock() + timedelta(minutes=self._drive.park.rules.lead_minutes)
                await self._drive.callers.post(who, "move_appointment", f"{path}/move", {"wish": max(wish, soonest)})
            case Change.PLATE:
                owner = Who(Role.ENTERPRISE, appointment["carrier"])
                await self._amend(owner, path, {"plate": NEW_PLATE.format(int(rng.integers(100_000)))})
            case _:
                await self._amend(who, path, {"minutes": int(rng.integers(15, 90))})

    async def _amend(self, who: Who, path: str, body: Document) -> None:
        await self._drive.callers.ask(who, "amend_appointment", "PATCH", path, body)

    async def _tell(self, identity: str, place: Place, coming: Coming) -> None:
        """Say when a truck that is held up will come; answer the slot it is offered in place of its own."""
        appointment = self._drive.appointments[identity]
        if not self._is_still(appointment, place) or coming.late_minutes is None:
            return
        drive, path = self._drive, f"/v1/appointments/{in_path(identity)}"
        eta = max(drive.clock(), self._starts_at(appointment) + timedelta(minutes=coming.late_minutes))
        self._told_eta[identity] = eta
        who = drive.driver(appointment)
        answer = await drive.callers.post(who, "report_eta", f"{path}/eta", {"eta": eta.isoformat()})
        if not answer.is_good or answer.document["offer"] is None:
            return
        rng = drive.dice("eta", appointment["plate"], identity)
        said = habits.one_of(rng, habits.MOVE_OFFER)
        drive.counts[f"offered a slot it can meet: {said}"] += 1
        if said is not habits.Answer.SILENCE:
            what = "accept" if said is habits.Answer.ACCEPT else "refuse"
            wait = timedelta(minutes=int(rng.integers(0, 6)))
            drive.agenda.at(drive.clock() + wait, drive.callers.post, who, f"{what}_move", f"{path}/offer/{what}")

    # at the gate

    async def _arrive(self, identity: str, place: Place, coming: Coming) -> None:
        """Join the queue before the gate; a truck whose appointment was moved meanwhile comes to that one."""
        appointment = self._drive.appointments[identity]
        if not self._is_still(appointment, place):
            return
        if appointment["plate"] in self._inside:
            self._drive.agenda.at(self._drive.clock() + OUT_WAIT, self._arrive, identity, place, coming)
            return
        if coming.check_in is CheckIn.SELF and await self._check_in_self(appointment, coming):
            return
        body = await self._shown(appointment, coming)
        gate = Who(Role.GATE, appointment["gate"])
        answer = await self._drive.callers.post(gate, "note_arrival", "/v1/gate/arrivals", body)
        if not answer.is_good:
            await self._turned_away(appointment, coming, answer)
            return
        self._inside.add(appointment["plate"])
        served = self._lanes[appointment["gate"]].pass_one(self._drive.clock())
        self._drive.agenda.at(served, self._check_in, identity, body, coming)

    async def _check_in_self(self, appointment: Document, coming: Coming) -> bool:
        who = Who(Role.DRIVER, appointment["plate"], appointment["carrier"])
        path = f"/v1/appointments/{in_path(appointment['id'])}/check-in"
        answer = await self._drive.callers.post(who, "check_in_self", path)
        if answer.is_good:
            self._let_in(answer.document, coming)
        return answer.is_good

    async def _shown(self, appointment: Document, coming: Coming) -> Document:
        """Return what the gate reads: the pass its driver has on his telephone, or the plate."""
        if coming.check_in is not CheckIn.PASS:
            return {"plate": appointment["plate"]}
        path = f"/v1/appointments/{in_path(appointment['id'])}/pass"
        answer = await self._drive.callers.get(self._drive.driver(appointment), "get_pass", path)
        return {"pass": answer.document["pass"]} if answer.is_good else {"plate": appointment["plate"]}

    async def _check_in(self, identity: str, body: Document, coming: Coming) -> None:
        appointment = self._drive.appointments[identity]
        gate = Who(Role.GATE, appointment["gate"])
        answer = await self._drive.callers.post(gate, "check_in_truck", "/v1/gate/check-ins", body)
        if answer.is_good:
            self._let_in(answer.document, coming)
            return
        reason = reason_of(answer.document)
        if reason in (TooEarly.code, TruckBusy.code) and self._again[identity] < GATE_TRIES:
            self._again[identity] += 1
            opens = self._starts_at(appointment) - timedelta(minutes=self._drive.park.rules.early_grace_minutes)
            again_at = max(opens, self._drive.clock() + GATE_WAIT)
            self._drive.agenda.at(again_at, self._check_in, identity, body, coming)
        else:
            await self._turned_away(appointment, coming, answer)

    async def _turned_away(self, appointment: Document, coming: Coming, answer: Answer) -> None:
        self._drive.counts[f"turned away: {reason_of(answer.document)}"] += 1
        self._inside.discard(appointment["plate"])
        if coming.walks_in:
            await self._walk_in({name: appointment[name] for name in ("plate", "carrier", "warehouse", "cargo_kind")})

    async def _walk_in(self, body: Document) -> None:
        """Ask at the gate to be let in into what is free now."""
        warehouse = self._drive.park.warehouse_by_id[body["warehouse"]]
        gate = Who(Role.GATE, self._drive.park.zone_by_id[warehouse.zone].gate)
        answer = await self._drive.callers.post(gate, "admit_walk_in", "/v1/gate/walk-ins", body, creates=True)
        if answer.is_good:
            self._drive.counts["walked in"] += 1
            self._let_in(answer.document, self._coming(answer.document))

    # in the park

    def _let_in(self, appointment: Document, coming: Coming) -> None:
        self._drive.counts["let in"] += 1
        self._inside.add(appointment["plate"])
        self._go_to(appointment, 0, coming)

    def _go_to(self, appointment: Document, number: int, coming: Coming) -> None:
        """Drive on to a dock, the first or that of a later stop."""
        stop = _stop(appointment, number)
        there = self._drive.clock() + timedelta(minutes=self._drive_minutes[stop["warehouse"]])
        self._drive.agenda.at(there, self._queue_at_dock, appointment, number, coming)

    async def _queue_at_dock(self, appointment: Document, number: int, coming: Coming) -> None:
        stop = _stop(appointment, number)
        self._docks[stop["dock_group"]].waiting[appointment["id"]] = coming
        await self._call_next(stop["dock_group"])

    async def _call_next(self, group: str) -> None:
        """Begin with whoever is due first, while docks are free; the service knows the order."""
        docks = self._docks[group]
        while docks.waiting and docks.busy < docks.docks:
            docks.busy += 1
            identity = next(iter(docks.waiting))
            if len(docks.waiting) > 1:
                identity = await self._first_due(docks) or identity
            coming = docks.waiting.pop(identity, None)
            if coming is None or not await self._start(group, identity, coming):
                docks.busy -= 1

    async def _first_due(self, docks: Docks) -> str | None:
        who = Who(Role.WAREHOUSE, docks.warehouse)
        answer = await self._drive.callers.get(who, "get_dock_queue", "/v1/gate/queue", warehouse=docks.warehouse)
        due = answer.document["items"] if answer.is_good else []
        return next((each["id"] for each in due if each["id"] in docks.waiting), None)

    async def _start(self, group: str, identity: str, coming: Coming) -> bool:
        drive, who = self._drive, Who(Role.WAREHOUSE, self._docks[group].warehouse)
        path = f"/v1/appointments/{in_path(identity)}/dock-start"
        answer = await drive.callers.post(who, "start_dock", path)
        if not answer.is_good:
            return False
        number = _at_stop(answer.document)
        booked = _stop(answer.document, number)["slots"] * drive.park.grid.slot_minutes
        done = drive.clock() + timedelta(minutes=max(2.0, booked * coming.handling))
        drive.agenda.at(done, self._finish, group, identity, number, coming)
        return True

    async def _finish(self, group: str, identity: str, number: int, coming: Coming) -> None:
        drive, docks = self._drive, self._docks[group]
        path = f"/v1/appointments/{in_path(identity)}/dock-finish"
        answer = await drive.callers.post(Who(Role.WAREHOUSE, docks.warehouse), "finish_dock", path)
        docks.busy -= 1
        if answer.is_good and number < len(answer.document["stops"]):
            self._go_to(answer.document, number + 1, coming)
        elif answer.is_good:
            out = drive.clock() + timedelta(minutes=self._drive_minutes[docks.warehouse])
            drive.agenda.at(out, self._leave, answer.document)
        await self._call_next(group)

    async def _leave(self, appointment: Document) -> None:
        gate = Who(Role.GATE, appointment["gate"])
        body = {"plate": appointment["plate"], "gate": appointment["gate"]}
        answer = await self._drive.callers.post(gate, "check_out_truck", "/v1/gate/check-outs", body)
        self._drive.counts["out again"] += answer.is_good
        self._inside.discard(appointment["plate"])

    # what is known

    def _is_still(self, appointment: Document, place: Place) -> bool:
        return bool(appointment["state"] == CONFIRMED and place_of(appointment) == place)

    def _coming(self, appointment: Document) -> Coming:
        names = ("plate", "warehouse", "load", "wish")
        return habits.draw_coming(self._drive.dice("coming", *(appointment[name] for name in names)))

    def _starts_at(self, appointment: Document) -> datetime:
        return self._drive.park.grid.start_of(date.fromisoformat(appointment["day"]), appointment["slot"])


def _stop(appointment: Document, number: int) -> Document:
    found: Document = appointment if number == 0 else appointment["stops"][number - 1]
    return found


def _at_stop(appointment: Document) -> int:
    """Return the number of the dock an appointment's truck is at: begun with and not finished."""
    places: list[Any] = [appointment, *appointment["stops"]]
    return next(i for i, place in enumerate(places) if place["dock_finished_at"] is None)
