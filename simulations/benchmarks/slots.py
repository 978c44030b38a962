"""The slot solver on synthetic days of several flavours, beside first-come booking and general solvers."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson

from simulations.benchmarks.slot_rivals import Found, cp_sat_whole, highs_whole
from solver.outcome import relative_gap
from solver.reading import IntArray
from solver.slots import baselines, check, construct, model
from solver.slots.flavours import FLAVOURS, generate
from solver.slots.instance import SlotInstance, load_plan, save

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are planned, and how long each time; 0 seconds leave a general solver out."""

    days: Sequence[tuple[str, int]] = (
        *((flavour, visits) for flavour in ("peaky", "tight", "flat") for visits in (1_000, 10_000)),
        ("cramped", 10_000),
    )
    seconds: Sequence[float] = (1.0, 3.0, 10.0)
    large: Sequence[tuple[str, int]] = (("peaky", 50_000), ("flat", 50_000))
    large_seconds: Sequence[float] = (20.0, 60.0)
    highs_seconds: float = 300.0
    cp_sat_seconds: float = 60.0
    seed: int = 1


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per day and method; every plan is checked, `bound` is what the method itself proved."""
    for days, budgets in ((study.days, study.seconds), (study.large, study.large_seconds)):
        for name, visits in days:
            day = generate(FLAVOURS[name], visits, np.random.default_rng(study.seed))
            yield from _rows_of(f"{name} {visits}", day, study, clock, budgets)


def _rows_of(
    name: str, day: SlotInstance, study: Study, clock: Clock, budgets: Sequence[float]
) -> Iterator[dict[str, Any]]:
    yield _timed(name, "first come", day, clock, lambda: baselines.first_come(day, np.arange(day.visits)).start)
    yield _timed(name, "greedy, heavy and inflexible first", day, clock, lambda: _greedy(day))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "day.json"
        save(day, file)
        for seconds in budgets:
            yield _called(name, day, file, seconds, clock)
    if budgets is study.seconds:
        if study.highs_seconds:
            found = highs_whole(day, study.highs_seconds, clock)
            yield _rival(name, f"HiGHS, whole, {study.highs_seconds:g} s", day, found)
        if study.cp_sat_seconds:
            found = cp_sat_whole(day, study.cp_sat_seconds, clock)
            yield _rival(name, f"CP-SAT, whole, {study.cp_sat_seconds:g} s", day, found)


def _greedy(day: SlotInstance) -> IntArray:
    m = model.build(day)
    return construct.in_order(m, np.lexsort((m.last - m.first, -m.drop)))


def _timed(name: str, method: str, day: SlotInstance, clock: Clock, plan: Callable[[], IntArray]) -> dict[str, Any]:
    began = clock()
    start = plan()
    return _row(name, method, day, start, None, clock() - began)


def _called(name: str, day: SlotInstance, file: Path, seconds: float, clock: Clock) -> dict[str, Any]:
    """Return the row of one call of the command line, its wall time and peak memory those of the whole process."""
    out = file.with_name("plan.json")
    command = [sys.executable, "-m", "parkdispatch", "solve", "slots", str(file)]
    command += ["--out", str(out), "--seconds", f"{seconds:g}"]
    began = clock()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - this project's own command
    _, status, usage = os.wait4(process.pid, 0)
    wall = clock() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"solve slots ended with exit code {process.returncode}"
    claimed = load_plan(out, day)
    bound = int(orjson.loads(out.read_bytes())["bound"])
    row = _row(name, f"this solver, {seconds:g} s", day, claimed.plan.start, bound, wall)
    return row | {"MB": usage.ru_maxrss // 1024}


def _rival(name: str, method: str, day: SlotInstance, found: Found) -> dict[str, Any]:
    if found.start is None:
        return _row(name, method, day, np.full(day.visits, -1), found.bound, found.seconds)
    return _row(name, method, day, found.start, found.bound, found.seconds)


def _row(
    name: str, method: str, day: SlotInstance, start: IntArray, bound: int | None, seconds: float
) -> dict[str, Any]:
    faults = check.violations(day, start)
    assert not faults, faults[0].text
    cost = check.cost(day, start)
    return {
        "day": name,
        "method": method,
        "placed": int((start >= 0).sum()),
        "cost": cost,
        "bound": bound,
        "gap": None if bound is None else relative_gap(cost, bound),
        "seconds": seconds,
        "MB": None,
    }
