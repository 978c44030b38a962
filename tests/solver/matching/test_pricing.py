from itertools import permutations

import numpy as np
import pytest

from solver.matching.chains import chain_cost
from solver.matching.flavours import port_day, rough
from solver.matching.lattice import Grain
from solver.matching.network import FAR, network
from solver.matching.pricing import FRESH, OWN, Effort, Ground

SAFE = Grain(step=1, clusters=400, is_likely=False)
LIKELY = Grain(step=3, clusters=400, is_likely=True)
SEARCH = Effort(looks=10_000, is_fresh=True)
NONE = Effort(looks=0, is_fresh=False)


def never() -> bool:
    return False


def no_waiting(net):
    return net._replace(price_wait=0, duration=np.maximum(net.duration, 1))


def priced(net, grain, price, effort):
    ground = Ground(net, grain, 1)
    return ground.price(np.arange(len(ground.teams)), price, effort, never)


def least(net, k: int, price) -> float:
    """Return the least cost of any chain of truck k less its loads' prices, 0 for none, every order tried."""
    loads = range(len(net.origin))
    costs = [0.0]
    for size in range(1, len(net.origin) + 1):
        for order in permutations(loads, size):
            cost = chain_cost(net, k, np.array(order, dtype=np.int64))
            if cost < FAR:
                costs.append(cost - price[list(order)].sum())
    return min(costs)


def small(seed: int):
    rng = np.random.default_rng(seed)
    net = no_waiting(network(rough(rng, loads=4, trucks=3)))
    return net, np.minimum(rng.integers(-20, 120, 4), net.drop).astype(np.float64)


@pytest.mark.parametrize("seed", range(40))
def test_a_search_with_the_shortest_legs_finds_the_least_chain_of_every_truck(seed):
    net, price = small(seed)

    offers = priced(net, SAFE, price, SEARCH)

    assert offers.least.tolist() == [least(net, k, price) for k in range(3)]


@pytest.mark.parametrize("grain", [SAFE, Grain(4, 2, is_likely=False), Grain(7, 1, is_likely=False)])
@pytest.mark.parametrize("seed", range(15))
def test_the_shortest_legs_never_overstate(seed, grain):
    net, price = small(seed)
    net = net._replace(duration=net.duration + grain.step)  # none is instant
    net = net._replace(last_start=net.last_start)

    offers = priced(net, grain, price, NONE)

    assert all(offers.least[k] <= least(net, k, price) for k in range(3))


@pytest.mark.parametrize("grain", [SAFE, LIKELY])
def test_every_chain_offered_can_be_driven_and_pays(grain):
    net = network(port_day(np.random.default_rng(4), loads=60, trucks=70, warehouses=15))
    price = np.minimum(net.drop, 900).astype(np.float64)

    offers = priced(net, grain, price, SEARCH)

    chains = [(k, row[1 : 1 + row[0]]) for rows in offers.loads for k, row in enumerate(rows) if row[0]]
    assert chains
    for k, loads in chains:
        assert len(set(loads.tolist())) == len(loads)
        assert chain_cost(net, k, loads) - net.price_wait * 10_000 < price[loads].sum()


def test_fresh_chains_share_no_load():
    net = network(port_day(np.random.default_rng(4), loads=60, trucks=70, warehouses=15))

    offers = priced(net, LIKELY, np.minimum(net.drop, 900).astype(np.float64), SEARCH)

    rows = offers.loads[FRESH]
    served = [i for row in rows for i in row[1 : 1 + row[0]].tolist()]
    assert len(served) == len(set(served)) > 0
    assert (offers.loads[OWN, :, 0] > 0).sum() >= (rows[:, 0] > 0).sum()


def test_teams_formed_anew_have_room_for_longer_days():
    net = network(port_day(np.random.default_rng(4), loads=60, trucks=200, warehouses=15))
    ground = Ground(net, LIKELY, 1)
    before = max(team.steps for team in ground.teams)
    ends = np.zeros(200, np.bool_)
    ends[[np.argmin(net.free_from), np.argmax(net.home_by)]] = True
    net_of_one_kind = net._replace(truck_kind=np.zeros_like(net.truck_kind), fits=np.ones_like(net.fits))
    ground = Ground(net_of_one_kind, LIKELY, 1)

    ground.narrow(ends, np.ones(60, np.bool_))
    offers = ground.price(np.arange(len(ground.teams)), np.full(60, 500.0), SEARCH, never)

    assert max(team.steps for team in ground.teams) > before
    assert np.isfinite(offers.least).all()
