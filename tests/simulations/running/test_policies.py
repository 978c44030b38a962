from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dispatch.files import load_park
from dispatch.planning.slots import slot_problem
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.policies.find import find_policy, policy_names
from simulations.policies.optimised import Optimised
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import tied_matching
from simulations.running.deciding import known, planned, replanned
from simulations.scenarios.changes import LaneClosed, NoShow, WalkIns
from simulations.scenarios.stage import Stage, staged
from solver.reading import BadInput
from solver.slots import check

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
NARROW = replace(PARK, gates=tuple(replace(gate, entry_lanes=1) for gate in PARK.gates))
DAY = generate_day(NARROW, visits=500, seed=3)
BASE = Stage(NARROW, DAY.date, DAY.visits, (), DAY.loads, DAY.trucks, estimated(NARROW))
EFFORT = Effort(2.0)


class Spy:
    """Writes down what it is shown."""

    def __init__(self) -> None:
        self.seen: list[Known] = []

    def plan(self, known: Known, effort: Effort) -> Decision:
        self.seen.append(known)
        return Decision()

    def replan(self, known: Known, before: Decision, first_slot: int, effort: Effort) -> Decision:
        self.seen.append(known)
        return before


def test_a_policy_sees_neither_walk_ins_nor_what_has_not_begun_yet() -> None:
    closed = LaneClosed(gate="east", lane=1, begins="09:00", ends="11:00")
    stage = staged(BASE, [WalkIns(share=0.5), NoShow(share=0.5), closed], seed=1)
    spy = Spy()

    replanned(stage, spy, planned(stage, spy, EFFORT), EFFORT)

    before, after = spy.seen
    assert {visit.id for visit in before.visits} == {visit.id for visit in stage.booking}
    assert before.free.gates[0].min() > 0
    assert set(np.flatnonzero(after.free.gates[0] == 0)) == set(range(37, 44))  # told at 09:00, ten minutes to react


def test_what_is_announced_is_seen_before_the_day() -> None:
    closed = LaneClosed(gate="east", lane=1, begins="09:00", ends="11:00", announced=True)
    spy = Spy()

    stage = staged(BASE, [closed], seed=1)
    replanned(stage, spy, planned(stage, spy, EFFORT), EFFORT)

    assert len(spy.seen) == 1
    assert (spy.seen[0].free.gates[0, 36:44] == 0).all()


@pytest.mark.parametrize("name", ["first_come", "optimised"])
def test_a_plan_keeps_every_rule_and_ties_loads_to_their_visits_slots(name: str) -> None:
    at_first = known(BASE, [])
    decision = find_policy("test", name).plan(at_first, EFFORT)

    problem = slot_problem(NARROW, DAY.date, DAY.visits)
    slot_of = {each.visit.id: each.slot for each in decision.placements}
    start = np.array([slot_of.get(visit.id, -1) for visit in problem.visits])
    assert not check.violations(problem.instance, start)
    assert_kept(decision, at_first)


def assert_kept(decision: Decision, known: Known) -> None:
    """Every chained load begins when its visit's slot lets it."""
    matching = tied_matching(known, decision.placements)
    window = {load.id: (load.earliest, load.latest) for load in matching.loads}
    chained = [each for chain in decision.chains for each in chain.loads]
    assert len(chained) > 0.5 * len(known.loads)
    assert all(window[each.load][0] <= each.starts_at <= window[each.load][1] for each in chained)


def test_the_optimised_policy_plans_the_rest_of_a_broken_day_again() -> None:
    closed = LaneClosed(gate="east", lane=1, begins="09:00", ends="11:00")
    stage = staged(BASE, [closed], seed=1)
    plan = planned(stage, Optimised(), EFFORT)

    after = replanned(stage, Optimised(), plan, EFFORT)

    old, new = ({each.visit.id: (each.slot, each.gate) for each in decision.placements} for decision in (plan, after))
    assert all(new[visit][0] == slot for visit, (slot, _) in old.items() if slot < 37)
    assert not [visit for visit, (slot, gate) in new.items() if gate == "east" and 37 <= slot < 44]
    moved = [visit for visit in new if visit in old and new[visit][0] != old[visit][0]]
    assert 0 < len(moved) < 0.5 * len(old)


def test_a_users_own_policy_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, ["[parkdispatch.policies]", "spy = tests.simulations.running.test_policies:Spy", "no = math:pi"])
    monkeypatch.syspath_prepend(tmp_path)

    assert isinstance(find_policy("file", "spy"), Spy)
    assert policy_names()[:3] == ("uncoordinated", "first_come", "optimised")
    with pytest.raises(BadInput, match="no plan and replan"):
        find_policy("file", "no")
    with pytest.raises(BadInput, match="known: uncoordinated"):
        find_policy("file", "wishful")


def install(folder: Path, entry_points: Sequence[str]) -> None:
    info = folder / "own-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(entry_points))
