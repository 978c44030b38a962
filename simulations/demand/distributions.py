"""Every distribution of a generated day with its parameters and where they are from: docs/demand.md as data.

"assumed" says that no public figure was found; such a parameter is a plausible choice, not a measurement.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Parameter(Generic[Value]):
    """A number or table of numbers a day is drawn with, its unit in its meaning."""

    value: Value
    meaning: str
    source: str


ASSUMED: Final = "assumed"
PARK: Final = "size of the park at Xiapu, Beilun: 5,000 trucks on an ordinary day, 10,000 on a peak day"

PROFILE_COLUMN = Parameter(
    "share_no_arrival_management",
    "hour of a visit's wish: multinomial over the 24 hours by the mean of Monday to Friday, uniform within the hour",
    "1kastner/conflowgen, MIT, truck arrivals at a container terminal (simulations/demand/data)",
)
WAREHOUSE_SIGMA = Parameter(
    0.25, "business of a dock group: docks x pull of its kind x lognormal(0, sigma), drawn for each day", ASSUMED
)
DOCK_PULL = Parameter(
    {"container": 1.3, "box": 0.9, "bulk": 0.7, "reefer": 0.6, "hazmat": 0.45},
    "pull of a dock by its kind, relative",
    ASSUMED,
)
CARGO_SHARE = Parameter(
    {"container": 0.8, "empty-container": 0.2, "general": 0.7, "parcels": 0.3},
    "cargo kind among those of one dock kind, relative; kinds not named here: 1",
    ASSUMED,
)
FIRST_TRUCK_KIND = Parameter(
    0.85, "probability that cargo comes on the first truck kind that carries it; the others share the rest", ASSUMED
)
HANDLING_SIGMA = Parameter(
    0.30, "minutes on the dock: lognormal, median `handling_minutes` of the cargo kind (park file)", ASSUMED
)
HANDLING_RANGE = Parameter((0.4, 2.5), "minutes on the dock are truncated to these multiples of the median", ASSUMED)
DUAL_SHARE = Parameter(
    0.3,
    "share of the visits at container docks that deliver and collect, minutes for each; none is an end of a load",
    "30 % on the US West Coast, 80 % at Savannah Garden City (Georgia Ports Authority)",
)
WINDOW_MINUTES = Parameter(
    {30: 0.10, 60: 0.15, 120: 0.25, 180: 0.25, 300: 0.25},
    "how much earlier, and independently how much later, than its wish a visit may begin (minutes: probability)",
    ASSUMED,
)
WEIGHTS = Parameter({1: 0.85, 2: 0.11, 5: 0.04}, "weight of a visit in the plan's cost (weight: probability)", ASSUMED)
REPEATING_TRUCKS = Parameter(0.20, "share of the trucks that come more than once", PARK + "; the share itself assumed")
REPEATS = Parameter({2: 0.60, 3: 0.30, 4: 0.10}, "visits of such a truck (visits: probability)", ASSUMED)
RETURN_MINUTES = Parameter(
    (60, 120.0),
    "between leaving the dock and the next wish of the same truck: at least, plus exponential mean",
    ASSUMED,
)
CARRIER_EXPONENT = Parameter(0.5, "share of the i-th carrier of the park file: proportional to i ** -exponent", ASSUMED)
LEAD_HOURS = Parameter(
    16.0, "request before the day begins: exponential mean, hours, truncated to the booking horizon", ASSUMED
)
NEW_ENERGY_PLATES = Parameter(0.05, "share of trucks with a large new-energy plate", ASSUMED)
PLATE_REGIONS = Parameter(
    {"浙B": 0.70, "浙A": 0.06, "浙D": 0.06, "浙J": 0.04, "浙L": 0.04, "皖K": 0.03, "赣E": 0.03, "苏E": 0.04},
    "region of a plate",
    ASSUMED,
)
LOADS_PER_VISIT = Parameter(0.5, "loads per visit; each load is one visit's cargo", "5,000 loads for 10,000 visits")
CONTAINER_FLOWS = Parameter(
    {"import": 0.55, "export": 0.30, "hinterland": 0.15}, "trips of a full container; import comes in", ASSUMED
)
EMPTY_FLOWS = Parameter({"from depot": 0.6, "to depot": 0.4}, "trips of an empty container", ASSUMED)
OTHER_FLOWS = Parameter({"import": 0.15, "export": 0.15, "hinterland": 0.70}, "trips of all other cargo", ASSUMED)
HINTERLAND_INBOUND = Parameter(0.5, "share of hinterland trips that come into the park", ASSUMED)
RAIL_SHARE = Parameter(0.15, "share of hinterland trips that go to or come from a rail terminal, not a town", ASSUMED)
DISTANCE_EXPONENT = Parameter(0.5, "choice among places of a kind: proportional to km ** -exponent", ASSUMED)
OUTSIDE_MINUTES = Parameter(
    {"terminal": 34, "depot": 20, "rail": 40, "town": 50},
    "median minutes at the end of a load that is outside the park, by kind of place",
    "terminal: single-move turn time at Savannah Garden City (34 min); the others assumed",
)
OUTSIDE_SIGMA = Parameter(0.30, "lognormal sigma of the minutes outside, truncated as the minutes on the dock", ASSUMED)
SLACK_MINUTES = Parameter(
    (180.0, 0.5, 60, 600),
    "due time of a load out of the park after its latest arrival: lognormal median, sigma, range",
    ASSUMED,
)
PRICE_MARGIN = Parameter(
    (1.5, 0.2),
    "price of a load: what it costs to drive it alone, out and back empty, x margin x lognormal(0, sigma), in tens",
    ASSUMED,
)
TRUCKS_PER_VISIT = Parameter(
    0.25, "trucks open for loads per visit; all are trucks of visits", "2,500 trucks for 10,000 visits"
)
HOMES = Parameter(
    {"park": 0.45, "depot": 0.20, "town": 0.35},
    "home of a truck: the largest warehouse of a zone, a depot, or one of the nearest towns",
    ASSUMED,
)
HOME_TOWNS = Parameter(6, "number of nearest towns where trucks are at home", ASSUMED)
SHIFT_HOURS = Parameter((8.0, 14.0), "length of a truck's shift: uniform, hours", ASSUMED)
SHIFT_BEFORE_MINUTES = Parameter(
    (30, 240), "shift start before the truck would have to leave home for its first wish: uniform, minutes", ASSUMED
)


def all_parameters() -> dict[str, Parameter[object]]:
    """Return every parameter by its name, in the order of this module."""
    return {name: value for name, value in globals().items() if isinstance(value, Parameter)}
