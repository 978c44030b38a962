"""What one replication is measured by. All of it comes from the times the kernel returns and the kilometres driven."""

from dataclasses import dataclass

import numpy as np

from dispatch.model.grid import MINUTES_A_DAY
from simulations.kernel.arrays import BoolArray, FloatArray
from simulations.kernel.layout import Layout
from simulations.kernel.times import Mark, Times, dock_utilisation, lane_utilisation, mean_number
from simulations.running import assumptions as assumed
from simulations.running.roster import Roster
from solver.reading import IntArray

BIN_MINUTES = 15
EDGES = np.arange(0.0, MINUTES_A_DAY + 1, BIN_MINUTES)
HOURS = 24

SCALARS = {
    "visits": "visits that came and left",
    "no_shows": "visits that never came",
    "stranded": "visits that came and could not be served",
    "slot_share": "of the visits: those that were given a slot; who was not comes when he wishes",
    "gate_wait_minutes": "mean from the end of the line before the gate to a lane",
    "dock_wait_minutes": "mean in the line of the dock group",
    "turn_minutes": "mean from the end of the line before the gate to out",
    "turn_minutes_p50": "median of the same",
    "turn_minutes_p95": "95th percentile of the same",
    "gate_queue_max": "most trucks before the gates at once, quarter-hour means",
    "yard_max": "most trucks in the holding yards at once, quarter-hour means",
    "spill_back_truck_minutes": "minutes trucks stand on the road since the yard is full, summed",
    "spill_back_minutes": "minutes of the day in which any truck stands there",
    "lane_utilisation": "share of their open minutes in which entry lanes serve",
    "dock_utilisation": "share of their open minutes in which docks are taken",
    "on_time_share": "of the visits: handling begins at most 30 minutes after it is due at the gate",
    "displaced_minutes": "mean distance of the slot from the wish, over visits with a slot",
    "wish_to_dock_minutes": "mean from the wish to the begin of handling, 0 where that is earlier",
    "loads_served": "loads moved",
    "loads_chained": "loads moved that were return loads: in a truck's chain",
    "empty_km": "kilometres driven without a load, home legs included",
    "empty_share": "of all kilometres driven for loads",
    "fuel_litres": "diesel for these kilometres and for waiting at gates and docks",
    "co2_kg": "CO2 of it",
}
SERIES = {
    "gate_queue": "trucks before the gates, road and yard",
    "yard": "trucks in the holding yards",
    "road": "trucks on the road before full yards",
    "dock_queue": "trucks in lines of dock groups",
    "in_park": "trucks from the gate's line to out",
}
COLUMNS = ("visits", "gate_wait_minutes", "dock_wait_minutes", "turn_minutes")  # of each table by hour, place, carrier


@dataclass(frozen=True)
class Measures:
    """One replication: `scalars` (len(SCALARS),), `series` (len(SERIES), 96) quarter-hour means, `lanes` (L,) and
    `docks` (D,) utilisations, tables (rows, len(COLUMNS)) of means with NaN where nobody came, and `turn_times` of the
    visits in minutes, a histogram by minute up to TURN_MOST.
    """

    scalars: FloatArray
    series: FloatArray
    lanes: FloatArray
    docks: FloatArray
    by_hour: FloatArray
    by_warehouse: FloatArray
    by_carrier: FloatArray
    turn_times: FloatArray


TURN_MOST = 360


def measured(layout: Layout, roster: Roster, times: Times, shows: BoolArray) -> Measures:
    """Return the measures of one replication; `shows` (legs,) as drawn."""
    visit = roster.legs.visit
    here = visit & ~np.isnan(times[Mark.OUT])
    series = np.stack(
        [
            mean_number(times[begin][visit], times[end][visit], EDGES)
            for begin, end in (
                (Mark.COMES, Mark.GATE_BEGINS),
                (Mark.IN_YARD, Mark.GATE_BEGINS),
                (Mark.COMES, Mark.IN_YARD),
                (Mark.AT_DOCK, Mark.DOCK_BEGINS),
                (Mark.COMES, Mark.OUT),
            )
        ]
    )
    lanes = lane_utilisation(layout, times, 0.0, MINUTES_A_DAY)
    docks = dock_utilisation(layout, roster.legs, times, 0.0, MINUTES_A_DAY)
    columns = np.stack([times.gate_wait[here], times.dock_wait[here], times.turn_time[here]])
    hour = np.clip(times[Mark.COMES][here] // 60, 0, HOURS - 1).astype(np.int64)
    scalars = (
        _counts(visit, here, shows)
        | _waits(times, columns, series)
        | {"lane_utilisation": _busy(layout.lanes.open.over(0, MINUTES_A_DAY), lanes)}
        | {"dock_utilisation": _busy(layout.docks.open.over(0, MINUTES_A_DAY), docks)}
        | _promises(roster, times, here, visit)
        | _driven(roster, shows, float(columns[:2].sum()) / 60)
    )
    return Measures(
        scalars=np.array([scalars[name] for name in SCALARS]),
        series=series,
        lanes=lanes,
        docks=docks,
        by_hour=_table(hour, columns, HOURS),
        by_warehouse=_table(roster.warehouse[here], columns, roster.warehouses),
        by_carrier=_table(roster.carrier[here], columns, roster.carriers),
        turn_times=np.bincount(np.minimum(columns[2], TURN_MOST - 1).astype(np.int64), minlength=TURN_MOST).astype(
            np.float64
        ),
    )


def _counts(visit: BoolArray, here: BoolArray, shows: BoolArray) -> dict[str, float]:
    return {
        "visits": float(here.sum()),
        "no_shows": float((visit & ~shows).sum()),
        "stranded": float((visit & shows & ~here).sum()),
    }


def _waits(times: Times, columns: FloatArray, series: FloatArray) -> dict[str, float]:
    gate, dock, turn = columns
    p50, p95 = np.percentile(turn, (50, 95)) if len(turn) else (np.nan, np.nan)
    road = np.nan_to_num(times.road_wait)
    return {
        "gate_wait_minutes": _mean(gate),
        "dock_wait_minutes": _mean(dock),
        "turn_minutes": _mean(turn),
        "turn_minutes_p50": float(p50),
        "turn_minutes_p95": float(p95),
        "gate_queue_max": float(series[0].max()),
        "yard_max": float(series[1].max()),
        "spill_back_truck_minutes": float(road.sum()),
        "spill_back_minutes": _covered(times[Mark.COMES][road > 0], times[Mark.IN_YARD][road > 0]),
    }


def _promises(roster: Roster, times: Times, here: BoolArray, visit: BoolArray) -> dict[str, float]:
    begins = times[Mark.DOCK_BEGINS][here]
    placed = here & ~np.isnan(roster.displaced)
    return {
        "slot_share": _mean(~np.isnan(roster.displaced[visit])),
        "on_time_share": _mean(begins <= roster.meant[here] + assumed.ON_TIME_MINUTES.value),
        "displaced_minutes": _mean(roster.displaced[placed]) if placed.any() else 0.0,
        "wish_to_dock_minutes": _mean(np.maximum(0.0, begins - roster.wish[here])),
    }


def _driven(roster: Roster, shows: BoolArray, hours_waited: float) -> dict[str, float]:
    """Return what is driven for the loads whose visits come."""
    moved = np.append(shows, [True])[roster.visit_leg]
    empty, loaded = roster.km.driven(moved)
    litres = (loaded * assumed.LITRES_LOADED.value + empty * assumed.LITRES_EMPTY.value) / 100
    litres += hours_waited * assumed.LITRES_IDLE.value
    return {
        "loads_served": float(moved.sum()),
        "loads_chained": float((moved & roster.km.is_chained).sum()),
        "empty_km": empty,
        "empty_share": empty / (empty + loaded) if empty + loaded else 0.0,
        "fuel_litres": litres,
        "co2_kg": litres * assumed.CO2_PER_LITRE.value,
    }


def _covered(begin: FloatArray, end: FloatArray) -> float:
    """Return the length of the union of intervals, of those that end."""
    ended = ~np.isnan(end)
    order = np.argsort(begin[ended])
    begins, ends = begin[ended][order], np.maximum.accumulate(end[ended][order])
    before = np.concatenate([[-np.inf], ends[:-1]])
    return float(np.maximum(0.0, ends - np.maximum(begins, before)).sum()) if len(begins) else 0.0


def _busy(there: FloatArray, utilisation: FloatArray) -> float:
    return float((there * utilisation).sum() / there.sum()) if there.sum() else 0.0


def _table(row: IntArray, columns: FloatArray, rows: int) -> FloatArray:
    count = np.bincount(row, minlength=rows).astype(np.float64)
    sums = [np.bincount(row, weights=column, minlength=rows) for column in columns]
    means = [np.divide(total, count, out=np.full(rows, np.nan), where=count > 0) for total in sums]
    return np.stack([count, *means], axis=1)


def _mean(values: FloatArray | BoolArray) -> float:
    return float(values.mean()) if len(values) else float("nan")
