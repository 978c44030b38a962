from collections.abc import Sequence
from itertools import product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.files import load_park
from dispatch.planning.chain_slots import Row, Stop, nearest
from dispatch.planning.matching import chains
from dispatch.planning.permitted import OpenLoad
from dispatch.planning.together import Asked, Budget, Requests, Watch, plan_together
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from solver.matching import check as matching_check
from solver.matching.solve import solve as solve_matching
from solver.slots import check as slot_check
from tests.dispatch.tiny import DAY, a_load, a_park, a_table, a_truck, a_visit, at

SLOT = 15
SHORT = Budget(slot_seconds=1.0, matching_seconds=2.5)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A chain of visits that can be driven in the slots that are planned."""
    stops: list[Stop] = []
    free = 0
    for _ in range(draw(st.integers(1, 4))):
        before, busy = draw(st.integers(0, 50)), draw(st.integers(1, 90))
        slot = -(-(free + before) // SLOT) + draw(st.integers(0, 3))
        first, last = slot - draw(st.integers(0, 4)), slot + draw(st.integers(0, 4))
        wish, weight = draw(st.integers(first - 2, last + 2)), draw(st.integers(1, 5))
        stops.append(Stop("V", first, last, slot, wish, weight, before, busy))
        free = slot * SLOT - before + busy
    return Row(0, free + draw(st.integers(0, 60)), tuple(stops))


def waiting_when_driven(row: Row, slots: Sequence[int]) -> int | None:
    """Return the minutes stood after the first load when each begins as its slot begins, None where one is too late."""
    free, waited = row.begins, 0
    for number, (stop, slot) in enumerate(zip(row.stops, slots, strict=True)):
        opens = slot * SLOT - stop.before
        if free > opens:
            return None
        waited += opens - free if number else 0
        free = opens + stop.busy
    return waited if free <= row.done_by else None


@given(row=rows())
@settings(max_examples=100, deadline=None)
def test_the_slots_a_chain_wants_cost_least_of_all_in_which_it_can_be_driven(row: Row) -> None:
    def cost(slots: Sequence[int]) -> float:
        waited = waiting_when_driven(row, slots)
        moved = sum(stop.weight * abs(slot - stop.wish) for stop, slot in zip(row.stops, slots, strict=True))
        return float("inf") if waited is None else waited + moved

    least = min(map(cost, product(*(range(stop.first, stop.last + 1) for stop in row.stops))))

    assert cost(nearest(row, SLOT)) == least < float("inf")


def test_a_chain_that_begins_within_its_slots_keeps_those_planned() -> None:
    first = Stop("V1", 10, 10, planned=10, wish=10, weight=1, before=0, busy=25)
    second = Stop("V2", 11, 11, planned=11, wish=11, weight=1, before=0, busy=20)

    assert nearest(Row(0, 200, (first, second)), SLOT) == [10, 11]


def test_a_load_is_carried_in_the_slot_of_its_visit_and_a_truck_after_its_own() -> None:
    own = a_visit("V1", "08:00", plate="浙B00001", earliest=at("07:00"), latest=at("10:00"))
    loading = a_visit("V2", "13:00", plate="浙B00002", load="L1", earliest=at("07:00"), latest=at("14:00"))
    load = a_load("L1", origin="W1", destination="PORT", pickup_visit="V2", earliest=at("07:00"), latest=at("14:00"))
    truck = a_truck("浙B00001", free_at="W1", free_from=at("08:30"))
    asked = Asked.of(a_park(), DAY, Requests([own, loading], [OpenLoad(load)], [truck]), a_table())

    found = plan_together(asked, SHORT, Watch())

    (chain,) = chains(found.tied, found.matched.plan)
    slot = {each.visit.id: asked.ties.park.grid.start_of(DAY, each.slot) for each in found.given.placements}
    assert 0 <= (chain.loads[0].starts_at - slot["V2"]).total_seconds() < SLOT * 60
    assert chain.loads[0].starts_at >= asked.ties.end(own, asked.ties.slots(found.given.placements)["V1"])


def test_planned_together_is_cheaper_than_slots_first_and_loads_second() -> None:
    park = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
    day = generate_day(park, visits=200, seed=3)
    requests = Requests(day.visits, [OpenLoad(load) for load in day.loads], day.trucks)
    asked = Asked.of(park, day.date, requests, estimated(park))

    found = plan_together(asked, SHORT, Watch())

    by_wish = {visit.id: asked.ties.wish_slot(visit) for visit in day.visits}
    second = asked.matching_problem({name: (slot, slot) for name, slot in by_wish.items()}, by_wish).instance
    start = found.given.outcome.plan.start
    assert not slot_check.violations(found.by_wish.problem.instance, start)
    assert not matching_check.violations(found.tied.instance, found.matched.plan)
    assert not matching_check.violations(found.matching.instance, found.matched.plan)
    together = found.matched.cost + slot_check.cost(found.by_wish.problem.instance, start)
    assert found.by_wish.outcome.bound + found.loose.bound <= together
    assert together < 0.9 * solve_matching(second, seconds=1.5).cost
