from dataclasses import replace

import numpy as np
import pytest

from solver.matching import check
from solver.matching import instance as files
from solver.matching.flavours import port_day
from solver.matching.plan import Chain, MatchingPlan
from solver.matching.shares import (
    alone_plan,
    carriers,
    no_carrier_drives_more_empty,
    shares,
    solve_nobody_worse_off,
)
from solver.reading import BadInput

from .oracle import optimum
from .parks import park

OUT = {"origin": 0, "destination": 1}
BACK = {"origin": 1, "destination": 0}


def two_carriers(**changes):
    """Return a park where carrier 0 has loads out, carrier 1 loads back, and a truck each: together one is enough."""
    return park(
        [{**OUT, "carrier": 0}, {**BACK, "carrier": 1, "earliest": 20}],
        [{"carrier": 0}, {"carrier": 1}],
        **changes,
    )


def with_carriers(day, count, seed):
    rng = np.random.default_rng(seed)
    return replace(
        day,
        trucks=replace(day.trucks, carrier=rng.integers(0, count, len(day.trucks))),
        loads=replace(day.loads, carrier=rng.integers(0, count, len(day.loads))),
    )


def test_alone_every_carrier_drives_its_own_loads_with_its_own_trucks():
    day = two_carriers()

    alone = alone_plan(day, 0.2)

    assert check.violations(day, alone) == []
    assert {chain.truck: chain.loads for chain in alone.chains} == {0: (0,), 1: (1,)}


def test_who_gains_and_who_loses_is_told_in_kilometres_and_cost():
    day = two_carriers()
    together = MatchingPlan((Chain(0, (0, 1), (0, 20)),), ())

    first, second = shares(day, together, alone_plan(day, 0.2))

    assert (first.empty_km, first.alone_empty_km, first.cost, first.alone_cost) == (0, 10, 50, 150)
    assert (second.empty_km, second.alone_empty_km, second.cost, second.alone_cost) == (0, 10, 0, 150)
    assert not first.is_worse_off
    assert not second.is_worse_off


def test_n1_names_the_carrier_that_drives_more_than_alone():
    day = park([{**OUT, "carrier": 0}], [{"carrier": 0}, {"carrier": 1}])
    other = MatchingPlan((Chain(1, (0,), (0,)),), ())

    faults = no_carrier_drives_more_empty(day, other, alone_plan(day, 0.2))

    assert [fault.text for fault in faults] == ["N1 carrier 1: drives 10 km empty, alone 0 km"]


def test_where_the_best_plan_harms_a_carrier_the_mode_finds_one_that_does_not_and_shows_its_price():
    """The load of carrier 0 is ten kilometres from its own truck, two from that of carrier 1, which has no load."""
    day = park(
        [{"origin": 1, "destination": 1, "carrier": 0}],
        [{"carrier": 0}, {"carrier": 1, "start": 2, "home": 2}],
        distance=[[0, 10, 12], [10, 0, 2], [12, 2, 0]],
    )

    found = solve_nobody_worse_off(day, seconds=0.6)

    assert [chain.truck for chain in found.joint.plan.chains] == [1]
    assert len(no_carrier_drives_more_empty(day, found.joint.plan, found.alone)) == 1
    assert [chain.truck for chain in found.outcome.plan.chains] == [0]
    assert found.price == 10 * (20 - 4)


@pytest.mark.parametrize("seed", range(2))
def test_nobody_is_worse_off_on_port_days_and_everything_is_lawful(seed):
    day = with_carriers(port_day(np.random.default_rng(seed), loads=30, trucks=15, warehouses=12), 4, seed)

    found = solve_nobody_worse_off(day, seconds=0.8)

    assert check.violations(day, found.outcome.plan) == []
    assert no_carrier_drives_more_empty(day, found.outcome.plan, found.alone) == []
    assert found.outcome.bound <= found.joint.cost
    assert found.outcome.cost <= check.cost(day, found.alone)


def test_the_best_plan_under_n1_is_never_below_the_best_of_all():
    day = two_carriers()

    assert solve_nobody_worse_off(day, seconds=0.6).outcome.cost >= optimum(day)


def test_trucks_and_loads_of_nobody_are_left_out_alone_and_have_no_limit_together():
    day = park([{**OUT, "carrier": 0}, {**BACK, "earliest": 20}], [{"carrier": 0}, {"carrier": -1}])

    assert alone_plan(day, 0.2).unserved == (1,)
    assert solve_nobody_worse_off(day, seconds=0.6).outcome.plan.unserved == ()
    assert carriers(day) == [0]


def test_a_file_that_tells_no_carrier_is_refused():
    with pytest.raises(BadInput, match=r"trucks\.carrier: is missing"):
        solve_nobody_worse_off(park([{}], [{}]), seconds=0.1)


def test_carriers_come_back_from_a_file(tmp_path):
    files.save(two_carriers(), tmp_path / "day.json")

    assert carriers(files.load(tmp_path / "day.json")) == [0, 1]
