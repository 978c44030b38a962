import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.slots.online import (
    BidPrices,
    Free,
    Given,
    Refused,
    Request,
    Row,
    Terms,
    answer,
    best_start,
    find_obstacle,
)

SLOTS, GROUPS, CARRIERS = 8, 2, 2
TERMS = Terms(early=1, late=2, drop=100, turn=1)


def all_free(**rows):
    """Two of everything in eight slots, two dock groups, a carrier with a quota of two and one without."""
    quota = np.array([[2] * SLOTS, [-1] * SLOTS])
    return Free(
        docks=np.array(rows.get("docks", [[2] * SLOTS] * GROUPS)),
        gate=np.array(rows.get("gate", [2] * SLOTS)),
        quota=np.array(rows.get("quota", quota)),
    )


def asking(**changes):
    fields = {"dock_group": 0, "duration": 1, "wish": 3, "earliest": 1, "latest": 6} | changes
    return Request(**fields)


def priced(free, **rows):
    return BidPrices(
        docks=np.array(rows.get("docks", np.zeros_like(free.docks)), dtype=float),
        gate=np.array(rows.get("gate", np.zeros_like(free.gate)), dtype=float),
        quota=np.array(rows.get("quota", np.zeros_like(free.quota)), dtype=float),
    )


def test_without_prices_a_free_wish_is_given():
    found = answer(asking(), all_free(), None, TERMS)

    assert found == Given(slot=3, cost=0, price=0.0)


def test_a_dear_gate_slot_is_left_to_others_where_moving_is_cheaper():
    free = all_free()

    assert best_start(asking(), free, priced(free, gate=[0, 0, 0, 2, 0, 0, 0, 0]), TERMS).slot == 2
    assert best_start(asking(weight=3), free, priced(free, gate=[0, 0, 0, 2, 0, 0, 0, 0]), TERMS).slot == 3


def test_a_visit_pays_the_docks_of_all_its_slots():
    free = all_free()
    prices = priced(free, docks=[[0, 0, 0, 0, 3, 0, 0, 0], [0] * SLOTS])

    assert best_start(asking(duration=2), free, prices, TERMS) == Given(slot=2, cost=1, price=0.0)
    assert best_start(asking(duration=2, dock_group=1), free, prices, TERMS).slot == 3


def test_the_last_open_start_is_given_however_dear_it_is():
    free = all_free(gate=[0, 0, 0, 0, 0, 1, 0, 0])

    assert answer(asking(), free, priced(free, gate=[1e9] * SLOTS), TERMS).slot == 5


def test_the_truck_needs_its_turn_even_beyond_the_horizon():
    request = asking(wish=7, latest=7, busy=np.array([8]))

    assert find_obstacle(request, all_free(), TERMS, 7).row is Row.TRUCK
    assert find_obstacle(request, all_free(), TERMS, 6) is None


def test_a_visit_longer_than_the_day_leaves_is_told_so():
    request = asking(duration=3, wish=7, earliest=6, latest=7)

    found = answer(request, all_free(), None, TERMS)

    assert found.obstacle.row is Row.DAY
    assert [each.slot for each in found.alternatives] == [5, 4, 3]


def test_an_alternative_says_what_forbids_the_start_nearer_to_the_wish():
    free = all_free(gate=[1, 1, 0, 0, 0, 1, 1, 1])

    found = answer(asking(earliest=3, latest=3), free, None, TERMS)

    assert (found.obstacle.row, found.obstacle.slot) == (Row.GATE, 3)
    assert [(each.slot, each.cost, each.nearer.slot) for each in found.alternatives[:1]] == [(1, 2, 2)]
    assert found.alternatives[0].nearer.row is Row.GATE


few = st.integers(0, 2)
rows = st.lists(few, min_size=SLOTS, max_size=SLOTS)


@st.composite
def states(draw):
    free = all_free(docks=[draw(rows) for _ in range(GROUPS)], gate=draw(rows), quota=[draw(rows), [-1] * SLOTS])
    some = st.lists(st.integers(0, 5), min_size=SLOTS, max_size=SLOTS)
    prices = priced(free, docks=[draw(some) for _ in range(GROUPS)], gate=draw(some), quota=[draw(some), [0] * SLOTS])
    earliest = draw(st.integers(0, SLOTS - 1))
    request = asking(
        dock_group=draw(st.integers(0, GROUPS - 1)),
        duration=draw(st.integers(1, 4)),
        wish=draw(st.integers(-2, SLOTS + 2)),
        earliest=earliest,
        latest=draw(st.integers(earliest, SLOTS - 1)),
        weight=draw(st.integers(1, 3)),
        carrier=draw(st.integers(-1, CARRIERS - 1)),
        busy=np.array(sorted(draw(st.sets(st.integers(0, SLOTS + 2), max_size=3))), dtype=np.int64),
    )
    return request, free, prices


def forbids(request, free, row, slot, at):
    """Answer whether the row is really full in slot `at` for a start in `slot`: written from formulation.md."""
    holds = range(slot, slot + request.duration)
    match row:
        case Row.DAY:
            return slot < 0 or slot + request.duration > SLOTS
        case Row.DOCKS:
            return at in holds and free.docks[request.dock_group, at] <= 0
        case Row.GATE:
            return at == slot and free.gate[at] <= 0
        case Row.CARRIER:
            return at == slot and request.carrier >= 0 and free.quota[request.carrier, at] == 0
        case Row.TRUCK:
            return at in range(slot, slot + request.duration + TERMS.turn) and at in request.busy


def is_open(request, free, slot):
    return not any(forbids(request, free, row, slot, at) for row in Row for at in range(SLOTS + 4))


def cost(request, slot):
    moved = slot - request.wish
    return request.weight * (TERMS.late * moved if moved > 0 else -TERMS.early * moved)


def price(request, prices, slot):
    paid = prices.gate[slot] + sum(prices.docks[request.dock_group, t] for t in range(slot, slot + request.duration))
    return paid + (prices.quota[request.carrier, slot] if request.carrier >= 0 else 0)


@settings(max_examples=300)
@given(states())
def test_the_answer_is_what_trying_every_start_finds(state):
    request, free, prices = state
    window = range(request.earliest, request.latest + 1)
    open_ones = [slot for slot in window if is_open(request, free, slot)]

    found = answer(request, free, prices, TERMS)

    if open_ones:
        best = min(open_ones, key=lambda s: (cost(request, s) + price(request, prices, s), s))
        assert found == Given(best, cost(request, best), price(request, prices, best))
    else:
        assert isinstance(found, Refused)


@settings(max_examples=300)
@given(states())
def test_every_reason_is_true_and_the_alternatives_are_the_nearest_open_starts(state):
    request, free, prices = state

    found = answer(request, free, prices, TERMS)

    if isinstance(found, Refused):
        window = range(request.earliest, request.latest + 1)
        wanted = min(window, key=lambda s: (cost(request, s), s))
        assert forbids(request, free, found.obstacle.row, wanted, found.obstacle.slot)
        nearest = sorted(
            (slot for slot in range(SLOTS) if is_open(request, free, slot)), key=lambda s: (cost(request, s), s)
        )
        assert [each.slot for each in found.alternatives] == nearest[:3]
        for each in found.alternatives:
            nearer = each.slot + (1 if each.slot < request.wish else -1)
            if each.nearer is None:
                assert is_open(request, free, nearer)
            else:
                assert forbids(request, free, each.nearer.row, nearer, each.nearer.slot)
