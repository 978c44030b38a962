"""The vehicle scheduling solver on the public instances, beside the best plans known."""

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulations.benchmarks.timetables import widened
from solver.mdvsp import check
from solver.mdvsp.files import load
from solver.mdvsp.instance import FixedInstance, Instance, ShiftInstance
from solver.mdvsp.plan import MdvspPlan
from solver.mdvsp.solve import solve
from solver.outcome import Outcome, relative_gap
from solver.reading import BadInput

Clock = Callable[[], float]
KNOWN: Final = "known.csv"
PACKINGS: Final = (".inp", ".inp.xz", ".zip", ".txt", ".txt.xz")


@dataclass(frozen=True, slots=True)
class Study:
    """Which instances of a folder are solved, for how long, and with which shifts."""

    folder: Path
    toys: Sequence[str] = ("n50m2s0", "n50m4s1", "n100m2s0", "n100m3s1", "n150m3s0", "n150m4s3")
    fixed: Mapping[str, float] = field(
        default_factory=lambda: {"m4n500s0": 8, "m4n500s1": 8, "m4n500s2": 8, "m8n500s0": 8, "m4n1000s0": 20}
    )
    shifted: Mapping[str, float] = field(
        default_factory=lambda: {"GD-4-100-0": 5, "GD-4-250-0": 15, "GD-4-500-0": 30, "GD-4-1000-0": 60}
    )
    others: Sequence[str] = ("GD-4-250-1", "GD-4-250-2", "GD-4-500-1")  # without shift only
    shifts: Sequence[int] = (0, 5, 10, 15, 30)
    many_trips: int = 4_000
    many_shifts: Sequence[int] = (0, 10)
    many_seconds: float = 120.0
    toy_seconds: float = 20.0


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per instance and shift; instances that are not in the folder are left out, every plan is checked."""
    known = _known(study.folder / KNOWN)
    _compile(clock)
    runs: list[tuple[str, int | None, float]] = [(name, None, study.toy_seconds) for name in study.toys]
    runs += [(name, None, seconds) for name, seconds in study.fixed.items()]
    runs += [(name, shift, seconds) for name, seconds in study.shifted.items() for shift in study.shifts]
    runs += [(name, 0, study.toy_seconds) for name in study.others]
    for name, shift, seconds in runs:
        path = find_instance(study.folder, name)
        if path is not None:
            yield _row(name, load(path, shift), None if shift else known.get(name), seconds, clock)
    yield from _many(study, clock)


def find_instance(folder: Path, name: str) -> Path | None:
    """Return the file of an instance in a folder or right below it, packed or not; None when it is not there."""
    if not folder.is_dir():
        raise BadInput(str(folder), "", "is not a folder with instances")
    found = (at for suffix in PACKINGS for at in sorted(folder.glob(f"**/{name}{suffix}")))
    return next(found, None)


def _many(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    model = find_instance(study.folder, "GD-4-1000-0")
    if model is None or not study.many_shifts:
        return
    for shift in study.many_shifts:
        pattern = load(model, shift)
        assert isinstance(pattern, ShiftInstance)
        instance = widened(pattern, study.many_trips, np.random.default_rng(1))
        yield _row(f"like GD-4-1000-0, {study.many_trips} trips", instance, None, study.many_seconds, clock)


def _row(name: str, instance: Instance, best: int | None, seconds: float, clock: Clock) -> dict[str, Any]:
    outcome: Outcome[MdvspPlan] = solve(instance, seconds=seconds, clock=clock)
    faults = check.violations(instance, outcome.plan)
    assert not faults, faults[0].text
    assert check.cost(instance, outcome.plan) == outcome.cost
    return {
        "instance": name,
        "depots": instance.depots,
        "trips": instance.trips,
        "shift": None if isinstance(instance, FixedInstance) else instance.shift,
        "vehicles": len(outcome.plan.routes),
        "cost": outcome.cost,
        "best known": best,
        "excess share": None if best is None else outcome.cost / best - 1,
        "bound": outcome.bound,
        "bound share below": None if best is None else 1 - outcome.bound / best,
        "gap": relative_gap(outcome.cost, outcome.bound),
        "seconds": outcome.wall_seconds,
        "reached after": _reached(outcome),
    }


def _reached(outcome: Outcome[MdvspPlan]) -> float:
    """Return after how many seconds the plan that was returned had been found."""
    return min((news.seconds for news in outcome.progress if news.cost == outcome.cost), default=math.nan)


def _known(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    return {row["instance"]: int(row["best_known"]) for row in csv.DictReader(path.read_text().splitlines())}


def _compile(clock: Clock) -> None:
    one = np.array([[5, 6]])
    solve(FixedInstance(np.array([2]), one, one.T, np.array([[-1, 1], [-1, -1]])), seconds=1.0, clock=clock)
    travel = np.array([[0, 3], [3, 0]])
    ends = np.array([1, 0])
    two = ShiftInstance(np.array([2]), travel, ends, np.array([5, 20]), ends[::-1], np.array([10, 25]), 1)
    solve(two, seconds=1.0, clock=clock)
