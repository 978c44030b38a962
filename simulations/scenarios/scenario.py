"""A scenario: a base day, what is changed about it, and how it is run."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar, Literal

from dispatch.files import MAX_DAY_THINGS
from dispatch.model.faults import FieldFault, check_range
from dispatch.model.park import FORBID_UNKNOWN
from simulations.demand.days import MAX_SEED
from simulations.scenarios.changes import Change

MOST_REPLICATIONS = 100_000
MOST_GRID = 10_000


@dataclass(frozen=True, slots=True)
class Base:
    """Which day is changed: one generated for the demo park, a saved one (`directory`), or the service's live plan.

    `date` is of a generated day (any by default) or of the live plan (today by default).
    """

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    kind: Literal["demo", "day", "live"]
    visits: int = 10_000
    seed: int = 1
    date: dt.date | None = None
    directory: str | None = None

    def __post_init__(self) -> None:
        check_range("visits", self.visits, 0, MAX_DAY_THINGS)
        check_range("seed", self.seed, 0, MAX_SEED)
        if (self.directory is not None) != (self.kind == "day"):
            raise FieldFault("directory", "goes with kind 'day', and with no other")


@dataclass(frozen=True, slots=True)
class Grid:
    """Values to be run in every combination, each in the place of the scenario's own change of that kind."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    lanes: tuple[int, ...] = ()
    demand: tuple[float, ...] = ()
    no_show: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for i, lanes in enumerate(self.lanes):
            check_range(f"lanes[{i}]", lanes, 1, 1000)
        for name, high in (("demand", 10.0), ("no_show", 1.0)):
            for i, value in enumerate(getattr(self, name)):
                if not 0 <= value <= high:
                    raise FieldFault(f"{name}[{i}]", f"is {value}, must be from 0 to {high:g}")
        combinations = max(1, len(self.lanes)) * max(1, len(self.demand)) * max(1, len(self.no_show))
        check_range("lanes", combinations, 1, MOST_GRID)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked: `changes` of the `base` day, run under `policy` (in `compare`: under each)."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    version: int
    title: str
    base: Base
    description: str = ""
    policy: str = "optimised"
    replications: int = 20
    seed: int = 1
    plan_seconds: float = 12.0
    changes: tuple[Change, ...] = ()
    grid: Grid | None = None

    def __post_init__(self) -> None:
        if self.version != 1:
            raise FieldFault("version", f"is {self.version}, this program reads version 1")
        check_range("replications", self.replications, 1, MOST_REPLICATIONS)
        check_range("seed", self.seed, 0, MAX_SEED)
        if not 0.1 <= self.plan_seconds <= 600:
            raise FieldFault("plan_seconds", f"is {self.plan_seconds}, must be from 0.1 to 600")
