"""The mission's benchmark: days of several sizes, ordinary and disturbed, under the three policies."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dispatch.model.park import Park
from dispatch.roads.table import TravelTable
from simulations.kernel.arrays import FloatArray
from simulations.policies.find import BUILT_IN
from simulations.running import plots
from simulations.running.comparing import BASELINE, CHANGED, Run, Tell, Watching, compared
from simulations.running.intervals import difference, interval
from simulations.running.measures import SCALARS
from simulations.scenarios.base import base_stage
from simulations.scenarios.library import find_scenario
from simulations.scenarios.scenario import Scenario

Clock = Callable[[], float]
DAYS = {BASELINE: "ordinary", CHANGED: "disturbed"}
DISTURBED = "disturbed-day"
SHOWN = (
    "slot_share",
    "gate_wait_minutes",
    "dock_wait_minutes",
    "turn_minutes",
    "turn_minutes_p95",
    "gate_queue_max",
    "spill_back_minutes",
    "on_time_share",
    "displaced_minutes",
    "wish_to_dock_minutes",
    "empty_km",
    "empty_share",
    "co2_kg",
)
UP_IS_GOOD = ("slot_share", "on_time_share", "loads_served", "visits")


@dataclass(frozen=True, slots=True)
class Study:
    """How many visits the days have, how often each is run, and how long a plan may take."""

    visits: Sequence[int] = (5_000, 7_500, 10_000)
    replications: int = 30
    seed: int = 1
    plan_seconds: float = 40.0
    policies: Sequence[str] = field(default_factory=lambda: tuple(BUILT_IN))


@dataclass(frozen=True)
class Found:
    """The runs of a study by number of visits, policy and day."""

    runs: Mapping[tuple[int, str, str], Run]


def found(study: Study, park: Park, travel: TravelTable, tell: Tell) -> Found:
    """Run the study: every day of every size under every policy, on the same random numbers within a size."""
    runs: dict[tuple[int, str, str], Run] = {}
    for visits in study.visits:
        scenario = _scenario(study, visits)
        base = base_stage(DISTURBED, scenario.base, park, travel)
        watch = Watching(partial(_tell_of, tell, visits))
        for run in compared(DISTURBED, scenario, base, study.policies, watch):
            runs[visits, run.policy, run.day] = run
    return Found(runs)


def rows(study: Study, of: Found, shown: Sequence[str] = tuple(SCALARS)) -> Iterator[dict[str, Any]]:
    """Yield a row per size, day and measure: each policy's mean and half width, and what planning changes.

    The differences are the optimised policy's from the two others, paired by replication.
    """
    last = study.policies[-1]
    for visits in study.visits:
        for day, name in DAYS.items():
            ran = {policy: of.runs[visits, policy, day].ran for policy in study.policies}
            for measure in shown:
                row: dict[str, Any] = {"visits": visits, "day": name, "measure": measure}
                for policy in study.policies:
                    means = interval(ran[policy].scalar(measure))
                    row[policy], row[f"{policy} +-"] = float(means.mean), float(means.half_width)
                for other in study.policies[:-1]:
                    apart = difference(ran[last].scalar(measure), ran[other].scalar(measure))
                    row[f"{last} less {other}"] = float(apart.mean)
                    row[f"less {other} +-"] = float(apart.half_width)
                yield row


def no_help(study: Study, of: Found) -> list[str]:
    """Return, in words, where planning does not help: the optimised policy is worse than another, or not better."""
    last = study.policies[-1]
    said = []
    for (visits, policy, day), run in of.runs.items():
        if policy == last:
            continue
        planned = of.runs[visits, last, day].ran
        for measure in SHOWN:
            apart = difference(planned.scalar(measure), run.ran.scalar(measure))
            gain = float(apart.mean) * (1 if measure in UP_IS_GOOD else -1)
            if gain < 0 and apart.excludes_zero():
                said.append(
                    f"{visits} visits, {DAYS[day]} day, {measure}: {last} is worse than {policy} by "
                    f"{abs(float(apart.mean)):.3g} +- {float(apart.half_width):.2g}"
                )
            elif not apart.excludes_zero():
                said.append(f"{visits} visits, {DAYS[day]} day, {measure}: no difference from {policy} that is certain")
    return said


def table(study: Study, of: Found, measures: Sequence[str] = SHOWN) -> list[dict[str, Any]]:
    """Return the table people read: a row per size, day and measure, means with half widths in one cell."""
    lines = []
    for row in rows(study, of, measures):
        line: dict[str, Any] = {name: row[name] for name in ("visits", "day", "measure")}
        for policy in study.policies:
            line[policy] = _cell(row[policy], row[f"{policy} +-"])
        last = study.policies[-1]
        for other in study.policies[:-1]:
            line[f"{last} less {other}"] = _cell(row[f"{last} less {other}"], row[f"less {other} +-"])
        lines.append(line)
    return lines


def draw(study: Study, of: Found, folder: Path) -> list[str]:
    """Draw the pictures of the study and return their names."""
    names = []
    for visits in study.visits:
        for day, word in DAYS.items():
            ran = {policy: of.runs[visits, policy, day].ran for policy in study.policies}
            name = f"queue-{visits}-{word}.svg"
            plots.queue_over_day(ran, folder / name, f"{visits:,} visits, {word} day: trucks before the gates")
            names.append(name)
    largest = max(study.visits)
    ran = {policy: of.runs[largest, policy, BASELINE].ran for policy in study.policies}
    plots.turn_times(ran, folder / "turn-times.svg", f"{largest:,} visits, ordinary day: turn time")
    groups = [f"{visits:,}, {word}" for visits in study.visits for word in DAYS.values()]
    shares: dict[str, FloatArray] = {}
    for policy in study.policies:
        found_shares = [
            interval(100 * of.runs[visits, policy, day].ran.scalar("empty_share"))
            for visits in study.visits
            for day in DAYS
        ]
        shares[policy] = np.array([[float(each.mean), float(each.half_width)] for each in found_shares])
    plots.bars(groups, shares, folder / "empty-share.svg", "Empty share of all kilometres", "%")
    return [*names, "turn-times.svg", "empty-share.svg"]


def _scenario(study: Study, visits: int) -> Scenario:
    scenario = find_scenario(DISTURBED)
    return replace(
        scenario,
        base=replace(scenario.base, visits=visits),
        replications=study.replications,
        seed=study.seed,
        plan_seconds=study.plan_seconds,
    )


def _tell_of(tell: Tell, visits: int, text: str) -> None:
    tell(f"{visits} visits: {text}")


def _cell(mean: float, half: float) -> str:
    return f"{mean:.4g} ± {half:.2g}"
