"""What every solver run returns: a plan, what it costs, and how much better any plan could be."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Plan = TypeVar("Plan")


class Status(StrEnum):
    """Why a run ended."""

    OPTIMAL = "optimal"  # bound == cost
    FEASIBLE = "feasible"  # a lawful plan, its gap proven, the method or its time at an end
    INTERRUPTED = "interrupted"  # asked to stop; the best plan and bound so far


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of news from a running solver."""

    seconds: float
    stage: str
    cost: int | None
    bound: int | None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Plan]):
    """A plan with its proof.

    `cost` is the plan's cost as the solver-free checker computes it; `bound` is a proven lower bound on the
    cost of every lawful plan, and `bound_from` names the relaxation that proves it.
    """

    plan: Plan
    cost: int
    bound: int
    wall_seconds: float
    status: Status
    bound_from: str
    progress: tuple[Progress, ...] = ()

    @property
    def gap(self) -> float:
        """Return (cost - bound) / cost, the share of the cost that is not proven necessary; 0.0 when cost is 0."""
        return relative_gap(self.cost, self.bound)


def relative_gap(cost: int, bound: int) -> float:
    """Return (cost - bound) / cost; 0.0 when the cost is 0, for then the bound cannot be above it."""
    return (cost - bound) / cost if cost > 0 else 0.0


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]
