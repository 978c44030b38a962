"""Numbers that change at given times: docks that work, open lanes, how much slower things are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from simulations.kernel.arrays import Checked, FloatArray
from solver.reading import IntArray

Change = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function of time for each of some rows (lanes, dock groups, ...).

    Row r has the values `value[offset[r]:offset[r + 1]]`, each from its minute in `at` until the next; the first `at`
    of a row is -inf, the others rise.
    """

    offset: IntArray
    at: FloatArray
    value: FloatArray

    def __post_init__(self) -> None:
        checked = Checked(self)
        at = checked.floats("at", -inf, inf, (None,))
        checked.floats("value", 0.0, 1e6, at.shape)
        offset = checked.integers("offset", 0, len(at), (None,))
        if not len(offset) or offset[0] != 0 or offset[-1] != len(at) or (np.diff(offset) < 1).any():
            checked.fail("offset", f"must rise from 0 to {len(at)}, at least one step a row")
        first = np.zeros(len(at), dtype=bool)
        first[offset[:-1]] = True
        if (at[first] != -inf).any() or (at[1:] <= at[:-1])[~first[1:]].any() or (at == inf).any():
            checked.fail("at", "must begin with -inf in each row and rise from there")

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.offset) - 1

    @classmethod
    def constant(cls, values: ArrayLike) -> "Steps":
        """Return rows that never change."""
        values = np.asarray(values, dtype=np.float64)
        return cls(np.arange(len(values) + 1), np.full(len(values), -inf), values)

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[ArrayLike, ArrayLike]]) -> "Steps":
        """Return the rows given as (minutes, values), the first minute -inf."""
        at, value = ([np.asarray(row[i], dtype=np.float64) for row in rows] for i in (0, 1))
        offset = np.cumsum([0, *(len(each) for each in at)])
        empty = np.zeros(0)
        return cls(offset, np.concatenate([empty, *at]), np.concatenate([empty, *value]))

    def row(self, row: int) -> tuple[FloatArray, FloatArray]:
        """Return the minutes and the values of a row."""
        here = slice(self.offset[row], self.offset[row + 1])
        return self.at[here], self.value[here]

    def value_at(self, row: int, minute: float) -> float:
        """Return the value of a row at a minute."""
        at, value = self.row(row)
        return float(value[np.searchsorted(at, minute, side="right") - 1])

    def over(self, begin: float, end: float) -> FloatArray:
        """Return the integral of each row from `begin` to `end`, in value-minutes, shape (rows,)."""
        if not self.rows:
            return np.zeros(0)
        low = np.clip(self.at, begin, end)
        after = np.append(self.at[1:], inf)
        after[self.offset[1:] - 1] = inf
        return np.asarray(np.add.reduceat(self.value * (np.clip(after, begin, end) - low), self.offset[:-1]))

    def changed(self, rows: Iterable[int], begin: float, end: float, change: Change) -> "Steps":
        """Return the steps with the values of some rows changed from `begin` until `end` (inf: to the end)."""
        touched = set(rows)
        return Steps.of_rows(
            [
                _changed(*self.row(row), begin, end, change) if row in touched and begin < end else self.row(row)
                for row in range(self.rows)
            ]
        )

    def scaled(self, rows: Iterable[int], begin: float, end: float, factor: float) -> "Steps":
        """Return the steps with the values of some rows times a factor for a while."""
        return self.changed(rows, begin, end, lambda value: value * factor)

    def lowered(self, rows: Iterable[int], begin: float, end: float, by: float) -> "Steps":
        """Return the steps with so much less, but not below 0, for a while."""
        return self.changed(rows, begin, end, lambda value: np.maximum(value - by, 0.0))

    def capped(self, rows: Iterable[int], begin: float, end: float, most: float) -> "Steps":
        """Return the steps with at most so much for a while; 0 closes."""
        return self.changed(rows, begin, end, lambda value: np.minimum(value, most))


def _changed(
    at: FloatArray, value: FloatArray, begin: float, end: float, change: Change
) -> tuple[FloatArray, FloatArray]:
    cuts = [minute for minute in (begin, end) if abs(minute) < inf]
    minutes = np.unique(np.concatenate([at, cuts]))
    values = value[np.searchsorted(at, minutes, side="right") - 1]
    inside = (minutes >= begin) & (minutes < end)
    return minutes, np.where(inside, change(values), values)
