import time

from simulations.benchmarks import slots


def test_the_slot_table_has_a_lawful_row_per_day_and_method():
    study = slots.Study(days=[("flat", 60)], seconds=[1.0], large=[], highs_seconds=5.0, cp_sat_seconds=5.0)

    found = list(slots.rows(study, time.monotonic))

    assert [row["method"].split(",")[0] for row in found] == ["first come", "greedy", "this solver", "HiGHS", "CP-SAT"]
    assert max(row["bound"] or 0 for row in found) <= min(row["cost"] for row in found)
