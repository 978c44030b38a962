import numpy as np
import pytest
from scipy.optimize import linprog

from solver.matching.flavours import port_day
from solver.matching.generation import Generation, Pass
from solver.matching.lattice import Grain
from solver.matching.master import Master
from solver.matching.network import network
from solver.matching.pricing import Effort

from .parks import park

HOW = Pass(parts=2, effort=Effort(looks=20, is_fresh=True), steps=300)


def rows_of(*chains: tuple[int, ...]) -> np.ndarray:
    rows = np.zeros((len(chains), 9), np.int64)
    for row, loads in zip(rows, chains, strict=True):
        row[0] = len(loads)
        row[1 : 1 + len(loads)] = loads
    return rows


def linear_optimum(master: Master) -> float:
    """Return the optimum of the relaxed master, by HiGHS."""
    pool, loads, trucks = master.pool, len(master.price), len(master.rent)
    first = pool.first
    cover, used = np.zeros((loads, len(pool.cost))), np.zeros((trucks, len(pool.cost)))
    for r, k in enumerate(pool.truck):
        np.add.at(cover[:, r], pool.loads[first[r] : first[r + 1]], 1)
        used[k, r] = 1
    result = linprog(
        np.concatenate([pool.cost, master.drop]),
        A_ub=np.hstack([used, np.zeros((trucks, loads))]),
        b_ub=np.ones(trucks),
        A_eq=np.hstack([cover, np.eye(loads)]),
        b_eq=np.ones(loads),
    )
    return float(result.fun)


def test_prices_of_a_day_come_near_the_linear_optimum():
    net = network(port_day(np.random.default_rng(3), loads=40, trucks=20, warehouses=10))
    generation = Generation(net, Master(net, net.drop * 0.2), np.random.default_rng(0))
    ground = generation.on(Grain(step=5, clusters=40, is_likely=True))
    for _ in range(6):
        generation.round(ground, HOW, lambda: False)

    generation.master.run(6000)

    assert generation.master.value == pytest.approx(linear_optimum(generation.master), rel=0.01)


def test_a_load_that_is_only_in_the_way_has_a_negative_price():
    net = network(park([{"drop": 1000}, {"drop": 0}], [{}]))
    master = Master(net, np.array([100.0, 0.0]))
    master.add(np.array([0, 0]), rows_of((0,), (0, 1)))
    master.pool = master.pool._replace(cost=np.array([500.0, 400.0]))  # with the free ride it costs less
    master.add(np.array([0]), rows_of((1,)))

    master.run(4000)

    assert master.price[1] <= 0.0


def test_a_chain_is_known_once():
    master = Master(network(park([{}, {}], [{}])), np.zeros(2))

    assert master.add(np.array([0, 0, 0]), rows_of((0,), (0,), (1,))) == 2
    assert master.add(np.array([0]), rows_of((1,))) == 0


def test_what_is_settled_is_forgotten():
    master = Master(network(park([{}, {}, {}], [{}, {}])), np.ones(3))
    master.add(np.array([0, 0, 1, 1]), rows_of((0,), (1, 2), (2,), (1,)))

    master.settle(np.array([True, False]), np.array([False, False, True]))

    assert master.pool.truck.tolist() == [1]
    assert master.pool.loads.tolist() == [1]


def test_smooth_prices_are_the_mean_of_the_prices_since_smoothing_began():
    net = network(park([{"drop": 1000}, {"drop": 700}], [{}]))
    master = Master(net, np.array([100.0, 50.0]))
    master.add(np.array([0]), rows_of((0, 1)))
    master.run(20)
    master.begin_smoothing()

    prices = []
    for _ in range(4):
        master.run(50)
        prices.append(master.price)

    assert master.smooth == pytest.approx(np.mean(prices, axis=0))
    assert (master.smooth <= net.drop).all()
