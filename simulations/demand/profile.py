"""The hour profile of wishes, from public counts of truck arrivals at a container terminal."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from simulations.demand.distributions import PROFILE_COLUMN

FloatArray = NDArray[np.float64]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
_FILE = "conflowgen_truck_arrival_by_hour_of_week.csv"


@cache
def weekday_profile() -> FloatArray:
    """Return the share of a weekday's wishes in each hour, shape (24,), sum 1, read-only."""
    shares = np.zeros(24)
    text = files("simulations.demand").joinpath("data", _FILE).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if row["weekday"] in WEEKDAYS:
            shares[int(row["hour"])] += float(row[PROFILE_COLUMN.value])
    shares /= shares.sum()
    shares.flags.writeable = False
    return shares
