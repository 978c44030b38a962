"""Readers of the two public formats (formulation.md, Files): which of the two a file is shows from its name and first
line."""

from pathlib import Path
from typing import Final

import numpy as np

from solver.mdvsp.instance import MAX_DEPOTS, MAX_TRIPS, FixedInstance, Instance, ShiftInstance
from solver.mdvsp.packed import read_text
from solver.reading import BadInput, IntArray

ALLOWED: Final = b"0123456789- \t\r\n"
MAX_PLACES: Final = 20_000


def load(path: Path, shift: int | None = None) -> Instance:
    """Return the instance in a file, packed or not; BadInput when it cannot be used.

    `shift` is how many minutes trips may shift; files of the .inp format know no times, so for them it must be None.
    """
    name, text = read_text(path)
    numbers = _numbers(str(path), text)
    if _is_inp(name, text):
        if shift is not None:
            problem = "trips of an .inp file cannot shift: it holds costs and no times; leave --shift away"
            raise BadInput(str(path), "", problem)
        return read_inp(str(path), numbers)
    return read_gd(str(path), numbers, shift or 0)


def read_inp(source: str, numbers: IntArray) -> FixedInstance:
    """Return the instance of an .inp file: `m n capacity...`, then the (m + n) x (m + n) costs, -1 forbidden.

    The format of Pepin, Desaulniers, Hertz and Huisman 2009, as in github.com/afkummer/mdvsp-colgen.
    """
    depots, trips = _head(source, numbers, ("number of depots", MAX_DEPOTS), ("number of trips", MAX_TRIPS))
    first = 2 + depots
    _check_count(source, numbers, first + (depots + trips) ** 2, f"{depots} depots and {trips} trips")
    cost = numbers[first:].reshape(depots + trips, depots + trips)
    low = np.argwhere(cost < -1)
    if len(low):
        row, column = low[0]
        raise BadInput(
            source, f"cost[{row}][{column}]", f"is {cost[row, column]}, must be at least 0, or -1: forbidden"
        )
    return FixedInstance(
        capacity=numbers[2:first],
        pull_out=cost[:depots, depots:],
        pull_in=cost[depots:, :depots],
        link=cost[depots:, depots:],
        source=source,
    )


def read_gd(source: str, numbers: IntArray, shift: int) -> ShiftInstance:
    """Return the instance of a GD file: `D n L`, D capacities, n lines `from start to end`, the L x L minutes.

    The format of van Lieshout and van der Schaft 2025, as in github.com/INFORMSJoC/2024.0698.
    """
    heads = ("number of depots", MAX_DEPOTS), ("number of trips", MAX_TRIPS), ("number of places", MAX_PLACES)
    depots, trips, places = _head(source, numbers, *heads)
    first = 3 + depots
    after = first + 4 * trips
    _check_count(source, numbers, after + places**2, f"{depots} depots, {trips} trips and {places} places")
    table = numbers[first:after].reshape(trips, 4)
    return ShiftInstance(
        capacity=numbers[3:first],
        travel=numbers[after:].reshape(places, places),
        origin=table[:, 0],
        start=table[:, 1],
        destination=table[:, 2],
        end=table[:, 3],
        shift=shift,
        source=source,
    )


def _is_inp(name: str, text: bytes) -> bool:
    lines = text.lstrip().splitlines()
    return name.endswith(".inp") or not lines or len(lines[0].split()) != 3


def _numbers(source: str, text: bytes) -> IntArray:
    """Return the whole numbers of a text; BadInput names the line of the first word that is none."""
    if text.translate(None, ALLOWED):
        raise _not_a_number(source, text)
    try:
        return np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise _not_a_number(source, text) from None


def _not_a_number(source: str, text: bytes) -> BadInput:
    for at, line in enumerate(text.splitlines(), start=1):
        for word in line.split():
            digits = word[1:] if word.startswith(b"-") else word
            if not digits.isdigit() or len(digits) > 18:
                shown = word[:40].decode("utf-8", "replace")
                return BadInput(source, f"line {at}", f"{shown!r} is not a whole number of at most 18 digits")
    return BadInput(source, "", "is not a text of whole numbers")


def _head(source: str, numbers: IntArray, *heads: tuple[str, int]) -> list[int]:
    for at, (what, most) in enumerate(heads):
        if at >= len(numbers):
            raise BadInput(source, what, "is missing: the file ends before it")
        if not 1 <= numbers[at] <= most:
            raise BadInput(source, what, f"is {numbers[at]}, must be from 1 to {most}")
    return [int(number) for number in numbers[: len(heads)]]


def _check_count(source: str, numbers: IntArray, count: int, what: str) -> None:
    if len(numbers) != count:
        raise BadInput(source, "", f"has {len(numbers)} numbers, must have {count} for {what}")
