"""The entry lanes alone: a day of Poisson arrivals, first come first served; what queueing theory can check exactly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from simulations.kernel.arrays import Checked, FloatArray
from simulations.kernel.arrivals import HOURS
from simulations.kernel.compiled import compiled
from simulations.kernel.distributions import Distribution
from simulations.kernel.draws import generator
from solver.reading import BadInput

DAY_MINUTES = 60.0 * HOURS
CONFIDENCE = 0.95
_SMALLEST = 2.0**-54


@dataclass(frozen=True, slots=True)
class GateDay:
    """Lanes with a service time, and how many trucks come on average in each hour of a day: `rates` (24,).

    The day begins empty at 00:00; nobody comes after 24:00, when trucks may still wait.
    """

    rates: FloatArray
    lanes: int
    service: Distribution

    def __post_init__(self) -> None:
        checked = Checked(self)
        checked.floats("rates", 0.0, 1e7, (HOURS,))
        if not 1 <= self.lanes <= 10_000:
            checked.fail("lanes", f"is {self.lanes}, must be from 1 to 10000")
        if self.service.may_be_negative:
            raise BadInput("service", "", "may be negative, but nothing takes less than no time")


@dataclass(frozen=True, slots=True)
class GateRuns:
    """What replications 0..R-1 gave: `trucks` (R,) that came; truck-minutes of waiting in each hour of the day,
    `queue_minutes` (R, 24), and of service, `busy_minutes`; waiting until each truck's service began, also after
    24:00, `wait_minutes` (R,); how many waited at all, `waited` (R,).
    """

    trucks: FloatArray
    queue_minutes: FloatArray
    busy_minutes: FloatArray
    wait_minutes: FloatArray
    waited: FloatArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and half the width of its 95 % confidence interval, NaN with a single replication."""

    mean: float
    half_width: float


def simulate_gate(
    day: GateDay, *, replications: int, seed: int, on_done: Callable[[int], None] | None = None
) -> GateRuns:
    """Return what independent replications of a day gave; `on_done` hears how many are done."""
    runs = GateRuns(*(np.zeros((replications, *shape)) for shape in ((), (HOURS,), (HOURS,), (), ())))
    for r in range(replications):
        rng = generator(seed, r)
        at = arrivals(day.rates, rng)
        service = day.service.inverse(rng.random(len(at)) + _SMALLEST)
        runs.trucks[r] = len(at)
        waits = first_come(at, service, np.zeros(day.lanes), runs.queue_minutes[r], runs.busy_minutes[r])
        runs.wait_minutes[r], runs.waited[r] = waits
        if on_done is not None:
            on_done(r + 1)
    return runs


def arrivals(rates: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the minutes at which trucks come, rising: a Poisson number in each hour, uniform within it."""
    hour = np.repeat(np.arange(HOURS), rng.poisson(rates))
    return np.asarray(np.sort((hour + rng.random(len(hour))) * 60.0))


@compiled
def first_come(
    at: FloatArray, service: FloatArray, free: FloatArray, queue_minutes: FloatArray, busy_minutes: FloatArray
) -> tuple[float, int]:
    """Serve trucks in the order of coming; return the minutes they waited in all, and how many did.

    `free` is when each lane is free, kept as a heap with the earliest first (Kiefer and Wolfowitz 1955). The minutes
    within the day are added hour by hour.
    """
    waited_minutes, waited = 0.0, 0
    for truck in range(len(at)):
        begins = max(at[truck], free[0])
        if begins > at[truck]:
            waited_minutes += begins - at[truck]
            waited += 1
            add_by_hour(queue_minutes, at[truck], begins)
        add_by_hour(busy_minutes, begins, begins + service[truck])
        replace_earliest(free, begins + service[truck])
    return waited_minutes, waited


@compiled
def add_by_hour(minutes: FloatArray, begin: float, end: float) -> None:
    """Add the minutes from begin to end to the hours in which they lie."""
    hour = int(begin // 60.0)
    while hour < HOURS and begin < end:
        until = min(end, 60.0 * (hour + 1))
        minutes[hour] += until - begin
        begin = until
        hour += 1


@compiled
def replace_earliest(heap: FloatArray, value: float) -> None:
    """Put a value in the place of the smallest of a heap."""
    i, below = 0, 1
    while below < len(heap):
        if below + 1 < len(heap) and heap[below + 1] < heap[below]:
            below += 1
        if value <= heap[below]:
            break
        heap[i] = heap[below]
        i, below = below, 2 * below + 1
    heap[i] = value


def hourly_queue(day: GateDay, runs: GateRuns) -> list[Estimate]:
    """Return the mean number of trucks waiting in each hour.

    In an hour in which no replication saw a queue, once trucks have come, the half width is what would be a queue in as
    many replications as 95 % confidence leaves open (the exact Poisson limit for none seen), each of one truck for as
    long as the lanes take on average to serve the next.
    """
    found = [mean_of(runs.queue_minutes[:, hour] / 60.0) for hour in range(HOURS)]
    unseen = -float(np.log((1 - CONFIDENCE) / 2)) / len(runs.trucks) * day.service.mean / day.lanes / 60.0
    open_yet = np.cumsum(day.rates) > 0
    return [Estimate(0.0, unseen) if not each.mean and open_yet[h] else each for h, each in enumerate(found)]


def mean_of(values: FloatArray) -> Estimate:
    """Return the mean over replications (R,)."""
    return ratio(values, np.ones(len(values)))


def ratio(parts: FloatArray, wholes: FloatArray) -> Estimate:
    """Return sum of parts / sum of wholes over replications, 0 when there is no whole.

    A mean per truck is such a ratio. The interval is that of the residuals (delta method; Law, Simulation Modeling and
    Analysis, section 9.4), with Student's t.
    """
    count, total = len(parts), float(wholes.sum())
    mean = float(parts.sum()) / total if total else 0.0
    if count < 2:
        return Estimate(mean, float("nan"))
    residuals = parts - mean * wholes
    error = float(np.sqrt((residuals**2).sum() / (count - 1) / count))
    width = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * error
    return Estimate(mean, width / (total / count) if total else 0.0)
