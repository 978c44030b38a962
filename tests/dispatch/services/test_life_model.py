"""Whatever happens to appointments, in whatever order, the service and a model of its own agree on each step, and the
counters are what the appointments take and what the stream says.
"""

import asyncio
import itertools
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatch.model.park import HouseRules
from dispatch.model.promises import Appointment
from dispatch.model.refusals import Refusal
from dispatch.services import appointments, estimates, gate
from dispatch.services.appointments import AppointmentDraft, StopDraft
from dispatch.services.desk import Desk
from dispatch.services.gate import Arrival
from dispatch.services.moving import Changes, amend_appointment
from dispatch.services.sweeping import sweep
from dispatch.store.store import Store
from tests.api.tiny import DAY, ZONE, plate, tiny_park
from tests.dispatch.services.books import assert_books_balance
from tests.dispatch.services.life_model import DOCKS, SLOT, Park

TRUCKS = 4
LAST = 16 * 60  # minutes from midnight; nothing is modelled later
MIDNIGHT = datetime(DAY.year, DAY.month, DAY.day, tzinfo=ZONE)
NAMES = {"w1-reefer": "reefer", "w1-container": "container"}
GOING_ON = {
    "requested": "confirm",
    "confirmed": "check_in",
    "checked_in": "start_dock",
    "at_dock": "finish_dock",
    "completed": "check_out",
}
OUTSIDE = {"requested", "confirmed"}
_runs = itertools.count(1)

aheads = st.integers(0, 9)  # slots from now
trucks = st.integers(0, TRUCKS - 1)
cargoes = st.sampled_from(sorted(DOCKS))
visits = st.integers(0, 30)


def moment(minute: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


async def answered(asked) -> Appointment | Refusal:
    try:
        return (await asked).thing
    except Refusal as refusal:
        return refusal


class LivesAgree(RuleBasedStateMachine):
    """Asks both for each step."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        rules = HouseRules(steer_bookings=False, park_delay_minutes=10**6)  # the park's own delay has tests of its own
        park = replace(tiny_park(docks=1, rules=rules), id=f"life-{next(_runs)}")
        self.desk = Desk(park, Store(self.url, park.id))
        self.model = Park()
        self.ids: list[str] = []

    def teardown(self) -> None:
        self.runner.run(assert_books_balance(self.desk))
        self.runner.run(self.desk.store.close())
        self.runner.close()

    @property
    def now(self) -> datetime:
        return moment(self.model.now)

    def both(self, expected, asked, *, is_new=False) -> None:
        """Assert that the service answers what the model has said."""
        answer = self.runner.run(answered(asked))
        assert (type(answer).__name__ if isinstance(answer, Refusal) else answer.state) == expected
        if is_new and not isinstance(answer, Refusal):
            self.ids.append(answer.id)

    def pick(self, i, states=frozenset(GOING_ON)) -> int:
        """Return a visit: mostly one in the states, for what is refused by its state is soon told."""
        living = [n for n, visit in self.model.visits.items() if visit.state in states]
        return living[i % len(living)] if living and i % 5 else i % len(self.ids)

    def draft(self, truck, cargo, slot, **more) -> AppointmentDraft:
        first, stops = ("frozen", (StopDraft("w1", "import"),)) if cargo == "both" else (cargo, ())
        wish = moment(slot * SLOT)
        return AppointmentDraft(plate(truck), "c1", "w1", first, wish, earliest=wish, latest=wish, stops=stops, **more)

    @rule(truck=trucks, cargo=cargoes, ahead=aheads, hold=st.booleans())
    def book(self, truck, cargo, ahead, hold) -> None:
        slot = self.model.now // SLOT + ahead
        draft = self.draft(truck, cargo, slot, hold=hold)
        expected = self.model.book(truck, cargo, slot, hold=hold)
        self.both(expected, appointments.request_appointment(self.desk, draft, self.now, None), is_new=True)

    @rule(truck=trucks, cargo=st.sampled_from(["frozen", "import"]))
    def walk_in(self, truck, cargo) -> None:
        expected = self.model.walk_in(truck, cargo)
        draft = self.draft(truck, cargo, 36)
        self.both(expected, gate.walk_in(self.desk, draft, Arrival(self.now), None), is_new=True)

    @rule(minutes=st.sampled_from([1, 4, 9, 14, 30]))
    def let_pass(self, minutes) -> None:
        self.wait(minutes)

    def wait(self, minutes) -> None:
        self.model.now = min(self.model.now + minutes, LAST)

    @rule(minutes=st.sampled_from([0, 1, 10, 30]))
    def sweep(self, minutes) -> None:
        self.sweep_after(minutes)

    def sweep_after(self, minutes) -> None:
        self.wait(minutes)
        assert self.runner.run(sweep(self.desk, self.now)) == self.model.sweep()

    @precondition(lambda self: self.ids)
    @rule(i=visits, ahead=aheads)
    def move(self, i, ahead) -> None:
        slot = self.model.now // SLOT + ahead
        i = self.pick(i, OUTSIDE)
        wish = moment(slot * SLOT)
        changes = Changes(wish=wish, earliest=wish, latest=wish)
        expected = self.model.move(i, slot)
        self.both(expected, amend_appointment(self.desk, self.ids[i], changes, self.now, None))

    @precondition(lambda self: self.ids)
    @rule(i=visits, truck=trucks)
    def other_plate(self, i, truck) -> None:
        i = self.pick(i, OUTSIDE)
        expected = self.model.other_plate(i, truck)
        self.both(expected, amend_appointment(self.desk, self.ids[i], Changes(plate=plate(truck)), self.now, None))

    @precondition(lambda self: self.ids)
    @rule(i=visits, minutes=st.integers(0, 120))
    def say_when(self, i, minutes) -> None:
        self.expect(self.pick(i, OUTSIDE), minutes)

    def expect(self, i, minutes) -> None:
        eta = self.model.now + minutes
        expected = self.model.expect(i, eta)
        self.both(expected, estimates.report_eta(self.desk, self.ids[i], moment(eta), self.now, None))

    @precondition(lambda self: self.ids)
    @rule(
        i=visits,
        late=st.integers(31, 90),
        answer=st.sampled_from(["accept", "refuse", "check_in", "cancel", None, None]),
    )
    def be_late(self, i, late, answer) -> None:
        """Say that a truck will be late, which is offered another slot where there is one, and answer that."""
        i = self.pick(i, {"confirmed"})
        self.expect(i, max(self.model.now, self.model.visits[i].begin + late) - self.model.now)
        if answer is not None:
            self.ask(i, answer)

    @precondition(lambda self: self.ids)
    @rule(
        i=visits,
        step=st.sampled_from(
            ["confirm", "cancel", "arrive", "check_in", "start_dock", "finish_dock", "check_out", "accept", "refuse"]
        ),
    )
    def step(self, i, step) -> None:
        self.ask(self.pick(i), step)

    @precondition(lambda self: self.ids)
    @rule(i=visits)
    def go_on(self, i) -> None:
        """Do what comes next in most lives."""
        visit = self.model.visits[i := self.pick(i)]
        if visit.offer:
            self.ask(i, "accept" if i % 2 else "refuse")
        elif visit.state in GOING_ON:
            if visit.state == "confirmed":
                self.model.now = max(self.model.now, min(visit.begin - 20, LAST))
            leaves = visit.state in ("checked_in", "at_dock") and i % 3 == 0
            self.ask(i, "check_out" if leaves else GOING_ON[visit.state])

    def ask(self, i, step) -> None:
        desk, name, now = self.desk, self.ids[i], self.now
        asked = {
            "confirm": lambda: appointments.confirm_appointment(desk, name, now, None),
            "cancel": lambda: appointments.cancel_appointment(desk, name, now, None),
            "arrive": lambda: gate.note_arrival(desk, name, Arrival(now)),
            "check_in": lambda: gate.check_in(desk, name, Arrival(now)),
            "start_dock": lambda: gate.start_dock(desk, name, now),
            "finish_dock": lambda: gate.finish_dock(desk, name, now),
            "check_out": lambda: gate.check_out(desk, name, now),
            "accept": lambda: estimates.accept_offer(desk, name, now, None),
            "refuse": lambda: estimates.refuse_offer(desk, name, now, None),
        }
        self.both(getattr(self.model, step)(i), asked[step]())

    @invariant()
    def both_hold_the_same(self) -> None:
        async def read() -> None:
            for name, visit in zip(self.ids, self.model.visits.values(), strict=True):
                thing = (await appointments.get_appointment(self.desk, name)).thing
                held = (thing.state, thing.plate, thing.excused_minutes, places(thing), offered(thing))
                assert held == (visit.state, plate(visit.plate), visit.excused, visit.places, visit.offer)
            assert await self.counted() == self.model.taken()

        self.runner.run(read())

    async def counted(self) -> Counter[tuple[str, object]]:
        keys = self.desk.keys
        named = {keys.dock(name, DAY): short for name, short in NAMES.items()}
        named |= {keys.truck(plate(truck), DAY): f"truck {truck}" for truck in range(TRUCKS)}
        rows = await self.desk.store.taken([*named, keys.inside()])
        found = Counter(
            {(short, int(t)): n for short, row in zip(named.values(), rows, strict=False) for t, n in row.items()}
        )
        return found + Counter({("inside", int(text[2:])): count for text, count in rows[-1].items()})


def places(thing: Appointment):
    return tuple((NAMES[place.dock_group], place.slot, place.slots) for place in (thing, *thing.stops))


def offered(thing: Appointment):
    if thing.offer is None:
        return ()
    return places(replace(thing, slot=thing.offer.slot, stops=thing.offer.stops))


@pytest.mark.store
def test_the_whole_life_and_its_model_agree(store_url: str) -> None:
    LivesAgree.url = store_url
    machine = LivesAgree.TestCase
    machine.settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    machine().runTest()
