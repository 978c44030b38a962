import csv
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_banded
from scipy.stats import binom

from simulations.kernel.arrivals import hourly_shares, parsed_days
from simulations.kernel.distributions import Distribution, Kind, fixed, parsed
from simulations.kernel.draws import draws, generator, roll
from simulations.kernel.gate import (
    GateDay,
    arrivals,
    first_come,
    hourly_queue,
    mean_of,
    ratio,
    simulate_gate,
)
from simulations.kernel.layout import Lanes
from simulations.kernel.legs import LegKind, Legs
from simulations.kernel.run import Kernel
from simulations.kernel.steps import Steps
from simulations.kernel.times import Mark, mean_number
from tests.simulations.kernel.parks import layout

DATA = Path("tests/data/queueing")
PROFILE = Path("simulations/demand/data/conflowgen_truck_arrival_by_hour_of_week.csv")
COLUMN = "share_no_arrival_management"
WIDE = 1.6  # 95 % half widths: a right program misses one figure in 600


def rows(name):
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def weekday(trucks=7000, lanes=20, service="exponential:2.0"):
    return GateDay(trucks * hourly_shares(PROFILE, COLUMN, parsed_days("mon-fri")), lanes, parsed(service))


@pytest.mark.parametrize("row", rows("mmc_exact.csv")[::3], ids=lambda row: f"{row['c']} lanes, load {row['rho']}")
def test_a_long_run_agrees_with_erlang_c(row):
    lanes, load, customers, batches = int(row["c"]), float(row["rho"]), 40_000, 40
    rng = generator(lanes, int(100 * load))
    wait, waits = [], []

    for _ in range(batches):
        at = np.cumsum(rng.exponential(1 / (load * lanes), 2 * customers))
        service, free, minutes = rng.exponential(1.0, 2 * customers), np.zeros(lanes), np.zeros((2, 24))
        warm = customers  # as many again come before, so that the queue is no longer empty
        first_come(at[:warm], service[:warm], free, *minutes)
        total, waited = first_come(at[warm:], service[warm:], free, *minutes)
        wait.append(total / customers)
        waits.append(waited / customers)

    for values, exact in ((wait, row["Wq_in_service_times"]), (waits, row["P_wait_erlangC"])):
        found = mean_of(np.array(values))
        assert abs(found.mean - float(exact)) < WIDE * found.half_width


def test_the_gate_day_agrees_with_theory_hour_by_hour():
    day, exact = weekday(), rows("mtmc_gate_day_exact.csv")

    runs = simulate_gate(day, replications=1500, seed=1)

    queue = hourly_queue(day, runs)
    for row, rate, found in zip(exact, day.rates, queue, strict=True):
        assert rate == pytest.approx(float(row["arrivals_per_hour"]), abs=1e-3)
        assert abs(found.mean - float(row["mean_queue_Lq_time_avg_in_hour"])) < WIDE * found.half_width + 1e-5
    wait = ratio(runs.queue_minutes.sum(axis=1), runs.trucks)
    assert abs(wait.mean - 0.423) < WIDE * wait.half_width


def chapman_kolmogorov(rates, lanes, minutes, states, steps=240):
    """Queue of an M(t)/M/c that begins empty, by Crank-Nicolson steps of the forward equations: hourly means, ends."""
    number = np.arange(states)
    out = np.minimum(number, lanes) / minutes
    queue = np.maximum(number - lanes, 0)
    p = (number == 0).astype(float)
    means, ends = [], []
    for rate in rates / 60:
        half = 60 / steps / 2
        stay = -(rate * (number < states - 1) + out)
        up, down = np.full(states, rate), out.copy()
        up[-1] = down[0] = 0.0
        left = np.array([-half * down, 1 - half * stay, -half * up])
        total = 0.0
        for _ in range(steps):
            right = p + half * (stay * p + np.append(out[1:] * p[1:], 0.0) + np.append(0.0, rate * p[:-1]))
            after = solve_banded((1, 1), left, right)
            total += (p + after) @ queue / 2 / steps
            p = after
        means.append(total)
        ends.append(p @ queue)
        assert p[-1] < 1e-9  # enough states
    return np.array(means), np.array(ends)


def test_the_equations_give_the_exact_figures_of_the_weekday():
    exact = rows("mtmc_gate_day_exact.csv")

    means, ends = chapman_kolmogorov(weekday().rates, 20, 2.0, 400)

    assert ends == pytest.approx([float(row["Lq_at_end_of_hour"]) for row in exact], abs=1e-4)
    # the file's hourly means are those of the moments at which minutes begin: about half a minute behind
    begins = np.append(0.0, ends[:-1])
    behind = means + (begins - ends) / 2 / 60
    assert behind == pytest.approx([float(r["mean_queue_Lq_time_avg_in_hour"]) for r in exact], rel=0.005, abs=1e-4)


@pytest.mark.parametrize(
    ("column", "days", "trucks", "lanes", "minutes", "states"),
    [
        ("share_with_slot_booking", "mon-fri", 7000, 20, 2.0, 500),
        (COLUMN, "sat,sun", 3000, 3, 1.5, 2500),
        (COLUMN, "mon", 2500, 2, 1.6, 3000),  # overloaded, and still waiting at midnight
        ("share_with_slot_booking", "wed", 900, 1, 1.0, 300),
    ],
)
def test_other_profiles_lanes_and_overload_agree_with_the_equations(column, days, trucks, lanes, minutes, states):
    rates = trucks * hourly_shares(PROFILE, column, parsed_days(days))
    day = GateDay(rates, lanes, parsed(f"exponential:{minutes}"))

    runs = simulate_gate(day, replications=400, seed=2)

    exact, _ = chapman_kolmogorov(rates, lanes, minutes, states)
    for truth, found in zip(exact, hourly_queue(day, runs), strict=True):
        assert abs(found.mean - truth) < WIDE * found.half_width + 2e-3
    wait = ratio(runs.queue_minutes.sum(axis=1), runs.trucks)
    assert abs(wait.mean - exact.sum() * 60 / trucks) < WIDE * wait.half_width


def test_lanes_that_are_never_busy_are_a_poisson_number_in_service():
    day = weekday(lanes=10_000, service="deterministic:30")

    runs = simulate_gate(day, replications=200, seed=1)

    assert not runs.queue_minutes.any()
    found = mean_of(runs.busy_minutes.sum(axis=1))
    expected = 60 * sum(day.rates[:23] * 30) / 60 + day.rates[23] * 22.5  # half of the last half hour is cut off
    assert abs(found.mean - expected) < WIDE * found.half_width


def test_a_day_that_ends_with_a_queue_counts_only_what_is_waited_within_it():
    day = GateDay(np.array([0.0] * 23 + [60.0]), 1, fixed(10))

    runs = simulate_gate(day, replications=100, seed=1)

    assert (runs.wait_minutes > runs.queue_minutes.sum(axis=1)).all()
    assert runs.queue_minutes[:, 23].mean() == pytest.approx(60 * 60 * (1 - 1 / 10) / 2, rel=0.1)


def test_the_interval_covers_the_truth_in_95_of_100_cases():
    day, cases, each = weekday(trucks=3000, lanes=8), 300, 40
    means, _ = chapman_kolmogorov(day.rates, day.lanes, 2.0, 1500)
    truth = means.sum() * 60 / 3000

    many = simulate_gate(day, replications=cases * each, seed=1)

    wait, trucks = many.queue_minutes.sum(axis=1).reshape(cases, each), many.trucks.reshape(cases, each)
    intervals = [ratio(w, n) for w, n in zip(wait, trucks, strict=True)]
    covered = sum(abs(found.mean - truth) < found.half_width for found in intervals)
    low, high = binom.ppf([0.0005, 0.9995], cases, 0.95)
    assert low <= covered <= high


def test_the_interval_of_a_normal_mean_is_students():
    rng = np.random.default_rng(1)

    hits = [abs((found := mean_of(rng.normal(3.0, 2.0, 5))).mean - 3.0) < found.half_width for _ in range(4000)]

    assert np.mean(hits) == pytest.approx(0.95, abs=0.012)


def test_the_kernel_serves_the_gate_day_as_the_loop_for_the_gate_alone_does():
    rng, lanes = generator(3, 0), 4
    at = arrivals(np.full(24, 100.0), rng)
    n = len(at)
    service = Distribution(Kind.EXPONENTIAL, 2.0)
    park = layout(yard=10**9, docks=n, drive=0.0, gate=2.0)
    park = replace(
        park,
        lanes=Lanes(np.zeros(lanes, dtype=int), np.zeros((lanes, 3), dtype=int), Steps.constant(np.ones(lanes))),
        gates=replace(park.gates, service=(service,), exit_lanes=Steps.constant([n])),
    )
    day = Legs(
        truck=np.arange(n),
        identity=np.arange(n),
        kind=np.full(n, LegKind.VISIT),
        planned=at,
        road_minutes=np.zeros(n),
        no_show=np.zeros(n),
        punctuality=np.zeros(n, dtype=int),
        appointment=np.full(n, np.nan),
        handling_minutes=np.zeros(n),
        loading_minutes=np.zeros(n),
        terminal=np.full(n, -1),
        **{name: np.zeros(n, dtype=int) for name in ("gate", "exit_gate", "dock_group", "cargo")},
    )
    drawn = draws(park, day, roll(generator(3, 1), n))

    times = Kernel(park, day).run(drawn)

    queue, busy = np.zeros(24), np.zeros(24)
    total, _ = first_come(at, drawn.gate_minutes, np.zeros(lanes), queue, busy)
    assert times.gate_wait.sum() == pytest.approx(total)
    edges = np.append(np.arange(24) * 60.0, 1440.0)
    assert mean_number(times[Mark.COMES], times[Mark.GATE_BEGINS], edges) * 60 == pytest.approx(queue)


def test_days_are_names_and_spans():
    assert parsed_days("mon-fri") == (0, 1, 2, 3, 4)
    assert parsed_days("Sat, sun") == (5, 6)
    assert parsed_days("sat-mon") == (0, 5, 6)
    assert parsed_days("wed,tue-thu") == (1, 2, 3)


def test_a_profile_is_the_mean_of_its_days():
    monday, tuesday, both = (hourly_shares(PROFILE, COLUMN, parsed_days(days)) for days in ("mon", "tue", "mon,tue"))

    assert both.sum() == pytest.approx(1.0)
    weights = np.linalg.lstsq(np.column_stack([monday, tuesday]), both, rcond=None)[0]
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0).all()


def test_replications_differ_and_repeat():
    first, again, other = (simulate_gate(weekday(), replications=3, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first.wait_minutes, again.wait_minutes)
    assert len({*first.wait_minutes, *other.wait_minutes}) == 6
    assert inf not in first.wait_minutes
