"""What a simulated park needs beyond its park file, each number with its source; docs/scenarios.md prints the table."""

from typing import Any

from simulations.demand.distributions import ASSUMED, HANDLING_SIGMA, Parameter
from simulations.kernel.distributions import Distribution, Kind

TERMINALS = "single-move turn time at Savannah Garden City, 34 min (Georgia Ports Authority)"

GATE_SIGMA = Parameter(
    0.25, "minutes in an entry or exit lane: lognormal about the gate's `seconds_per_truck`", ASSUMED
)
EXIT_SHARE = Parameter(0.5, "minutes in an exit lane, as a share of those in an entry lane", ASSUMED)
WALK_IN_LANES = Parameter(
    0.2, "share of a gate's entry lanes that are for walk-ins; at least one of two or more", ASSUMED
)
LATE_LANES = Parameter(1, "entry lanes for late trucks at a gate of four lanes or more", ASSUMED)
YARD_PLACES = Parameter(12, "places in the holding yard before a gate, per entry lane", ASSUMED)
TOLERANCE_MINUTES = Parameter(15.0, "early and late tolerance about an appointment", ASSUMED)
PUNCTUALITY = Parameter(
    Distribution(Kind.NORMAL, -2.0, 9.0), "minutes after its planned arrival that a truck comes: mean, sigma", ASSUMED
)
NO_SHOW = Parameter(
    0.05, "share of the visits that never come", "below the 10-20 % of US terminals (weak: vendor blog)"
)
DRIVE_SIGMA = Parameter(0.15, "lognormal sigma of a drive in the park and of one outside, mean 1", ASSUMED)
FREE_FLOW = Parameter(25, "trucks on the drives of a zone before they slow each other down", ASSUMED)
CROWD_SLOPE = Parameter(0.02, "how much longer a drive takes per truck beyond that", ASSUMED)
OTHER_GATE_KMH = Parameter(
    25.0, "speed between the gates, circuity 1.5, for drives from the gate that is not a zone's", ASSUMED
)
HANDLING = Parameter(0.2, "lognormal sigma of handling about the minutes announced, mean 1", ASSUMED)
TERMINAL_SIGMA = Parameter(
    HANDLING_SIGMA.value, "lognormal sigma of the turn time outside", TERMINALS + "; sigma assumed"
)
OVERTIME_MINUTES = Parameter(180, "how long after closing a warehouse still works off who has come", ASSUMED)
ON_TIME_MINUTES = Parameter(30, "handling begins at most so long after its appointment, or wish: on time", ASSUMED)
LITRES_LOADED = Parameter(
    32.6, "litres of diesel per 100 km loaded", "typical EU tractor-trailer, long-haul cycle and payload (ICCT 2018)"
)
LITRES_EMPTY = Parameter(23.0, "litres of diesel per 100 km empty", "assumed: seven tenths of loaded")
LITRES_IDLE = Parameter(
    1.85, "litres of diesel per hour of waiting", "combination truck, 0.49 gal/h idling (US DOE, Fact 861, 2015)"
)
CO2_PER_LITRE = Parameter(2.63, "kg of CO2 per litre of diesel burnt", "DEFRA, as cited by Donbur's calculator")


def all_assumptions() -> dict[str, Parameter[Any]]:
    """Return every number above by name, in the order of this file."""
    return {name: value for name, value in globals().items() if isinstance(value, Parameter) and name.isupper()}
