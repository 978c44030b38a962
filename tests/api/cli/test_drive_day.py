"""A small day driven whole through the API, by everybody, in fast-forward: everything holds at its end."""

import orjson
import pytest

from tests.api.cli.commands import assert_refused, parkdispatch

pytestmark = pytest.mark.store


def test_a_day_is_driven_by_everybody_and_everything_holds_at_its_end():
    said = parkdispatch("drive-day", "--visits", "40", "--seed", "3", "--step", "5", "--clients", "8", "--json")

    told = orjson.loads(said.out)
    unwell = {what for what in told["failures"] if "503 store-unavailable" not in what}  # a machine that is very busy
    assert not unwell
    assert said.code == 0 or told["failures"], (told["details"], told["faults"])
    assert set(told["holds"]) == {
        "the service never failed",
        "the books balance",
        "visits by state",
        "nobody was oversold",
        "every refusal had a reason",
        "fast enough",
    }
    assert all(holds for what, holds in told["holds"].items() if what != "the service never failed")
    assert set(told["requests"]) == {"auditor", "driver", "enterprise", "gate", "operator", "warehouse"}
    assert {each["kind"] for each in told["closures"]} == {"dock_group", "gate", "warehouse"}
    assert sum(each["moved"] for each in told["closures"]) > 0
    assert {"TruckCheckedOut", "AppointmentDisplaced", "OfferMade", "DayClosed"} <= set(told["events"])
    assert told["kpis"]["hour"]["whole"]["completed"] > 20


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "bookings").write_text("mine")

    said = parkdispatch("drive-day", "--visits", "40", "--data-dir", tmp_path)

    assert_refused(said, "--data-dir", "not empty")
