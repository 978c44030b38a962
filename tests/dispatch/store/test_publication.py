"""A day and its plans in the store."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from dispatch.model.day import Day, Visit
from dispatch.model.park import Park
from dispatch.model.promises import LoadState, MatchedLoad
from dispatch.services import booking, publication
from dispatch.services.desk import Desk
from dispatch.services.freight import KeptLoad, LoadRecord
from dispatch.services.loads import get_load, give_up
from dispatch.services.publication import Loaded, Refused, Withdrawn
from dispatch.store import codec
from dispatch.store.commit import CounterFull
from dispatch.store.store import Store
from tests.dispatch.store.small_park import DAY, NOW, a_load, a_park, a_truck, a_visit, an_appointment, at, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]


@dataclass(frozen=True)
class Placement:
    visit: Visit
    slot: int = 36
    slots: int = 2
    gate: str = "east"
    dock_group: str = "W1-box"


@dataclass(frozen=True)
class Chain:
    plate: str
    loads: tuple[MatchedLoad, ...]
    empty_km: int = 10
    loaded_km: int = 20


def a_chain(truck: int, *loads: str) -> Chain:
    return Chain(plate(truck), tuple(MatchedLoad(load, at("08:00")) for load in loads))


def a_day(park: Park, visits: int = 2, loads: int = 2, trucks: int = 2) -> Day:
    return Day(
        1,
        park.id,
        DAY,
        1,
        tuple(a_visit(i) for i in range(1, visits + 1)),
        tuple(a_load(i) for i in range(1, loads + 1)),
        tuple(a_truck(i) for i in range(1, trucks + 1)),
    )


async def record_of(store: Store, load_id: str) -> KeptLoad:
    found = await store.find(store.keys.load(load_id))
    assert found is not None
    return KeptLoad(codec.read(LoadRecord, found.document), found.version)


async def test_a_loaded_day_is_what_a_plan_reads(store: Store) -> None:
    park = a_park(store.keys.park_id)
    day = a_day(park)

    loaded = await publication.load_day(store, park, day, NOW)

    assert loaded == Loaded(2, 2, 2, ())
    assert await publication.open_visits(store, DAY) == list(day.visits)
    assert [each.load for each in await publication.open_loads(store, DAY)] == list(day.loads)
    assert await publication.open_trucks(store, park, DAY) == list(day.trucks)


async def test_loading_a_day_again_changes_nothing_and_names_what_differs(store: Store) -> None:
    park = a_park(store.keys.park_id)
    day = a_day(park)
    await publication.load_day(store, park, day, NOW)
    events = len(await store.events())
    longer = replace(day, visits=(day.visits[0], replace(day.visits[1], minutes=45), a_visit(3)))

    again = await publication.load_day(store, park, longer, NOW)

    assert again == Loaded(1, 0, 0, ("V2",))
    assert await publication.open_visits(store, DAY) == [*day.visits, a_visit(3)]
    assert len(await store.events()) == events + 1


async def test_a_published_plan_makes_appointments_and_names_what_is_full(store: Store) -> None:
    park = a_park(store.keys.park_id, docks=2)
    await publication.load_day(store, park, a_day(park, visits=3), NOW)
    placements = [Placement(a_visit(i)) for i in (1, 2, 3)]

    published = await publication.publish_slots(store, park, DAY, "P1", placements, NOW)

    assert published.made == 2
    assert published.refused == (
        Refused("V3", "All docks of the group are taken in this slot. (dock group W1-box 09:00)"),
    )
    assert [visit.id for visit in await publication.open_visits(store, DAY)] == ["V3"]
    assert [each.visit for each in await publication.held_appointments(store, DAY)] == ["V1", "V2"]


async def test_publishing_again_after_being_broken_off_makes_nothing_twice(store: Store) -> None:
    park = a_park(store.keys.park_id)
    placements = [Placement(a_visit(i), slot=36 + 3 * i) for i in (1, 2)]
    await publication.publish_slots(store, park, DAY, "P1", placements[:1], NOW)

    published = await publication.publish_slots(store, park, DAY, "P1", placements, NOW)

    assert (published.made, published.refused) == (2, ())
    assert await store.taken([store.keys.placed(DAY)]) == [{"V1": 1, "V2": 1}]


async def test_a_visit_is_never_placed_by_two_plans(store: Store) -> None:
    park = a_park(store.keys.park_id)
    await publication.publish_slots(store, park, DAY, "P1", [Placement(a_visit())], NOW)

    second = await publication.publish_slots(store, park, DAY, "P2", [Placement(a_visit(), slot=60)], NOW)

    assert second.refused == (Refused("V1", "There is already one by this name. (appointment of visit V1)"),)


async def test_a_plan_published_while_bookings_come_in_oversells_nothing(store: Store) -> None:
    park = a_park(store.keys.park_id, docks=40, entries=60)
    placements = [Placement(a_visit(i)) for i in range(1, 101)]

    async def book(i: int) -> bool:
        appointment = an_appointment(f"A{i}", plate=plate(1000 + i))
        try:
            await store.commit(booking.create(park, store.keys, appointment))
        except CounterFull:
            return False
        return True

    publishing = asyncio.create_task(publication.publish_slots(store, park, DAY, "P1", placements, NOW))
    booked = await asyncio.gather(*(book(i) for i in range(100)))
    published = await publishing

    assert published.made + len(published.refused) == 100
    assert published.made + sum(booked) == 40
    assert await store.taken([store.keys.dock("W1-box", DAY)]) == [{"36": 40, "37": 40}]


async def test_a_published_chain_takes_its_loads_and_its_truck(store: Store) -> None:
    park, keys = a_park(store.keys.park_id), store.keys
    await publication.load_day(store, park, a_day(park), NOW)

    published = await publication.publish_matches(store, park, DAY, "P1", [a_chain(1, "L1", "L2")], NOW)

    assert (published.made, published.refused) == (1, ())
    kept = await record_of(store, "L1")
    assert (kept.record.state, kept.record.match) == (LoadState.POSTED, f"P1-{plate(1)}")
    assert await publication.open_loads(store, DAY) == []
    assert await publication.open_trucks(store, park, DAY) == [a_truck(2)]
    member = f"2026-11-25#P1#P1-{plate(1)}"
    for index in (
        keys.matches(),
        keys.matches_of_truck(plate(1)),
        keys.matches_of_load("L2"),
        keys.matches_of_plan("P1"),
    ):
        assert await store.members(index) == [member]


async def test_a_chain_whose_load_was_withdrawn_is_refused_whole(store: Store) -> None:
    park = a_park(store.keys.park_id)
    await publication.load_day(store, park, a_day(park), NOW)
    await store.commit(await give_up(Desk(park, store), await get_load(Desk(park, store), "L2"), "withdraw", NOW))

    published = await publication.publish_matches(
        store, park, DAY, "P1", [a_chain(1, "L1", "L2"), a_chain(3, "L9"), a_chain(2, "L1")], NOW
    )

    assert published.made == 1
    assert published.refused == (
        Refused(plate(1), "load L2 is withdrawn"),
        Refused(plate(3), "load L9 is not known"),
    )
    assert (await record_of(store, "L1")).record.match == f"P1-{plate(2)}"


async def test_of_two_chains_that_want_one_load_one_gets_it(store: Store) -> None:
    park = a_park(store.keys.park_id)
    await publication.load_day(store, park, a_day(park), NOW)

    published = await publication.publish_matches(store, park, DAY, "P1", [a_chain(1, "L1"), a_chain(2, "L1")], NOW)

    assert published.made == 1
    assert published.refused == (Refused(plate(2), "load L1 is in another match"),)


async def test_publishing_matches_again_changes_nothing(store: Store) -> None:
    park = a_park(store.keys.park_id)
    await publication.load_day(store, park, a_day(park), NOW)
    await publication.publish_matches(store, park, DAY, "P1", [a_chain(1, "L1")], NOW)
    events = len(await store.events())

    again = await publication.publish_matches(store, park, DAY, "P1", [a_chain(1, "L1")], NOW)
    other = await publication.publish_matches(store, park, DAY, "P2", [a_chain(1, "L2")], NOW)

    assert (again.made, again.refused) == (1, ())
    assert other.refused == (Refused(plate(1), f"truck {plate(1)} has a chain of another plan"),)
    assert len(await store.events()) == events


@pytest.mark.parametrize("way", ["plan", "day"])
async def test_a_plan_taken_back_leaves_room_for_the_next(store: Store, way: str) -> None:
    park = a_park(store.keys.park_id)
    await publication.load_day(store, park, a_day(park), NOW)
    await store.commit(booking.create(park, store.keys, an_appointment("A9", plate=plate(9), slot=50)))
    placements = [Placement(a_visit(i)) for i in (1, 2)]
    await publication.publish_slots(store, park, DAY, "P1", placements, NOW)
    await publication.publish_matches(store, park, DAY, "P1", [a_chain(1, "L1", "L2")], NOW)

    if way == "plan":
        withdrawn = await publication.cancel_plan(store, park, "P1", NOW)
    else:
        withdrawn = await publication.withdraw_day(store, park, DAY, NOW)

    assert withdrawn == Withdrawn(2, 1)
    assert [each.id for each in await publication.held_appointments(store, DAY)] == ["A9"]
    assert len(await publication.open_visits(store, DAY)) == len(await publication.open_loads(store, DAY)) == 2
    assert await store.members(store.keys.matches()) == []
    assert await publication.cancel_plan(store, park, "P1", NOW) == Withdrawn(0, 0)
    assert (await publication.publish_slots(store, park, DAY, "P2", placements, NOW)).made == 2
    assert (await publication.publish_matches(store, park, DAY, "P2", [a_chain(1, "L2")], NOW)).made == 1
