"""The comparison people read: the same day without a plan, by simple rules, and as planned.

Slots: everybody comes when they wish; first come, first served in the order of requests; the plan. Loads: each out and
back alone; the nearest load greedily; the plan. Every figure is recomputed from the starts and chains.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dispatch.planning.matching import MatchingProblem
from dispatch.planning.slots import SlotProblem
from solver.matching import baselines as matching_baselines
from solver.matching.plan import MatchingPlan
from solver.outcome import Outcome
from solver.reading import IntArray
from solver.slots import baselines as slot_baselines
from solver.slots import carriers
from solver.slots import check as slot_check
from solver.slots.instance import SlotPlan


@dataclass(frozen=True, slots=True)
class Proof:
    """How good a plan is: its cost, what no plan can be below and by which relaxation, and what finding it took."""

    cost: int
    bound: int
    gap: float
    seconds: float
    bound_from: str
    status: str


@dataclass(frozen=True, slots=True)
class SlotFigures:
    """What a way of giving out slots does to the visits; displacement is of the placed ones, from their wish.

    `jain` is Jain's index of what carriers bear (`solver.slots.carriers`).
    """

    visits: int
    placed: int
    share_placed: float
    mean_displacement_minutes: float
    p95_displacement_minutes: float
    jain: float
    cost: int


@dataclass(frozen=True, slots=True)
class HourOfWishes:
    """One hour when everybody comes as they wish, against what gates and docks can take.

    `over_gate` is by how many trucks the hour's wishes exceed what the gates admit, slot by slot; `over_docks` is
    the dock-slots above what the dock groups have, summed over groups and slots.
    """

    hour: int
    wishes: int
    gate: int
    over_gate: int
    over_docks: int


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """What a way of giving out loads drives; empty share is empty / all kilometres."""

    loads: int
    served: int
    empty_km: int
    loaded_km: int
    empty_share: float
    trucks_used: int | None
    cost: int | None


@dataclass(frozen=True, slots=True)
class SlotReport:
    """The three ways for visits. `left_out` counts visits with no start on this day, which are in no figure."""

    plan: SlotFigures
    proof: Proof
    first_come: SlotFigures
    uncoordinated: tuple[HourOfWishes, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The three ways for loads."""

    plan: LoadFigures
    proof: Proof
    alone: LoadFigures
    greedy_nearest: LoadFigures


@dataclass(frozen=True, slots=True)
class DayReport:
    """The comparison of one day; `together` is the proof of both parts, each by its own rules alone."""

    slots: SlotReport
    matching: LoadReport
    together: Proof

    def as_json(self) -> dict[str, Any]:
        """Return the report as nested dicts of plain numbers and texts, plan and proof side by side."""
        slots, matching = asdict(self.slots), asdict(self.matching)
        for part in (slots, matching):
            part.update(part.pop("plan") | part.pop("proof"))
        slots["uncoordinated"] = list(slots["uncoordinated"])
        return {"slots": slots, "matching": matching, "together": asdict(self.together)}


def slot_report(problem: SlotProblem, outcome: Outcome[SlotPlan], asked: SlotProblem | None = None) -> SlotReport:
    """Return the comparison for visits; `asked` is the problem with their own wishes where `problem` has others.

    Figures are by their own wishes, the proof is of `problem`. Visits stand in the order of their requests.
    """
    asked = problem if asked is None else asked
    in_order = np.arange(asked.instance.visits)
    return SlotReport(
        plan=slot_figures(asked, outcome.plan.start),
        proof=_proof(outcome),
        first_come=slot_figures(asked, slot_baselines.first_come(asked.instance, in_order).start),
        uncoordinated=hours_of_wishes(asked),
        left_out=len(problem.left_out),
    )


def slot_figures(problem: SlotProblem, start: IntArray) -> SlotFigures:
    """Return the figures of starts, (V,) with -1 for not placed."""
    found = slot_baselines.measures(problem.instance, start)
    return SlotFigures(
        visits=found.visits,
        placed=found.placed,
        share_placed=found.placed_share,
        mean_displacement_minutes=found.mean_displacement_minutes,
        p95_displacement_minutes=found.p95_displacement_minutes,
        jain=carriers.report(problem.instance, start).jain,
        cost=found.cost,
    )


def hours_of_wishes(problem: SlotProblem) -> tuple[HourOfWishes, ...]:
    """Return, for every hour of the day, how far wishes are above what gates and docks can take."""
    instance = problem.instance
    found = slot_baselines.uncoordinated(instance)
    wishes = slot_check.gate_use(instance, found.start)
    hour = np.arange(instance.horizon) * instance.slot_minutes // 60
    return tuple(
        HourOfWishes(
            hour=each,
            wishes=int(wishes[hour == each].sum()),
            gate=int(instance.gate[hour == each].sum()),
            over_gate=int(found.gate_excess[hour == each].sum()),
            over_docks=int(found.dock_excess[hour == each].sum()),
        )
        for each in np.unique(hour).tolist()
    )


def load_report(problem: MatchingProblem, outcome: Outcome[MatchingPlan]) -> LoadReport:
    """Return the comparison for loads."""
    driven = matching_baselines.alone(problem.instance)
    loads = len(problem.loads)
    return LoadReport(
        plan=load_figures(problem, outcome.plan),
        proof=_proof(outcome),
        alone=LoadFigures(loads, loads, driven.empty_km, driven.loaded_km, driven.empty_share, None, None),
        greedy_nearest=load_figures(problem, matching_baselines.greedy_nearest(problem.instance)),
    )


def load_figures(problem: MatchingProblem, plan: MatchingPlan) -> LoadFigures:
    """Return the figures of chains."""
    found = matching_baselines.measures(problem.instance, plan)
    return LoadFigures(
        loads=len(problem.loads),
        served=found.served,
        empty_km=found.empty_km,
        loaded_km=found.loaded_km,
        empty_share=found.empty_share,
        trucks_used=found.trucks_used,
        cost=found.cost,
    )


def _proof(outcome: Outcome[Any]) -> Proof:
    return Proof(
        cost=outcome.cost,
        bound=outcome.bound,
        gap=outcome.gap,
        seconds=outcome.wall_seconds,
        bound_from=outcome.bound_from,
        status=outcome.status.value,
    )
