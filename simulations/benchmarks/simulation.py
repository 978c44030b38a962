"""The kernel beside SimPy and Ciw on the same draws, and how its time and memory grow with the day."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from simulations.benchmarks.big_park import gate_and_docks, plain_day, whole_day, whole_park
from simulations.kernel.arrays import FloatArray
from simulations.kernel.compiled import IS_COMPILED
from simulations.kernel.draws import Draws, draws, generator, roll
from simulations.kernel.layout import Layout
from simulations.kernel.legs import Legs
from simulations.kernel.run import Kernel
from simulations.kernel.times import Mark

Clock = Callable[[], float]
KIB_A_MB = 1024
CLOSE_MINUTES = 1e-9
CIW_CLOSE_MINUTES = 1e-6  # Ciw adds up the times between arrivals


@dataclass(frozen=True, slots=True)
class Study:
    """Which days are simulated how often; the rivals only on the day of `compared` visits."""

    visits: Sequence[int] = (2_500, 5_000, 10_000, 20_000, 50_000)
    compared: int = 10_000
    repeats: int = 20
    rival_repeats: int = 2
    replications: int = 1_000
    threads: int = 2
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Case:
    """A park, its day and the draws of a replication."""

    layout: Layout
    legs: Legs
    drawn: Draws


def missing_rivals() -> list[str]:
    """Return the rivals that are not installed; they are development dependencies."""
    return [name for name in ("simpy", "ciw") if find_spec(name) is None]


def rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per park and program; `times faster` is the rival's best time over the kernel's in this run.

    The memory is the peak of a process that does nothing but simulate such a day.
    A clock of processor time compares best: other programs on the machine disturb long runs more than short ones.
    """
    there = {name for name in ("simpy", "ciw") if name not in missing_rivals()}
    for visits in study.visits:
        case = whole_case(visits, study.seed)
        row, times = _kernel_row("whole park", visits, case, study, clock)
        yield row | {"MB of a process": _memory_of_a_process(visits)}
        if visits == study.compared and "simpy" in there:
            yield _simpy_row(row, case, times, study, clock)
    case = plain_case(study.compared, study.seed)
    row, times = _kernel_row("gate and docks", study.compared, case, study, clock)
    yield row
    if "simpy" in there:
        yield _simpy_row(row, case, times, study, clock)
    if "ciw" in there:
        yield _ciw_row(row, case, times, study, clock)


def replication_rows(study: Study, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield how long many replications of the compared day take, draws included."""
    case = whole_case(study.compared, study.seed)
    kernel = Kernel(case.layout, case.legs)

    def one(replication: int) -> float:
        dice = roll(generator(study.seed, replication), len(case.legs))
        times = kernel.run(draws(case.layout, case.legs, dice))
        return float(np.nanmean(times.turn_time[case.legs.visit]))

    began = clock()
    with ThreadPoolExecutor(study.threads) as pool:
        turn = list(pool.map(one, range(study.replications)))
    seconds = clock() - began
    yield {
        "day": f"whole park {study.compared}",
        "replications": study.replications,
        "threads": study.threads,
        "seconds": seconds,
        "ms each": 1e3 * seconds / study.replications,
        "turn time": float(np.mean(turn)),
    }


def whole_case(visits: int, seed: int) -> Case:
    """Return the park in which everything happens."""
    return _drawn(whole_park(visits), whole_day(visits, np.random.default_rng(seed)), seed)


def plain_case(visits: int, seed: int) -> Case:
    """Return the park of one gate and docks."""
    return _drawn(gate_and_docks(visits), plain_day(visits, np.random.default_rng(seed)), seed)


def _drawn(layout: Layout, legs: Legs, seed: int) -> Case:
    return Case(layout, legs, draws(layout, legs, roll(generator(seed, 0), len(legs))))


def _kernel_row(park: str, visits: int, case: Case, study: Study, clock: Clock) -> tuple[dict[str, Any], FloatArray]:
    kernel = Kernel(case.layout, case.legs)
    kernel.run(case.drawn)  # compiles, or loads what was compiled
    times, seconds = _best(lambda: kernel.run(case.drawn), study.repeats, clock)
    row = _row(park, visits, "this kernel" if IS_COMPILED else "this kernel, uncompiled", seconds)
    return row | {"events": times.events, "us an event": 1e6 * seconds / times.events}, times.at


def _simpy_row(kernel: dict[str, Any], case: Case, at: FloatArray, study: Study, clock: Clock) -> dict[str, Any]:
    from simulations.benchmarks import simpy_park  # noqa: PLC0415 - a development dependency

    found, seconds = _best(lambda: simpy_park.simulate(case.layout, case.legs, case.drawn), study.rival_repeats, clock)
    assert np.allclose(found, at, rtol=0, atol=CLOSE_MINUTES, equal_nan=True), "SimPy has other times"
    return _rival(kernel, "SimPy", seconds)


def _ciw_row(kernel: dict[str, Any], case: Case, at: FloatArray, study: Study, clock: Clock) -> dict[str, Any]:
    from simulations.benchmarks import ciw_park  # noqa: PLC0415 - a development dependency

    found, seconds = _best(lambda: ciw_park.simulate(case.layout, case.legs, case.drawn), study.rival_repeats, clock)
    ours = at[[Mark.GATE_BEGINS, Mark.DOCK_BEGINS]]
    assert np.allclose(found, ours, rtol=0, atol=CIW_CLOSE_MINUTES), "Ciw has other times"
    return _rival(kernel, "Ciw", seconds)


def _rival(kernel: dict[str, Any], program: str, seconds: float) -> dict[str, Any]:
    row = _row(kernel["park"], kernel["visits"], program, seconds)
    return row | {"times faster": 1e3 * seconds / kernel["ms"]}


def _row(park: str, visits: int, program: str, seconds: float) -> dict[str, Any]:
    return {
        "park": park,
        "visits": visits,
        "program": program,
        "ms": 1e3 * seconds,
        "events": None,
        "us an event": None,
        "times faster": None,
        "MB of a process": None,
    }


def _best(action: Callable[[], Any], repeats: int, clock: Clock) -> tuple[Any, float]:
    """Return what the action gives and the shortest of its times."""
    shortest, found = float("inf"), None
    for _ in range(repeats):
        began = clock()
        found = action()
        shortest = min(shortest, clock() - began)
    return found, shortest


def _memory_of_a_process(visits: int) -> int:
    """Return the peak megabytes of a process that does nothing but simulate a day."""
    command = [sys.executable, "-m", "simulations.benchmarks.simulation", str(visits)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - this project's own command
    return int(done.stdout)


def main(visits: int) -> None:
    """Simulate a day twice and print the peak megabytes of this process."""
    case = whole_case(visits, 1)
    kernel = Kernel(case.layout, case.legs)
    for _ in range(2):
        kernel.run(case.drawn)
    sys.stdout.write(f"{_peak_kib() // KIB_A_MB}\n")


def _peak_kib() -> int:
    """Return the peak memory of this program; what getrusage says counts its parent too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
