import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dispatch.files import load_park
from simulations.benchmarks import online_slots
from solver.slots import baselines, check


@pytest.mark.parametrize("name", online_slots.NAMES)
def test_prices_are_never_worse_than_first_come_on_days_of_a_thousand_visits(name):
    days = [online_slots.generated(name, 1_000, seed) for seed in (1, 2, 3)]

    first_come = [online_slots.book(day, time.perf_counter, steered=False).start for day in days]
    steered = [online_slots.book(day, time.perf_counter, steered=True, refreshes=30).start for day in days]

    for day, start in zip(days, steered, strict=True):
        assert not check.violations(day.instance, start)
    lost, steered_lost = (sum(int((start < 0).sum()) for start in starts) for starts in (first_come, steered))
    cost, steered_cost = (
        sum(check.cost(day.instance, start) for day, start in zip(days, starts, strict=True))
        for starts in (first_come, steered)
    )
    assert steered_lost <= lost
    assert steered_cost <= cost


def test_without_prices_days_are_booked_as_the_baseline_books_them():
    day = online_slots.generated("peaky", 1_000, 1)
    day = replace(day, instance=replace(day.instance, late=100, drop=100_000))  # no two starts cost the same
    order = np.argsort(day.moment, kind="stable")

    booked = online_slots.book(day, time.perf_counter, steered=False)

    assert np.array_equal(booked.start, baselines.first_come(day.instance, order).start)


def test_earlier_days_are_other_days_of_the_same_park():
    day = online_slots.generated("flat", 300, 4)

    shares = np.bincount(day.earlier.dock_group, minlength=len(day.instance.docks))
    own = np.bincount(day.instance.dock_group, minlength=len(day.instance.docks))
    assert len(day.earlier.wish) == online_slots.EARLIER_DAYS * 300
    assert np.corrcoef(shares, own)[0, 1] > 0.9
    assert not np.array_equal(day.earlier.wish[:300], day.instance.wish)


def test_leads_are_exponential_and_end_with_the_booking_horizon():
    moments = online_slots.moments(20_000, np.random.default_rng(1))

    assert -24 * online_slots.BOOKING_DAYS <= moments.min() <= moments.max() <= 0
    assert abs(-moments.mean() - 16) < 0.5


def test_the_benchmark_has_three_rows_a_day_and_offline_is_the_best():
    park = load_park(Path("parks/beilun.toml"))
    study = online_slots.Study(sizes=(60,), seeds=(1,), offline_seconds=0.3)

    rows = list(online_slots.rows(study, park, time.perf_counter))

    days = [rows[i : i + 3] for i in range(0, len(rows), 3)]
    assert [day[0]["day"] for day in days] == [f"{name} 60 seed 1" for name in (*online_slots.NAMES, "demo park")]
    for first_come, steered, offline in days:
        assert offline["bound"] <= offline["cost"] <= min(first_come["cost"], steered["cost"])
    assert len({tuple(row) for row in rows}) == 1
