"""Arrivals at a rate that is constant within each hour, from a file with a share for each hour of the week."""

import csv
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

import numpy as np

from simulations.kernel.arrays import FloatArray, frozen
from solver.reading import BadInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = 24
MAX_BYTES = 4_000_000
ALLOWED_DAYS = "allowed: names and spans with commas, as mon, mon-fri or sat,sun"


def parsed_days(text: str, source: str = "--days") -> tuple[int, ...]:
    """Return the days of a text such as `mon-fri` or `sat,sun`, Monday 0; a span may run over the week's end."""
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise BadInput(source, "", f"{part.strip()[:40]!r} is not a day of the week; {ALLOWED_DAYS}")
        begin = DAYS.index(first)
        length = (DAYS.index(last) - begin) % 7 if dash else 0
        found.update((begin + i) % 7 for i in range(length + 1))
    return tuple(sorted(found))


def hourly_shares(path: Path, column: str, days: tuple[int, ...]) -> FloatArray:
    """Return the mean over the days of a column's share in each hour, scaled to the sum 1, shape (24,).

    The file has a row for each hour of the week, named by `weekday` (Mon, ...) and `hour`, or by `hour_of_week` from
    Monday 00h. BadInput names the line that cannot be used.
    """
    sums = np.zeros((7, HOURS))
    seen = np.zeros((7, HOURS), dtype=bool)
    source = str(path)
    for line, row in _rows(path, column):
        day, hour = _when(source, line, row)
        if seen[day, hour]:
            raise BadInput(source, f"line {line}", f"{DAYS[day]} {hour:02d}h stands twice")
        seen[day, hour] = True
        sums[day, hour] = _share(source, line, column, row[column])
    for day in days:
        if not seen[day].all():
            raise BadInput(source, "", f"has no row for {DAYS[day]} {int(seen[day].argmin()):02d}h")
    mean = sums[list(days)].mean(axis=0)
    if mean.sum() <= 0:
        raise BadInput(source, column, f"is 0 in every hour of {', '.join(DAYS[day] for day in days)}")
    return frozen(mean / mean.sum())


def _rows(path: Path, column: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    source = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(source, "", f"is larger than {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise BadInput(source, "", f"cannot be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput(source, "", "is not text in UTF-8") from None
    reader = csv.DictReader(text.splitlines())
    names = [name.strip() for name in reader.fieldnames or ()]
    if column not in names:
        raise BadInput(source, "", f"has no column {column[:60]!r}; there are: {', '.join(names)[:300] or 'none'}")
    if not ({"weekday", "hour"} <= set(names) or "hour_of_week" in names):
        raise BadInput(source, "", "has neither the columns weekday and hour nor hour_of_week")
    reader.fieldnames = names
    for row in reader:
        if None in row or None in row.values():
            raise BadInput(source, f"line {reader.line_num}", f"must have {len(names)} entries")
        yield reader.line_num, row


def _when(source: str, line: int, row: Mapping[str, str]) -> tuple[int, int]:
    if "weekday" in row and "hour" in row:
        name = row["weekday"].strip().lower()[:3]
        if name not in DAYS:
            raise BadInput(source, f"line {line}: weekday", f"is {row['weekday'][:40]!r}, must be Mon to Sun")
        return DAYS.index(name), _whole(source, line, "hour", row["hour"], HOURS - 1)
    return divmod(_whole(source, line, "hour_of_week", row["hour_of_week"], 7 * HOURS - 1), HOURS)


def _whole(source: str, line: int, field: str, text: str, most: int) -> int:
    if not (text.strip().isdecimal() and int(text) <= most):
        raise BadInput(source, f"line {line}: {field}", f"is {text[:40]!r}, must be a whole number from 0 to {most}")
    return int(text)


def _share(source: str, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (isfinite(value) and value >= 0):
        raise BadInput(source, f"line {line}: {column}", f"is {text[:40]!r}, must be a number from 0")
    return value
