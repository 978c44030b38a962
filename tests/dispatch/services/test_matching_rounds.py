"""Matching rounds in the store: offers are matches, and nothing is ever given away twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from dispatch.model.day import CarrierLists
from dispatch.model.park import Place, PlaceKind
from dispatch.model.promises import LoadState, MatchState
from dispatch.model.refusals import NotAllowedNow, NotThere
from dispatch.planning.together import Budget, Watch
from dispatch.roads.table import TravelTable
from dispatch.services import booking, freight, publication
from dispatch.services.day_planning import Order, Surroundings, plan_and_publish
from dispatch.services.desk import Desk
from dispatch.services.freight import LoadRecord, MatchRecord
from dispatch.services.matching_rounds import Round, match_and_offer
from dispatch.services.offers import decline_offer
from dispatch.services.reoffering import ask_round
from dispatch.store import codec
from dispatch.store.commit import Commit, Write
from dispatch.worker.jobs import Jobs
from tests.dispatch.store.small_park import DAY, HERE, a_load, a_match, a_park, a_truck, an_appointment, at, plate

pytestmark = [pytest.mark.anyio, pytest.mark.store]

NOW = at("07:00")
TRAVEL = TravelTable(("W1", "W2"), np.array([[0, 10], [10, 0]]), np.array([[0, 5], [5, 0]]))


def surroundings(store, clock=NOW):
    return Surroundings(a_park(store.keys.park_id), TRAVEL, store, lambda: clock)


def a_round(name="round-1", minutes=120):
    return Round(name, timedelta(minutes=minutes))


async def fill(store, loads, trucks):
    grid = a_park(store.keys.park_id).grid
    commits = [freight.post_load(store.keys, grid, load, NOW) for load in loads]
    commits += [freight.announce_truck(store.keys, truck) for truck in trucks]
    await store.commit_many(commits)


async def load_record(store, load_id):
    return codec.read(LoadRecord, (await store.find(store.keys.load(load_id))).document)


async def match_record(store, match_id):
    return codec.read(MatchRecord, (await store.find(store.keys.match(match_id))).document)


async def test_a_round_makes_a_match_of_every_offer(store):
    await fill(store, [a_load(1)], [a_truck(1)])

    result = await match_and_offer(surroundings(store), a_round())

    assert (result["loads"], result["trucks"], result["offers"]) == (1, 1, [f"round-1-{plate(1)}"])
    record = await match_record(store, f"round-1-{plate(1)}")
    assert (record.match.state, [each.load for each in record.match.loads]) == (MatchState.OFFERED, ["L1"])
    assert (await load_record(store, "L1")).state is LoadState.OFFERED


async def test_the_next_round_goes_on_from_where_the_offer_leaves_the_truck(store):
    back = replace(a_load(2), origin="W2", destination="W1", earliest=at("09:00"), latest=at("10:00"))
    await fill(store, [a_load(1)], [a_truck(1)])
    await match_and_offer(surroundings(store), a_round("round-1"))
    await fill(store, [back], [])

    result = await match_and_offer(surroundings(store), a_round("round-2", 240))

    assert result["offers"] == [f"round-2-{plate(1)}"]
    record = await match_record(store, f"round-2-{plate(1)}")
    assert (record.match.empty_km, record.match.loads[0].starts_at) == (5, at("09:00"))


async def test_a_round_run_again_under_its_name_changes_nothing(store):
    await fill(store, [a_load(1), a_load(2)], [a_truck(1), a_truck(2)])

    first = await match_and_offer(surroundings(store), a_round())
    again = await match_and_offer(surroundings(store), a_round())

    assert first["offers"] == again["offers"]
    assert len(await store.members(store.keys.matches())) == len(first["offers"])


async def test_rounds_at_the_same_moment_never_give_a_load_or_a_truck_away_twice(store):
    await fill(store, [a_load(i) for i in range(1, 9)], [a_truck(i) for i in range(1, 5)])

    await asyncio.gather(*(match_and_offer(surroundings(store), a_round(f"round-{i}")) for i in range(4)))

    members = await store.members(store.keys.matches())
    records = [await match_record(store, member.split("#", 2)[2]) for member in members]
    loads = [each.load for record in records for each in record.match.loads]
    assert len(loads) == len(set(loads))
    begins = sorted((record.match.plate, record.match.loads[0].starts_at) for record in records)
    for (truck, earlier), (other, later) in pairwise(begins):
        assert truck != other or later - earlier >= timedelta(minutes=60)


async def test_a_load_withdrawn_between_deciding_and_offering_is_refused_and_named(store):
    await fill(store, [a_load(1)], [a_truck(1)])
    at_work = surroundings(store)
    decided = await match_and_offer(at_work, a_round("round-1"))
    assert decided["refused"]["count"] == 0

    result = await match_and_offer(replace(at_work, clock=lambda: at("07:01")), a_round("round-2"))

    assert result["offers"] == []


async def test_what_is_declined_is_posted_again_and_not_offered_to_that_truck_any_more(store):
    await fill(store, [a_load(1)], [a_truck(1)])
    await match_and_offer(surroundings(store), a_round("round-1"))
    desk = Desk(a_park(store.keys.park_id), store)

    await decline_offer(desk, f"round-1-{plate(1)}", "", NOW)

    record = await load_record(store, "L1")
    assert (record.state, record.match, record.offered_to) == (LoadState.POSTED, None, (plate(1),))
    assert (await match_and_offer(surroundings(store), a_round("round-2")))["offers"] == []
    await fill(store, [], [a_truck(2)])
    assert (await match_and_offer(surroundings(store), a_round("round-3")))["offers"] == [f"round-3-{plate(2)}"]


async def test_only_an_offer_that_stands_can_be_declined(store):
    await fill(store, [a_load(1)], [a_truck(1)])
    await match_and_offer(surroundings(store), a_round("round-1"))
    desk = Desk(a_park(store.keys.park_id), store)
    await decline_offer(desk, f"round-1-{plate(1)}", "", NOW)

    with pytest.raises(NotAllowedNow):
        await decline_offer(desk, f"round-1-{plate(1)}", "", NOW)
    with pytest.raises(NotThere):
        await decline_offer(desk, "no-match", "", NOW)


async def test_a_truck_with_the_plans_chain_is_offered_only_what_comes_after_it(store):
    early = replace(a_load(2), earliest=at("07:30"), latest=at("08:00"))
    await fill(store, [a_load(1), early], [a_truck(1)])
    park = a_park(store.keys.park_id)
    await publication.make_matches(store, park, [planned_chain()], NOW)

    result = await match_and_offer(surroundings(store), a_round())

    assert (result["loads"], result["offers"]) == (1, ["P-1"])  # the plan's own chain is due


def planned_chain():
    return replace(a_match(plan="P"), id="P-1", carrier="C1", state=MatchState.PLANNED)


async def test_a_planned_chain_that_has_no_slots_any_more_is_undone_and_its_loads_are_in_the_round(store):
    park = a_park(store.keys.park_id)
    await fill(store, [a_load(1, latest=at("08:15"))], [a_truck(1), a_truck(2)])
    await publication.make_matches(store, park, [planned_chain()], NOW)
    others = [an_appointment(f"A{n}", plate=plate(n), slot=32, slots=4) for n in (3, 4)]  # both docks of W1
    for each in others:
        await store.commit(booking.create(park, store.keys, each))

    result = await match_and_offer(surroundings(store), a_round())

    assert (result["loads"], result["offers"]) == (1, [])
    assert plate(1) in {each["id"] for each in result["refused"]["named"]}
    assert all("dock group W1-box 08:00" in each["reason"] for each in result["refused"]["named"])
    assert (await match_record(store, "P-1")).match.state is MatchState.UNDONE
    assert (await load_record(store, "L1")).state is LoadState.POSTED


async def test_the_plan_of_the_day_gives_a_declined_load_to_another_truck_and_keeps_carriers_out(store):
    await fill(store, [a_load(1), replace(a_load(2), enterprise="E2")], [a_truck(1)])
    blocked = codec.dump(CarrierLists(blocked=("C1",)))
    await store.commit(Commit(writes=(Write(store.keys.carrier_lists("E2"), blocked),)))
    (offer,) = (await match_and_offer(surroundings(store), a_round()))["offers"]
    await decline_offer(Desk(a_park(store.keys.park_id), store), offer, "too far", NOW)
    await fill(store, [], [a_truck(2)])

    order = Order("plan-1", DAY, Budget(slot_seconds=0.5, matching_seconds=0.5))
    report = await plan_and_publish(surroundings(store), order, Watch())

    assert report["published"]["matches"] == {"made": 1, "refused": 0, "named": []}
    assert (await load_record(store, "L1")).match == f"plan-1-{plate(2)}"
    assert (await load_record(store, "L2")).match is None


LATE = at("23:30")


def next_day(clock):
    return at(clock) + timedelta(days=1)


def at_night(number, origin, destination, *, earliest, latest):
    """Return a load of the night, between places that are open then."""
    return replace(
        a_load(number, origin=origin, destination=destination),
        earliest=earliest,
        latest=latest,
        due=next_day("05:00"),
    )


def of_the_night(number=1):
    """Return a truck that is out over midnight."""
    return replace(a_truck(number), free_from=at("20:00"), home_by=next_day("06:00"))


def night_surroundings(store, clock=LATE):
    places = tuple(Place(name, name, name, PlaceKind.TOWN, HERE) for name in ("P1", "P2"))
    park = replace(a_park(store.keys.park_id), places=places)
    minutes = 10 * (1 - np.eye(4, dtype=np.int64))
    return Surroundings(park, TravelTable(("W1", "W2", "P1", "P2"), minutes, minutes // 2), store, lambda: clock)


async def test_a_round_before_midnight_offers_what_begins_soon_after_it(store):
    soon = at_night(1, "P1", "P2", earliest=next_day("00:20"), latest=next_day("00:40"))
    noon = replace(soon, id="L2", earliest=next_day("12:00"), latest=next_day("13:00"), due=next_day("18:00"))
    await fill(store, [soon, noon], [of_the_night()])

    result = await match_and_offer(night_surroundings(store), a_round())

    assert (result["loads"], result["offers"]) == (1, [f"round-1-{plate(1)}"])
    record = await match_record(store, f"round-1-{plate(1)}")
    assert [each.starts_at for each in record.match.loads] == [next_day("00:20")]
    assert record.match.day == DAY + timedelta(days=1)


async def test_a_truck_that_is_free_only_after_midnight_is_offered_what_it_can_reach(store):
    soon = at_night(1, "P1", "P2", earliest=next_day("00:20"), latest=next_day("00:40"))
    truck = replace(of_the_night(), free_from=next_day("00:10"))
    await fill(store, [soon], [truck])

    result = await match_and_offer(night_surroundings(store), a_round())

    assert (result["trucks"], result["offers"]) == (1, [f"round-1-{plate(1)}"])


async def test_who_has_a_load_after_midnight_is_given_before_it_what_lets_him_be_there_in_time(store):
    soon = at_night(1, "P1", "P2", earliest=next_day("00:50"), latest=next_day("00:50"))
    long = at_night(2, "P1", "P2", earliest=at("23:50"), latest=at("23:59"))  # over at 00:50 at the earliest
    short = replace(at_night(3, "P2", "P1", earliest=at("23:40"), latest=at("23:50")), load_minutes=5, unload_minutes=5)
    await fill(store, [soon], [of_the_night()])
    first = await match_and_offer(night_surroundings(store), a_round("round-1"))
    await fill(store, [long], [])

    second = await match_and_offer(night_surroundings(store), a_round("round-2"))
    await fill(store, [short], [])
    third = await match_and_offer(night_surroundings(store), a_round("round-3"))

    assert (first["offers"], second["offers"]) == ([f"round-1-{plate(1)}"], [])
    assert third["offers"] == [f"round-3-{plate(1)}"]
    assert (await match_record(store, third["offers"][0])).match.loads[0].load == "L3"


async def test_after_midnight_a_truck_is_still_at_the_load_it_began_before_and_what_was_open_still_is(store):
    over = at_night(1, "P1", "P2", earliest=at("23:45"), latest=at("23:55"))
    still = at_night(2, "P1", "P2", earliest=at("23:50"), latest=next_day("00:40"))
    await fill(store, [over], [of_the_night()])
    await match_and_offer(night_surroundings(store), a_round("round-1"))
    await fill(store, [still], [])

    busy = await match_and_offer(night_surroundings(store, next_day("00:05")), a_round("round-2"))
    await fill(store, [], [of_the_night(2)])
    free = await match_and_offer(night_surroundings(store, next_day("00:05")), a_round("round-3"))

    assert (busy["loads"], busy["trucks"], busy["offers"]) == (1, 1, [])
    assert free["offers"] == [f"round-3-{plate(2)}"]


async def test_a_round_is_asked_for_when_all_that_is_open_begins_after_midnight(store):
    soon = at_night(1, "P1", "P2", earliest=next_day("00:20"), latest=next_day("00:40"))
    desk, jobs = Desk(a_park(store.keys.park_id), store), Jobs(store)
    await fill(store, [soon], [])

    assert not await ask_round(desk, jobs, at("12:00"))
    assert await ask_round(desk, jobs, LATE)
