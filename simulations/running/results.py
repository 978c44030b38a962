"""What a run says: intervals of every measure and of every difference, as plain documents and as rows of a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dispatch.model.park import Park
from dispatch.planning.capacity import dock_groups
from simulations.kernel.arrays import FloatArray
from simulations.running.intervals import Interval, difference, interval
from simulations.running.measures import COLUMNS, HOURS, SCALARS, SERIES
from simulations.running.replications import Replicated

Document = dict[str, Any]
TABLES = ("by_hour", "by_warehouse", "by_carrier")


def measures_document(ran: Replicated) -> Document:
    """Return mean and half width of every measure."""
    return _named(list(SCALARS), interval(ran.scalars))


def differences_document(changed: Replicated, base: Replicated) -> Document:
    """Return mean and half width of changed less base, measure by measure, paired by replication."""
    return _named(list(SCALARS), difference(changed.scalars, base.scalars))


def series_document(ran: Replicated) -> Document:
    """Return the quarter-hour means over the day of each series, with half widths."""
    found = interval(ran.series)
    return {
        name: {"mean": _plain(found.mean[i]), "half_width": _plain(found.half_width[i])}
        for i, name in enumerate(SERIES)
    }


def details_document(park: Park, ran: Replicated) -> Document:
    """Return the figures by lane, dock group, hour, warehouse and carrier; rows without visits are left out."""
    lanes = [f"{gate.id} {n + 1}" for gate in park.gates for n in range(max(1, gate.entry_lanes))]
    return {
        "lanes": _named(lanes, interval(ran.lanes)),
        "dock_groups": _named([group.id for _, group in dock_groups(park)], interval(ran.docks)),
        **_tables(park, {name: (getattr(ran, name), getattr(ran, name)[:, :, 0]) for name in TABLES}),
    }


def detailed_differences_document(park: Park, changed: Replicated, base: Replicated) -> Document:
    """Return changed less base by dock group, hour, warehouse and carrier, paired by replication."""
    apart = {
        name: (
            getattr(changed, name) - getattr(base, name),
            getattr(changed, name)[:, :, 0] + getattr(base, name)[:, :, 0],
        )
        for name in TABLES
    }
    groups = [group.id for _, group in dock_groups(park)]
    return {"dock_groups": _named(groups, difference(changed.docks, base.docks)), **_tables(park, apart)}


def rows(labels: dict[str, Any], found: Interval) -> Iterator[dict[str, Any]]:
    """Yield one row per measure: the labels, its name, mean and half width."""
    for i, name in enumerate(SCALARS):
        yield labels | {
            "measure": name,
            "mean": float(found.mean[i]),
            "half_width": float(found.half_width[i]),
        }


def _named(names: Sequence[str], found: Interval) -> Document:
    return {
        name: {"mean": _number(found.mean[i]), "half_width": _number(found.half_width[i])}
        for i, name in enumerate(names)
    }


def _tables(park: Park, values: Mapping[str, tuple[FloatArray, FloatArray]]) -> Document:
    names = {
        "by_hour": [f"{hour:02d}:00" for hour in range(HOURS)],
        "by_warehouse": [each.id for each in park.warehouses],
        "by_carrier": [each.id for each in park.enterprises],
    }
    return {name: _table(names[name], *values[name]) for name in TABLES}


def _table(names: Sequence[str], values: FloatArray, visits: FloatArray) -> Document:
    found = interval(values)
    there = np.flatnonzero(visits.sum(axis=0) > 0).tolist()
    return {
        names[row]: {
            column: {"mean": _number(found.mean[row, i]), "half_width": _number(found.half_width[row, i])}
            for i, column in enumerate(COLUMNS)
        }
        for row in there
    }


def _plain(values: FloatArray) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
