"""Everybody asks in the moment a day's slots are released, over TCP: as many get one as there are places, no more."""

import time
from dataclasses import replace

import pytest

from api import release_burst
from api.release_burst import Burst, released_at_noon
from api.settings import demo_park_file
from dispatch.files import load_park
from dispatch.model.park import Hours
from tests.api.tiny import DAY

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def park():
    """Return the demo park with a few warehouses, and one lane a gate: 180 entries in an hour and a half."""
    demo = load_park(demo_park_file())
    gates = tuple(replace(gate, entry_lanes=1, seconds_per_truck=60) for gate in demo.gates)
    return released_at_noon(replace(demo, gates=gates, warehouses=demo.warehouses[:12]), Hours("09:00", "10:30"))


@pytest.mark.parametrize("waitlist", [False, True])
def test_of_300_who_ask_at_the_release_exactly_180_get_a_place_and_the_rest_hear_why_or_wait(tmp_path, park, waitlist):
    burst = Burst(park, requests=300, connections=100, waitlist=waitlist)

    found = release_burst.burst_in(tmp_path, burst, time.monotonic, DAY)

    assert (burst.places, found.confirmed, len(found.told)) == (180, 180, 300)
    assert (found.oversold, found.differing_keys, found.unbalanced_counters) == (0, 0, 0)
    if waitlist:
        assert (found.waitlisted, found.reasons) == (120, {})
    else:
        assert (found.waitlisted, sum(found.reasons.values())) == (0, 120)
        refused = [each.document for each in found.told if each.status != release_burst.GIVEN]
        assert all(each["resource"] and len(each["alternatives"]) == 3 for each in refused)
        assert set(found.reasons) <= {"gate-full", "docks-full"}
    assert release_burst.row(burst, found)["places"] == 180
