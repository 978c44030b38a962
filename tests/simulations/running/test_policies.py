from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dispatch.files import load_park
from dispatch.model.promises import MatchedLoad
from dispatch.planning.slots import Placement, slot_problem
from dispatch.roads.estimate import estimated
from simulations.demand.generate import generate_day
from simulations.policies.find import find_policy, policy_names
from simulations.policies.optimised import Optimised
from simulations.policies.policy import Decision, Effort, Known
from simulations.policies.tied import tied_matching
from simulations.running.deciding import known, planned, replanned
from simulations.scenarios.changes import DocksClosed, LaneClosed, NoShow, WalkIns
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
    chained = [each for chain in decision.chains for each in chain.loads]
    assert len(chained) > 0.5 * len(known.loads)
    assert_in_slots(chained, known, decision.placements)


def assert_in_slots(chained: Iterable[MatchedLoad], known: Known, placements: Sequence[Placement]) -> None:
    window = {load.id: (load.earliest, load.latest) for load in tied_matching(known, placements).loads}
    assert all(window[each.load][0] <= each.starts_at <= window[each.load][1] for each in chained)


def test_the_optimised_policy_plans_the_rest_of_a_broken_day_again() -> None:
    closed = LaneClosed(gate="east", lane=1, begins="09:00", ends="11:00")
    stage = staged(BASE, [closed], seed=1)
    plan = planned(stage, Optimised(), EFFORT)

    after = replanned(stage, Optimised(), plan, EFFORT)

    old, new = ({each.visit.id: (each.slot, each.gate) for each in decision.placements} for decision in (plan, after))
    assert all(new[visit][0] == slot for visit, (slot, _) in old.items() if slot < 37)
    assert not [visit for visit, (slot, gate) in new.items() if gate == "east" and 37 <= slot < 44]
    changed = [visit for visit in new if visit in old and new[visit] != old[visit]]
    assert 0 < len(changed) < 0.5 * len(old)


def test_loads_not_begun_are_matched_again_when_the_day_breaks() -> None:
    groups = {group.id for warehouse in NARROW.warehouses for group in warehouse.dock_groups}
    closed = [DocksClosed(dock_group=group, begins="11:00", ends="14:00") for group in sorted(groups)[::2]]
    stage = staged(BASE, closed, seed=1)
    plan = planned(stage, Optimised(), EFFORT)

    after = replanned(stage, Optimised(), plan, EFFORT)

    told = NARROW.grid.start_of(DAY.date, -(-(11 * 60 + NARROW.rules.react_minutes) // NARROW.grid.slot_minutes))
    begun = {chain.plate: [each for each in chain.loads if each.starts_at < told] for chain in plan.chains}
    again = {chain.plate: chain.loads for chain in after.chains}
    assert all(list(again[plate][: len(loads)]) == loads for plate, loads in begun.items() if loads)
    assert all(each.starts_at >= told for plate, loads in again.items() for each in loads[len(begun.get(plate, ())) :])
    names = [each.load for loads in again.values() for each in loads]
    assert len(names) == len(set(names))
    assert [chain.loads for chain in after.chains] != [chain.loads for chain in plan.chains]
    ahead = [each for loads in again.values() for each in loads if each.starts_at >= told]
    assert_in_slots(ahead, known(stage, closed), after.placements)


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
