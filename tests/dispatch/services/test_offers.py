"""Offers in the store: an accepted load holds its slots, nobody is asked twice, nothing is given away twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.model.day import CarrierLists, Preferences
from dispatch.model.life import starts_at
from dispatch.model.park import Hours
from dispatch.model.promises import AppointmentState, LoadState, MatchState, Purpose
from dispatch.model.refusals import DocksFull, NotAllowedNow, NotThere, Refusal
from dispatch.services import booking, freight, gate, offers, publication
from dispatch.services.appointments import cancel_appointment, get_appointment
from dispatch.services.books import imbalances
from dispatch.services.desk import Desk, PageAsked
from dispatch.services.gate import Arrival
from dispatch.services.loads import get_load, withdraw_load
from dispatch.services.matching_rounds import match_and_offer
from dispatch.services.offers import OfferFilter
from dispatch.store import codec
from dispatch.store.board import Board, prove
from dispatch.store.commit import Commit, Write
from tests.dispatch.services.test_matching_rounds import NOW, a_round, fill, surroundings
from tests.dispatch.store.small_park import DAY, a_load, a_park, a_truck, a_visit, an_appointment, at, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]

FIRST = f"round-1-{plate(1)}"


@pytest.fixture
def desk(store):
    return Desk(a_park(store.keys.park_id), store)


async def offer_one(desk, *, loads=None, trucks=None):
    await fill(desk.store, loads or [a_load(1)], trucks or [a_truck(1)])
    await match_and_offer(surroundings(desk.store), a_round())


async def appointments_of(desk, offer_id):
    record = (await offers.get_offer(desk, offer_id)).thing
    return [(await get_appointment(desk, each)).thing for each in record.appointments]


async def test_accepting_an_offer_books_its_slots_at_both_warehouses(desk):
    await offer_one(desk)

    kept = await offers.accept_offer(desk, FIRST, NOW)

    assert (kept.thing.match.state, kept.thing.answered_at) == (MatchState.ACCEPTED, NOW)
    pickup, delivery = await appointments_of(desk, FIRST)
    assert (pickup.warehouse, pickup.purpose, pickup.state) == ("W1", Purpose.COLLECT, AppointmentState.CONFIRMED)
    assert (delivery.warehouse, delivery.purpose, delivery.load) == ("W2", Purpose.DELIVER, "L1")
    assert delivery.slot >= pickup.slot + pickup.slots + desk.park.rules.turn_slots
    load = (await get_load(desk, "L1")).thing
    assert (load.state, load.plate, load.taken_by) == (LoadState.ACCEPTED, plate(1), "C1")
    assert load.saved_km == kept.thing.match.saved_km


async def test_an_offer_whose_warehouse_is_full_is_refused_and_stands(desk):
    await offer_one(desk, loads=[a_load(1, earliest=at("08:00"), latest=at("08:30"))])
    full = [an_appointment(f"A{i}", plate=plate(50 + i), slot=32, slots=6) for i in range(2)]
    await desk.store.commit_many([booking.create(desk.park, desk.keys, each) for each in full])

    with pytest.raises(DocksFull, match="dock group W1-box 08:"):
        await offers.accept_offer(desk, FIRST, NOW)

    assert (await offers.get_offer(desk, FIRST)).thing.match.state is MatchState.OFFERED
    await cancel_appointment(desk, "A0", NOW, None)
    assert (await offers.accept_offer(desk, FIRST, NOW)).thing.match.state is MatchState.ACCEPTED


async def test_nobody_is_offered_what_he_could_not_accept(desk):
    await fill(desk.store, [a_load(1, earliest=at("08:00"), latest=at("08:30"))], [a_truck(1)])
    full = [an_appointment(f"A{i}", plate=plate(50 + i), slot=32, slots=6) for i in range(2)]
    await desk.store.commit_many([booking.create(desk.park, desk.keys, each) for each in full])

    result = await match_and_offer(surroundings(desk.store), a_round())

    assert result["offers"] == []
    (refused,) = result["refused"]["named"]
    assert (refused["id"], "dock group W1-box 08:" in refused["reason"]) == (plate(1), True)
    assert (await get_load(desk, "L1")).thing.offered_to == ()


async def test_many_who_accept_one_offer_at_once_accept_it_once(desk):
    await offer_one(desk)

    answers = await asyncio.gather(*(offers.accept_offer(desk, FIRST, NOW) for _ in range(8)), return_exceptions=True)

    assert sum(not isinstance(each, Exception) for each in answers) == 1
    assert all(isinstance(each, NotAllowedNow) for each in answers if isinstance(each, Exception))
    board = Board()
    await prove(desk.store, board)
    assert imbalances(desk.park, desk.keys, board) == []


async def test_an_offer_nobody_answers_expires_and_goes_to_another_truck(desk):
    await offer_one(desk, trucks=[a_truck(1)])
    record = (await offers.get_offer(desk, FIRST)).thing
    assert record.expires_at - NOW == timedelta(seconds=90)  # its loading begins within the hour

    assert not await offers.expire_offer(desk, FIRST, record.expires_at - timedelta(seconds=1))
    assert await offers.expire_offer(desk, FIRST, record.expires_at)
    with pytest.raises(NotAllowedNow, match="is expired"):
        await offers.accept_offer(desk, FIRST, record.expires_at)
    await fill(desk.store, [], [a_truck(2)])
    again = await match_and_offer(surroundings(desk.store), a_round("round-2"))

    assert again["offers"] == [f"round-2-{plate(2)}"]


async def test_an_answer_after_the_expiry_is_refused_before_any_sweep_has_come(desk):
    await offer_one(desk)

    with pytest.raises(NotAllowedNow, match="was open until"):
        await offers.accept_offer(desk, FIRST, NOW + timedelta(seconds=90))


async def test_what_a_driver_gives_back_is_open_again_with_its_slots(desk):
    await offer_one(desk)
    await offers.accept_offer(desk, FIRST, NOW)
    held = await appointments_of(desk, FIRST)
    with pytest.raises(NotAllowedNow, match="hand back offer"):
        await cancel_appointment(desk, held[0].id, NOW, None)

    await offers.hand_back_offer(desk, FIRST, "engine trouble", NOW)

    states = [(await get_appointment(desk, each.id)).thing.state for each in held]
    assert states == [AppointmentState.CANCELLED] * 2
    load = (await get_load(desk, "L1")).thing
    assert (load.state, load.match, load.plate, load.offered_to) == (LoadState.POSTED, None, None, (plate(1),))
    assert (await match_and_offer(surroundings(desk.store), a_round("round-2")))["offers"] == []


async def test_the_slot_a_plan_gave_the_loads_visit_goes_to_the_truck_that_takes_it(desk):
    visit = a_visit(9, warehouse="W2", load="L1", minutes=30)
    planned = an_appointment("A9", plate=plate(9), warehouse="W2", dock_group="W2-box", visit="V9", load="L1")
    await desk.store.commit(freight.post_visit(desk.keys, desk.park.grid, visit))
    await desk.store.commit(booking.create(desk.park, desk.keys, planned))
    await offer_one(desk, loads=[a_load(1, delivery_visit="V9")])

    await offers.accept_offer(desk, FIRST, NOW)

    _, delivery = await appointments_of(desk, FIRST)
    assert (delivery.visit, delivery.plate) == ("V9", plate(1))
    assert (await get_appointment(desk, "A9")).thing.state is AppointmentState.CANCELLED


async def test_a_load_whose_visits_own_truck_has_come_is_not_accepted_and_the_reason_is_said(desk):
    visit = a_visit(9, warehouse="W2", load="L1", minutes=30)
    planned = an_appointment("A9", plate=plate(9), warehouse="W2", dock_group="W2-box", visit="V9", load="L1")
    await desk.store.commit(freight.post_visit(desk.keys, desk.park.grid, visit))
    await desk.store.commit(booking.create(desk.park, desk.keys, planned))
    await offer_one(desk, loads=[a_load(1, delivery_visit="V9")])
    await gate.check_in(desk, "A9", Arrival(starts_at(desk.park, planned)))

    with pytest.raises(NotAllowedNow, match="visit V9 of load L1 is another truck's"):
        await offers.accept_offer(desk, FIRST, NOW)

    assert (await offers.get_offer(desk, FIRST)).thing.match.state is MatchState.OFFERED


async def test_a_slot_the_driver_has_for_the_load_already_is_the_one_it_holds(desk):
    own = an_appointment("A1", load="L1", wish=at("09:00"))
    await desk.store.commit(booking.create(desk.park, desk.keys, own))
    await fill(desk.store, [a_load(1)], [a_truck(1)])
    await match_and_offer(surroundings(desk.store), a_round(minutes=240))

    await offers.accept_offer(desk, FIRST, NOW)

    pickup, _ = await appointments_of(desk, FIRST)
    assert (pickup.id, pickup.match) == ("A1", FIRST)


async def test_the_chain_of_a_plan_is_offered_whole_when_it_is_due(desk):
    back = a_load(2, origin="W2", destination="W1", earliest=at("09:30"), latest=at("12:00"))
    await fill(desk.store, [a_load(1), back], [a_truck(1)])
    chain = (
        publication.MatchedLoad("L1", at("08:00"), at("08:30"), 10),
        publication.MatchedLoad("L2", at("09:30"), at("10:00"), 10),
    )
    match = publication.Match(f"P-{plate(1)}", plate(1), "P", DAY, chain, 8, 10, carrier="C1")
    await publication.make_matches(desk.store, desk.park, [match], NOW)
    assert (await get_load(desk, "L1")).thing.state is LoadState.POSTED

    result = await match_and_offer(surroundings(desk.store), a_round())
    await offers.accept_offer(desk, match.id, NOW)

    assert result["offers"] == [match.id]
    held = await appointments_of(desk, match.id)
    assert [(each.load, each.warehouse) for each in held] == [("L1", "W1"), ("L1", "W2"), ("L2", "W2"), ("L2", "W1")]
    assert [(await get_load(desk, each)).thing.saved_km for each in ("L1", "L2")] == [6, 6]


async def test_a_load_that_is_withdrawn_takes_its_offer_with_it(desk):
    await offer_one(desk)

    kept = await withdraw_load(desk, "L1", NOW, None)

    assert (kept.thing.state, kept.thing.match) == (LoadState.WITHDRAWN, None)
    with pytest.raises(NotAllowedNow, match="is undone"):
        await offers.accept_offer(desk, FIRST, NOW)


async def test_a_carrier_blocked_after_the_offer_cannot_accept_it(desk):
    await offer_one(desk)
    lists = codec.dump(CarrierLists(blocked=("C1",)))
    await desk.store.commit(Commit(writes=(Write(desk.keys.carrier_lists("E1"), lists),)))

    with pytest.raises(NotAllowedNow, match="is not for trucks of carrier C1"):
        await offers.accept_offer(desk, FIRST, NOW)


@pytest.mark.parametrize(
    ("load", "truck"),
    [
        ({"allowed_carriers": ("E1",)}, {}),
        ({}, {"preferences": Preferences(cargo_kinds=("steel",))}),
        ({}, {"preferences": Preferences(hours=Hours("20:00", "21:00"))}),
    ],
)
async def test_the_round_keeps_to_what_both_sides_want(desk, load, truck):
    await offer_one(desk, loads=[a_load(1, **load)], trucks=[replace(a_truck(1), **truck)])

    with pytest.raises(NotThere):
        await offers.get_offer(desk, FIRST)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_drivers_do_at_once_every_load_has_one_truck_and_its_slots(desk, seed):
    rng = np.random.default_rng(seed)
    loads = [a_load(i, latest=at("11:00"), due=at("16:00")) for i in range(1, 9)]
    await fill(desk.store, loads, [a_truck(i) for i in range(1, 6)])

    for turn in range(6):
        now = NOW + timedelta(minutes=2 * turn)
        rounds = [match_and_offer(surroundings(desk.store, now), a_round(f"round-{turn}-{i}", 240)) for i in range(2)]
        await asyncio.gather(*rounds)
        standing = (await offers.list_offers(desk, OfferFilter(), PageAsked(limit=200))).things
        steps = []
        for record in standing:
            do = rng.choice(["accept", "accept twice", "decline", "expire", "hand back", "withdraw", "nothing"])
            match record.match.state, do:
                case MatchState.OFFERED, "accept" | "accept twice":
                    steps += [offers.accept_offer(desk, record.match.id, now) for _ in range(1 + (do != "accept"))]
                case MatchState.OFFERED, "decline":
                    steps += [offers.decline_offer(desk, record.match.id, "", now)]
                case MatchState.OFFERED, "expire":
                    steps += [offers.expire_offer(desk, record.match.id, now + timedelta(hours=1))]
                case MatchState.OFFERED, "withdraw" if turn == 3:
                    steps += [withdraw_load(desk, record.match.loads[0].load, now, None)]
                case MatchState.ACCEPTED, "hand back" if turn % 2:
                    steps += [offers.hand_back_offer(desk, record.match.id, "", now)]
        outcomes = await asyncio.gather(*steps, return_exceptions=True)
        assert [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, Refusal)] == []

    await assert_sound(desk)


async def assert_sound(desk):
    every = (await offers.list_offers(desk, OfferFilter(), PageAsked(limit=200))).things
    asked = [(each.load, record.match.plate) for record in every for each in record.match.loads]
    assert len(asked) == len(set(asked)), "somebody was offered the same load twice"
    accepted = [record for record in every if record.match.state is MatchState.ACCEPTED]
    taken = [each.load for record in accepted for each in record.match.loads]
    assert len(taken) == len(set(taken)), "a load was accepted twice"
    assert taken, "nothing was accepted at all"
    for record in accepted:
        held = await appointments_of(desk, record.match.id)
        assert [(each.load, booking.is_held(each)) for each in held] == [
            (each.load, True) for each in record.match.loads for _ in range(2)
        ]
        for each in record.match.loads:
            load = (await get_load(desk, each.load)).thing
            assert (load.state, load.match) == (LoadState.ACCEPTED, record.match.id)
    board = Board()
    assert (await prove(desk.store, board)).differences == ()
    assert imbalances(desk.park, desk.keys, board) == []
