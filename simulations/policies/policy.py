"""What a policy is: a rule that turns what is known of a day into entry slots and chains of loads."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from dispatch.model.day import Load, Truck, Visit
from dispatch.model.park import Park
from dispatch.planning.capacity import FreeCapacity
from dispatch.planning.matching import PlannedChain
from dispatch.planning.slots import Placement
from dispatch.roads.table import TravelTable


@dataclass(frozen=True)
class Known:
    """What is known of a day at one moment, which is all a policy sees.

    `visits` are those that have asked for a slot, in the order of their requests; `free` is what the park is known to
    take, closures known by now included. What trucks will really do, and what will go wrong later, is not in it.
    """

    park: Park
    date: date
    visits: tuple[Visit, ...]
    loads: tuple[Load, ...]
    trucks: tuple[Truck, ...]
    travel: TravelTable
    free: FreeCapacity


@dataclass(frozen=True)
class Decision:
    """What a policy has decided.

    Visits without a placement have no appointment and come when they wish; loads in no chain are driven alone, out
    and back.
    """

    placements: tuple[Placement, ...] = ()
    chains: tuple[PlannedChain, ...] = ()


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a policy may think about one plan, and the seed of its dice."""

    seconds: float
    seed: int = 0


@runtime_checkable
class Policy(Protocol):
    """A rule a simulation dispatches by; one's own is found by an entry point of the group `parkdispatch.policies`."""

    def plan(self, known: Known, effort: Effort) -> Decision:
        """Return what is decided before the day begins."""
        ...

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:
        """Return what is decided anew during the day, when `known` has changed and `before` held so far.

        `first_slot` is the first slot whose trucks can still be told; what comes before it is past.
        """
        ...
