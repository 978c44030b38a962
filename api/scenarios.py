"""Scenarios as requests name them: read and checked without what simulating takes to load."""

from typing import Any

from dispatch.model.park import Park
from simulations.policies.find import check_policy
from simulations.scenarios.read import check_fits, scenario_of
from simulations.scenarios.scenario import Scenario

NO_POLICY = "none"


def scenario_from(arguments: dict[str, Any]) -> Scenario:
    """Return the scenario of a job's arguments; BadInput for what cannot be used."""
    return scenario_of(
        "scenario",
        {
            "version": 1,
            "title": "what if",
            "base": {"kind": "live"},
            "policy": arguments["policy"],
            "replications": arguments["replications"],
            "seed": arguments["seed"],
            "plan_seconds": arguments["seconds"],
            "changes": arguments["changes"],
        },
    )


def check_scenario(park: Park, arguments: dict[str, Any]) -> None:
    """Raise BadInput where a scenario of the park cannot be run as it is asked."""
    scenario = scenario_from(arguments)
    check_fits("scenario", scenario, park)
    if scenario.policy != NO_POLICY:
        check_policy("scenario", scenario.policy)
