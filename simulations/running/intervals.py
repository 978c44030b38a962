"""Means over replications with their confidence intervals (Student's t), of values and of paired differences."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from simulations.kernel.arrays import FloatArray

CONFIDENCE = 0.95
ROUNDING = 1e-12  # what differs by less, relatively, does not differ


@dataclass(frozen=True)
class Interval:
    """Means with half the widths of their 95 % confidence intervals, arrays of one shape; NaN where nothing was seen.

    With fewer than two replications that saw something the half width is NaN: nothing is known of it.
    """

    mean: FloatArray
    half_width: FloatArray

    def excludes_zero(self) -> bool:
        """Answer whether a single figure is above or below 0 for certain, as far as 95 % is certain."""
        return bool(abs(self.mean) > self.half_width)


def interval(values: FloatArray) -> Interval:
    """Return the interval of values (R, ...) over their first axis; NaN values are left out."""
    there = ~np.isnan(values)
    count = there.sum(axis=0)
    filled = np.where(there, values, 0.0)
    mean = np.divide(filled.sum(axis=0), count, out=np.full(values.shape[1:], np.nan), where=count > 0)
    squares = np.where(there, (values - mean) ** 2, 0.0).sum(axis=0)
    degrees = np.maximum(count - 1, 1)
    half = student.ppf((1 + CONFIDENCE) / 2, degrees) * np.sqrt(squares / degrees / np.maximum(count, 1))
    half = np.where(half < ROUNDING * np.abs(mean), 0.0, half)
    return Interval(np.asarray(mean), np.where(count > 1, half, np.nan))


def difference(changed: FloatArray, base: FloatArray) -> Interval:
    """Return the interval of changed less base, replication by replication: both ran on the same random numbers."""
    return interval(changed - base)
