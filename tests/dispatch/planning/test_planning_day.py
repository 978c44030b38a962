from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from dispatch.files import load_day, load_park
from dispatch.planning.matching import matching_problem
from dispatch.planning.permitted import OpenLoad
from dispatch.planning.report import hours_of_wishes, load_report, slot_figures, slot_report
from dispatch.planning.slots import slot_problem
from dispatch.planning.together import Budget, Requests, Watch
from dispatch.planning.whole_day import PlanRejected, accept, plan_day
from dispatch.roads.find import table_for
from simulations.demand.generate import generate_day
from simulations.demand.write import write_day
from solver.matching import check as matching_check
from solver.matching import instance as matching_instance
from solver.matching.plan import Chain, MatchingPlan
from solver.outcome import Outcome, Progress, Status
from solver.reading import BadInput
from solver.slots import check as slot_check
from solver.slots import instance as slot_instance
from solver.slots.instance import SlotPlan
from tests.dispatch.tiny import DAY, a_day, a_gate, a_load, a_park, a_table, a_truck, a_visit, a_warehouse, at

SHORT = Budget(slot_seconds=1.0, matching_seconds=1.0)


def an_outcome(plan: SlotPlan, cost: int) -> Outcome[SlotPlan]:
    return Outcome(plan, cost, 0, 0.5, Status.FEASIBLE, "a relaxation")


def test_figures_are_of_the_placed_visits() -> None:
    visits = [a_visit(f"V{i}", plate=f"浙B0000{i}", wish=wish) for i, wish in enumerate(("08:00", "08:00", "09:00"))]
    problem = slot_problem(a_park(), DAY, visits)

    figures = slot_figures(problem, np.array([32, 36, -1]))

    assert (figures.visits, figures.placed) == (3, 2)
    assert figures.share_placed == pytest.approx(2 / 3)
    assert figures.mean_displacement_minutes == 30
    assert figures.p95_displacement_minutes == pytest.approx(57)
    assert figures.cost == 4 + 2000


def test_when_everybody_comes_as_they_wish_hours_are_over_capacity() -> None:
    park = a_park(gates=(a_gate(seconds=450),), warehouses=(a_warehouse(docks=1),))
    visits = [a_visit(f"V{i}", plate=f"浙B0000{i}", wish="08:30", minutes=15) for i in range(5)]

    hours = hours_of_wishes(slot_problem(park, DAY, visits))

    assert len(hours) == 24
    assert (hours[8].wishes, hours[8].gate, hours[8].over_gate, hours[8].over_docks) == (5, 8, 3, 4)
    assert sum(hour.wishes for hour in hours) == 5
    assert hours[9].over_gate == 0


def test_first_come_first_served_is_in_the_order_of_requests() -> None:
    park = a_park(warehouses=(a_warehouse(docks=1),))
    narrow = {"wish": "08:00", "minutes": 15, "earliest": at("08:00"), "latest": at("08:00")}
    visits = [
        a_visit("V1", plate="浙B00001", requested_at=at("11:00", days=-1), weight=9, **narrow),
        a_visit("V2", plate="浙B00002", requested_at=at("10:00", days=-1), weight=1, **narrow),
    ]
    problem = slot_problem(park, DAY, visits)
    best = np.array([-1, problem.instance.wish[1]])

    report = slot_report(problem, an_outcome(SlotPlan(best), slot_check.cost(problem.instance, best)))

    assert report.first_come.cost == 9 * 2000
    assert report.plan.cost == 1 * 2000
    assert report.left_out == 0


def test_loads_are_compared_with_driving_each_alone_and_with_the_nearest() -> None:
    loads = [a_load("L1"), a_load("L2", origin="W1", destination="PORT", latest=at("12:00"), due=at("18:00"))]
    problem = matching_problem(a_park(), DAY, loads, [a_truck(home="W1")], a_table())
    plan = MatchingPlan((Chain(0, (0, 1), (480, 570)),), ())
    cost = matching_check.cost(problem.instance, plan)

    report = load_report(problem, Outcome(plan, cost, cost, 0.5, Status.OPTIMAL, "a relaxation"))

    assert matching_check.violations(problem.instance, plan) == []
    assert (report.plan.served, report.plan.loaded_km, report.plan.empty_km) == (2, 20, 20)
    assert report.plan.empty_share == pytest.approx(0.5)
    assert (report.alone.empty_km, report.alone.loaded_km) == (20, 20)
    assert report.greedy_nearest.served == 2
    assert report.proof.gap == 0.0


def test_an_empty_day_has_an_empty_plan() -> None:
    plan = plan_day(a_park(), DAY, Requests((), (), ()), table_for(a_park(), Path()), SHORT)

    assert plan.placements == ()
    assert plan.chains == ()
    assert plan.report.slots.plan.share_placed == 1.0
    assert plan.report.slots.proof.cost == plan.report.matching.proof.cost == 0


def test_a_small_day_is_planned_whole_and_its_report_is_plain_json() -> None:
    park = a_park()
    day = generate_day(park, visits=40, seed=3)
    news: list[Progress] = []

    plan = plan_day(
        park,
        day.date,
        Requests(day.visits, [OpenLoad(each) for each in day.loads], day.trucks),
        table_for(park, Path()),
        SHORT,
        watch=Watch(news.append),
    )

    report = orjson.loads(orjson.dumps(plan.report.as_json()))
    assert report["slots"]["placed"] == len(plan.placements) > 0
    assert report["slots"]["bound"] <= report["slots"]["cost"]
    assert report["matching"]["served"] == sum(len(chain.loads) for chain in plan.chains) > 0
    assert report["matching"]["bound"] <= report["matching"]["cost"] <= report["matching"]["greedy_nearest"]["cost"]
    assert {"mean_displacement_minutes", "gap", "seconds", "bound_from"} <= report["slots"].keys()
    assert {"empty_km", "empty_share", "trucks_used", "alone"} <= report["matching"].keys()
    assert {each.stage.partition(":")[0] for each in news} == {"slots", "matching"}


def test_a_run_that_is_stopped_still_returns_lawful_plans() -> None:
    day = generate_day(a_park(), visits=40, seed=3)
    requests = Requests(day.visits, [OpenLoad(each) for each in day.loads], day.trucks)

    plan = plan_day(
        a_park(), day.date, requests, table_for(a_park(), Path()), SHORT, watch=Watch(should_stop=lambda: True)
    )

    assert plan.slot_outcome.status in (Status.INTERRUPTED, Status.OPTIMAL)
    assert plan.matching_outcome.status in (Status.INTERRUPTED, Status.OPTIMAL)


def test_a_plan_that_a_checker_rejects_or_that_claims_too_much_is_not_accepted() -> None:
    outcome = an_outcome(SlotPlan(np.array([32])), 5)

    accept("slots", [], outcome, 5)
    with pytest.raises(PlanRejected, match=r"slots: S2 dock group 0 .* \(and 1 more\)"):
        accept("slots", ["S2 dock group 0 slot 32: 3 trucks, 2 docks", "S3"], outcome, 5)
    with pytest.raises(PlanRejected, match="claims cost 5 and bound 0; the plan costs 6"):
        accept("slots", [], outcome, 6)
    with pytest.raises(PlanRejected, match="claims cost 5 and bound 9"):
        accept("slots", [], replace(outcome, bound=9), 5)


def test_a_day_is_written_as_four_files_that_read_back(tmp_path: Path) -> None:
    day = generate_day(a_park(), visits=20, seed=1)
    write_day(day, a_park(), table_for(a_park(), Path()), tmp_path / "out")

    park = load_park(tmp_path / "out" / "park.json")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "day.json",
        "matching.json",
        "park.json",
        "slots.json",
    ]
    assert park == a_park()
    assert load_day(tmp_path / "out" / "day.json", park) == day
    assert slot_instance.load(tmp_path / "out" / "slots.json").visits == 20
    assert len(matching_instance.load(tmp_path / "out" / "matching.json").loads) == 10


def test_the_same_day_is_written_in_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_day(a_day(), a_park(), table_for(a_park(), Path()), tmp_path / name)

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_day_that_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path) -> None:
    (tmp_path / "day.json").mkdir()

    with pytest.raises(BadInput, match="is a directory"):
        write_day(a_day(), a_park(), table_for(a_park(), Path()), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["day.json"]
