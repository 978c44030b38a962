"""A user's own distances: a CSV file of the columns from, to, km, minutes.

The first line names the columns, in this order. Every ordered pair of different places stands once; km and minutes
are numbers from 0, rounded here to the nearest kilometre and up to the next minute. Places the park does not know
are refused.
"""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dispatch.faults import one_line
from dispatch.files import read_bytes
from dispatch.model.park import Park
from dispatch.roads.table import IntArray, TravelTable
from solver.reading import BadInput

COLUMNS = ["from", "to", "km", "minutes"]
MAX_BYTES = 64 * 1024 * 1024
FARTHEST = 100_000  # km and minutes


def read_matrix(path: Path, park: Park) -> TravelTable:
    """Return the table in a CSV file; BadInput with the line number when it cannot be used."""
    locations = tuple(park.position_by_location)
    index = {location: i for i, location in enumerate(locations)}
    km = np.full((len(locations), len(locations)), -1, dtype=np.int64)
    minutes = np.zeros_like(km)
    for line, row in _rows(path):
        i, j = (_place(path, line, name, index) for name in row[:2])
        if km[i, j] >= 0:
            raise BadInput(str(path), f"line {line}", f"{row[0]} to {row[1]} stands twice")
        km[i, j] = math.floor(_number(path, line, "km", row[2]) + 0.5)
        minutes[i, j] = math.ceil(_number(path, line, "minutes", row[3]))
    np.fill_diagonal(km, 0)
    np.fill_diagonal(minutes, 0)
    _check_whole(path, locations, km)
    return TravelTable(locations, minutes, km)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    content = read_bytes(path, MAX_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise BadInput(str(path), f"line {line}", "not UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, None) != COLUMNS:
            raise BadInput(str(path), "line 1", f"must be the columns {','.join(COLUMNS)}")
        for row in reader:
            if len(row) != len(COLUMNS):
                raise BadInput(
                    str(path), f"line {reader.line_num}", f"has {len(row)} columns, must have {len(COLUMNS)}"
                )
            yield reader.line_num, row
    except csv.Error as fault:
        raise BadInput(str(path), f"line {reader.line_num}", f"not CSV ({fault})") from None


def _place(path: Path, line: int, name: str, index: dict[str, int]) -> int:
    if name not in index:
        raise BadInput(str(path), f"line {line}", f"'{one_line(name, 40)}' is not a warehouse or place of this park")
    return index[name]


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= FARTHEST:
        raise BadInput(
            str(path), f"line {line}", f"{column} is '{one_line(text, 40)}', must be a number from 0 to {FARTHEST}"
        )
    return number


def _check_whole(path: Path, locations: tuple[str, ...], km: IntArray) -> None:
    missing = np.argwhere(km < 0)
    if len(missing):
        i, j = missing[0]
        raise BadInput(
            str(path), "", f"{locations[i]} to {locations[j]} is missing, and {len(missing) - 1} other pairs"
        )
