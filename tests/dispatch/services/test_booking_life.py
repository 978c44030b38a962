"""Whatever order bookings and cancellations come in, the counters say what the appointments say."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from dispatch.model.park import Hours
from dispatch.model.promises import AppointmentState
from dispatch.model.refusals import NotAllowedNow, Refusal, TruckBusy
from dispatch.services import appointments
from dispatch.services.appointments import AppointmentDraft, AppointmentFilter
from dispatch.services.desk import Desk, PageAsked
from tests.api.tiny import DAY, NOW, ZONE, plate, tiny_park

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NINE = datetime(2026, 11, 25, 9, 0, tzinfo=ZONE)
TRUCKS = 12


def draft(rng):
    """A wish in a narrow hour, by one of few trucks, so that every kind of resource runs out."""
    wish = NINE + timedelta(minutes=15 * int(rng.integers(0, 6)))
    half = timedelta(minutes=15 * int(rng.integers(0, 3)))
    return AppointmentDraft(
        plate=plate(int(rng.integers(0, TRUCKS))),
        carrier=str(rng.choice(["c1", "c2"])),
        warehouse="w1",
        cargo_kind=str(rng.choice(["frozen", "import"])),
        wish=wish,
        earliest=wish - half,
        latest=wish + half,
    )


async def book(desk, asked, made):
    """Book and take note; return the refusal, if it was refused."""
    try:
        kept = await appointments.request_appointment(desk, asked, NOW, None)
    except Refusal as refusal:
        return refusal
    made.append(kept.thing.id)
    return None


async def attempt(desk, rng, made, refused):
    if made and rng.random() < 0.35:
        chosen = made[int(rng.integers(0, len(made)))]
        try:
            await appointments.cancel_appointment(desk, chosen, NOW, None)
        except NotAllowedNow:
            return
    else:
        refused.append(await book(desk, draft(rng), made))


@pytest.mark.parametrize("seed", range(6))
async def test_counters_and_appointments_agree_after_any_mix_of_booking_and_cancelling(store, seed):
    rng = np.random.default_rng(seed)
    park = tiny_park(docks=3)
    desk = Desk(park, store)
    made, refused = [], []

    for _ in range(12):
        await asyncio.gather(*(attempt(desk, rng, made, refused) for _ in range(12)))

    listed = await appointments.list_appointments(desk, AppointmentFilter(), PageAsked(None, 200))
    held = [each for each in listed.things if each.state is AppointmentState.CONFIRMED]
    assert sorted(each.id for each in listed.things) == sorted(made)
    await check(desk, "dock", Counter((a.dock_group, t) for a in held for t in range(a.slot, a.slot + a.slots)), 3)
    await check(desk, "gate", Counter((a.gate, a.slot) for a in held), 5)
    await check(desk, "carrier", Counter((a.carrier, a.slot) for a in held), None)
    await check(desk, "truck", Counter((a.plate, t) for a in held for t in range(a.slot, a.slot + a.slots + 1)), 1)
    assert max(Counter(a.slot for a in held if a.carrier == "c2").values(), default=0) <= 2
    assert any(refused)
    for refusal in filter(None, refused):
        assert refusal.resource
        assert len(refusal.alternatives) == 3


async def check(desk, kind, expected, limit):
    """Assert that the counters of a kind hold exactly what is expected, and nothing above the limit."""
    names = {
        "dock": ["w1-container", "w1-reefer"],
        "gate": ["east", "west"],
        "carrier": ["c1", "c2"],
        "truck": [plate(number) for number in range(TRUCKS)],
    }[kind]
    taken = await desk.store.taken([getattr(desk.keys, kind)(name, DAY) for name in names])
    found = {(name, int(slot)): count for name, row in zip(names, taken, strict=True) for slot, count in row.items()}
    assert found == dict(expected)
    assert limit is None or all(count <= limit for count in found.values())


async def test_a_truck_whose_turn_passes_midnight_is_busy_in_the_first_slot_of_the_next_day(store):

    park = tiny_park()
    night = Hours("00:00", "24:00")
    park = replace(
        park,
        gates=tuple(replace(gate, hours=night) for gate in park.gates),
        warehouses=tuple(replace(warehouse, hours=night) for warehouse in park.warehouses),
    )
    desk = Desk(park, store)
    last, first = (datetime(2026, 11, 25, 23, 45, tzinfo=ZONE) + timedelta(minutes=15 * i) for i in (0, 1))

    def ask(wish):
        return AppointmentDraft(plate(1), "c1", "w1", "frozen", wish, earliest=wish, latest=wish)

    await appointments.request_appointment(desk, ask(last), NOW, None)
    with pytest.raises(TruckBusy):
        await appointments.request_appointment(desk, ask(first), NOW, None)
    await appointments.request_appointment(desk, ask(first + timedelta(days=1)), NOW, None)
    with pytest.raises(TruckBusy):
        await appointments.request_appointment(desk, ask(last + timedelta(days=1)), NOW, None)
