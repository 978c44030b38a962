"""What a run says: intervals of every measure and of every difference, as plain documents and as rows of a table."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dispatch.model.park import Park
from dispatch.planning.capacity import dock_groups
from simulations.kernel.arrays import FloatArray
from simulations.running.intervals import Interval, difference, interval
from simulations.running.measures import COLUMNS, SCALARS, SERIES
from simulations.running.replications import Replicated

Document = dict[str, Any]


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
    groups = [group.id for _, group in dock_groups(park)]
    return {
        "lanes": _named(lanes, interval(ran.lanes)),
        "dock_groups": _named(groups, interval(ran.docks)),
        "by_hour": _table([f"{hour:02d}:00" for hour in range(ran.by_hour.shape[1])], ran.by_hour),
        "by_warehouse": _table([each.id for each in park.warehouses], ran.by_warehouse),
        "by_carrier": _table([each.id for each in park.enterprises], ran.by_carrier),
    }


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


def _table(names: Sequence[str], values: FloatArray) -> Document:
    found = interval(values)
    there = np.flatnonzero(values[:, :, 0].sum(axis=0) > 0).tolist()
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
