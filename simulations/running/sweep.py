"""A grid of lanes, demand and no-shows under each policy: one task function, run in local processes or on Ray."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.roads.find import table_for
from dispatch.roads.table import TravelTable
from simulations.running.comparing import Watching, runs
from simulations.running.intervals import interval
from simulations.running.results import rows
from simulations.scenarios.base import base_stage
from simulations.scenarios.changes import Change, Demand, Lanes, NoShow
from simulations.scenarios.read import check_fits
from simulations.scenarios.scenario import Grid, Scenario
from simulations.scenarios.stage import staged
from solver.reading import BadInput

Labels = tuple[tuple[str, float], ...]
Engine = Literal["local", "ray"]
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """One task, what a process can be sent: scenarios that hold their labels' values, for one policy.

    They differ in their no-shows only, of which nobody knows when planning: one plan serves them all.
    """

    source: str
    park_file: str
    policy: str
    scenarios: tuple[tuple[Labels, Scenario], ...]


def cells(source: str, park_file: Path, scenario: Scenario, policies: Sequence[str]) -> list[Cell]:
    """Return the tasks of a scenario's grid, policy by policy; BadInput where a change does not fit its lanes."""
    park = base_stage(source, scenario.base, *_place(park_file)).park
    grid = scenario.grid or Grid()
    tasks = []
    for policy, lanes, demand in product(policies, grid.lanes or (None,), grid.demand or (None,)):
        together = [_labels(lanes, demand, no_show) for no_show in grid.no_show or (None,)]
        chosen = tuple((labels, _changed(scenario, labels)) for labels in together)
        for _, each in chosen:
            check_fits(source, each, park)
        tasks.append(Cell(source, str(park_file), policy, chosen))
    return tasks


def cell_rows(cell: Cell) -> list[dict[str, Any]]:
    """Do a task: return its rows, one per measure and scenario."""
    first = cell.scenarios[0][1]
    base = base_stage(cell.source, first.base, *_place(Path(cell.park_file)))
    days = {str(n): staged(base, each.changes, each.seed) for n, (_, each) in enumerate(cell.scenarios)}
    ran = runs(cell.source, first, days, [cell.policy], Watching(_silent))
    labelled = zip(cell.scenarios, ran, strict=True)
    return [
        row
        for (labels, _), run in labelled
        for row in rows({"policy": cell.policy, **dict(labels)}, interval(run.ran.scalars))
    ]


def swept(tasks: Sequence[Cell], engine: Engine, on_done: Callable[[int], None]) -> list[dict[str, Any]]:
    """Return the rows of all tasks in their order, whichever engine does them; BadInput where Ray is not installed."""
    found: dict[int, list[dict[str, Any]]] = {}
    for number, result in (_local if engine == "local" else _on_ray)(tasks):
        found[number] = result
        on_done(len(found))
    return [row for number in range(len(tasks)) for row in found[number]]


def _local(tasks: Sequence[Cell]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        numbers = {pool.submit(cell_rows, cell): number for number, cell in enumerate(tasks)}
        for done in as_completed(numbers):
            yield numbers[done], done.result()


def _on_ray(tasks: Sequence[Cell]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise BadInput("--engine", "ray", "needs the extra: pip install parkdispatch[ray]") from None
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False)  # joins the cluster RAY_ADDRESS names, else starts one on this machine
    try:
        remote = ray.remote(cell_rows)
        numbers = {remote.remote(cell): number for number, cell in enumerate(tasks)}
        waiting = list(numbers)
        while waiting:
            (done,), waiting = ray.wait(waiting)
            yield numbers[done], ray.get(done)
    finally:
        if started:
            ray.shutdown()


def _place(park_file: Path) -> tuple[Park, TravelTable]:
    park = load_park(park_file)
    return park, table_for(park, park_file.parent)


def _labels(lanes: float | None, demand: float | None, no_show: float | None) -> Labels:
    named = (("lanes", lanes), ("demand", demand), ("no_show", no_show))
    return tuple((name, float(value)) for name, value in named if value is not None)


def _changed(scenario: Scenario, labels: Labels) -> Scenario:
    makes: dict[str, Callable[[float], Change]] = {
        "lanes": lambda value: Lanes(entry=int(value)),
        "demand": lambda value: Demand(factor=value),
        "no_show": lambda value: NoShow(share=value),
    }
    own = tuple(makes[name](value) for name, value in labels)
    kept = tuple(each for each in scenario.changes if each.kind not in {change.kind for change in own})
    return replace(scenario, changes=own + kept, grid=None)


def _silent(text: str) -> None:
    """Say nothing."""
