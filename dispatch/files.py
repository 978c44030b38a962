"""Park and day files: read whole and checked, or refused in one line; written whole or not at all."""

import math
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import orjson
from pydantic import FailFast, TypeAdapter, ValidationError

from dispatch.faults import found_text, one_line, say_fault
from dispatch.model.day import Day, Load, Truck, Visit, check_load, check_truck, check_visit
from dispatch.model.faults import FieldFault
from dispatch.model.park import FORBID_UNKNOWN, Park
from solver.reading import BadInput

MAX_PARK_BYTES = 2 * 1024 * 1024
MAX_DAY_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 4_000  # of a park file: the reader's time grows with the square of a line's dotted keys
MAX_DAY_THINGS = 100_000  # visits, loads or trucks
MAX_PARK_VALUES = 200_000
MAX_DEPTH = 12
MOMENT_TEXT = "RFC 3339, as 2026-11-25T08:00:00+08:00"
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", re.ASCII)  # how RFC 3339 begins; the rest is read by pydantic
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)

Thing = TypeVar("Thing")
DayThing = TypeVar("DayThing", Visit, Load, Truck)


@dataclass(frozen=True, slots=True)
class _DayFile:
    """A day as its file has it: lists are given up at their first fault, however many would follow."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN
    version: int
    park: str
    date: date
    seed: int
    visits: Annotated[tuple[Visit, ...], FailFast()]
    loads: Annotated[tuple[Load, ...], FailFast()]
    trucks: Annotated[tuple[Truck, ...], FailFast()]


_PARK = TypeAdapter(Park)
_DAY_FILE = TypeAdapter(_DayFile)
_DAY = TypeAdapter(Day)


def load_park(path: Path) -> Park:
    """Return the park in a TOML file (or a JSON file, by its name); BadInput when it cannot be used."""
    if path.suffix == ".json":
        return load_park_json(path)
    document = read_toml(path)
    _check_values(str(path), document)
    return _validated(str(path), _PARK, Park, orjson.dumps(document))


def load_park_json(path: Path) -> Park:
    """Return the park in a JSON file, as `save_park` writes it; BadInput when it cannot be used."""
    content = read_bytes(path, MAX_PARK_BYTES)
    _check_values(str(path), _parsed(str(path), content))
    return _validated(str(path), _PARK, Park, content)


def park_json(park: Park) -> bytes:
    """Return the park as JSON; the same park gives the same bytes."""
    return _PARK.dump_json(park) + b"\n"


def save_park(park: Park, path: Path) -> None:
    """Write the park as JSON, whole or not at all; BadInput when it cannot be written."""
    write_bytes(path, park_json(park))


def load_day(path: Path, park: Park) -> Day:
    """Return the day in a JSON file, every reference checked against the park; BadInput when it cannot be used."""
    source = str(path)
    content = read_bytes(path, MAX_DAY_BYTES)
    document = _parsed(source, content)
    _check_day_shape(source, document)
    read = _validated(source, _DAY_FILE, Day, content)
    _check_dates(source, document)
    with _faults_of(source):
        day = Day(read.version, read.park, read.date, read.seed, read.visits, read.loads, read.trucks)
        check_day(park, day)
    return day


def day_json(day: Day) -> bytes:
    """Return the day as JSON; the same day gives the same bytes."""
    return _DAY.dump_json(day) + b"\n"


def save_day(day: Day, path: Path) -> None:
    """Write the day as JSON, whole or not at all; BadInput when it cannot be written."""
    write_bytes(path, day_json(day))


def check_day(park: Park, day: Day) -> None:
    """Raise FieldFault for the first field of `day` that does not fit the park or another part of the day."""
    if day.park != park.id:
        raise FieldFault("park", f"{day.park[:40]!r} is another park; this one is {park.id!r}")
    _check_each("visits", day.visits, lambda visit: check_visit(park, visit))
    _check_each("loads", day.loads, lambda load: check_load(park, load))
    _check_each("trucks", day.trucks, lambda truck: check_truck(park, truck))
    loads = {load.id for load in day.loads}
    for i, visit in enumerate(day.visits):
        if visit.load is not None and visit.load not in loads:
            raise FieldFault(f"visits[{i}].load", f"{visit.load[:40]!r} is not the id of a load of this day")
    at = {visit.id: visit.warehouse for visit in day.visits}
    for i, load in enumerate(day.loads):
        _check_end(f"loads[{i}].pickup_visit", load.pickup_visit, at, load.origin)
        _check_end(f"loads[{i}].delivery_visit", load.delivery_visit, at, load.destination)


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Return the file's content; BadInput when it cannot be read or is larger than `max_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as fault:
        raise BadInput(str(path), "", f"cannot be read ({fault.strerror})") from None
    if len(content) > max_bytes:
        raise BadInput(str(path), "", f"is larger than {max_bytes} bytes; no more are read")
    return content


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; BadInput when it cannot be written."""
    write_together(path.parent, {path.name: lambda draft: _write(draft, content)})


def write_together(directory: Path, writers: dict[str, Callable[[Path], object]]) -> None:
    """Write files into a directory, all or none: each writer is given the path of a draft to fill.

    Drafts move to their names only when all are written. BadInput when that is not possible.
    """
    made = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _drafts_in(directory) as drafts:
            for name, write in writers.items():
                if (directory / name).is_dir():
                    raise BadInput(str(directory / name), "", "is a directory; a file is to be written there")
                write(drafts / name)
            for name in writers:
                (drafts / name).replace(directory / name)
    except OSError as fault:
        if made and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
        raise BadInput(str(directory), "", f"cannot be written ({fault.strerror})") from None


@contextmanager
def _drafts_in(directory: Path) -> Iterator[Path]:
    drafts = Path(tempfile.mkdtemp(prefix=".draft-", dir=directory))
    try:
        yield drafts
    finally:
        shutil.rmtree(drafts, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_toml(path: Path) -> dict[str, Any]:
    """Return the document in a TOML file; BadInput when it cannot be read."""
    source = str(path)
    content = read_bytes(path, MAX_PARK_BYTES)
    for number, line in enumerate(content.split(b"\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise BadInput(source, f"line {number}", f"is longer than {MAX_LINE_BYTES} bytes")
        if line.partition(b"=")[0].count(b".") > MAX_DEPTH and not line.lstrip().startswith(b"#"):
            raise BadInput(source, f"line {number}", f"has a key of more than {MAX_DEPTH} parts")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as fault:
        line_number = content.count(b"\n", 0, fault.start) + 1
        raise BadInput(source, f"line {line_number}", "not UTF-8") from None
    except RecursionError:
        raise BadInput(source, "", "is nested too deeply") from None
    except ValueError as fault:  # also numbers of thousands of digits
        raise BadInput(source, "", f"not TOML ({one_line(str(fault), 200)})") from None


def _parsed(source: str, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as fault:
        raise BadInput(source, f"line {fault.lineno} column {fault.colno}", f"not JSON ({fault.msg})") from None


def _check_day_shape(source: str, document: Any) -> None:
    """Refuse what is no day at a glance, so that junk of many megabytes is not gone through piece by piece."""
    if not isinstance(document, dict):
        raise BadInput(source, "", f"must be an object, is {found_text(document)}")
    for field in fields(_DayFile):
        if field.name not in document:
            raise BadInput(source, field.name, "is missing")
    for name in ("visits", "loads", "trucks"):
        if isinstance(document[name], list) and len(document[name]) > MAX_DAY_THINGS:
            raise BadInput(source, name, f"has {len(document[name])} entries, at most {MAX_DAY_THINGS} are read")


def _check_dates(source: str, document: dict[str, Any]) -> None:
    """Refuse dates and times that are not written as such: a text of digits would be read as seconds since 1970."""
    _check_written(source, "date", document["date"], DAY, "YYYY-MM-DD")
    for what, kind in (("visits", Visit), ("loads", Load), ("trucks", Truck)):
        moments = [field.name for field in fields(kind) if field.type is datetime]
        for i, thing in enumerate(document[what]):
            for name in moments:
                _check_written(source, f"{what}[{i}].{name}", thing[name], MOMENT, MOMENT_TEXT)


def _check_written(source: str, where: str, text: str, form: re.Pattern[str], allowed: str) -> None:
    if not form.match(text):
        raise BadInput(source, where, f"is {found_text(text)}; allowed: {allowed}")


def _check_values(source: str, document: Any) -> None:
    """Refuse what JSON cannot say, such as dates, NaN and numbers beyond 64 bits, and documents without measure."""
    stack: list[tuple[str, Any, int]] = [("", document, 0)]
    left = MAX_PARK_VALUES
    while stack:
        where, value, depth = stack.pop()
        left -= 1
        if left < 0:
            raise BadInput(source, "", f"holds more than {MAX_PARK_VALUES} values")
        if depth > MAX_DEPTH:
            raise BadInput(source, one_line(where, 80), "is nested too deeply")
        match value:
            case dict():
                stack.extend((f"{where}.{key}".strip("."), inner, depth + 1) for key, inner in reversed(value.items()))
            case list():
                stack.extend((f"{where}[{i}]", value[i], depth + 1) for i in reversed(range(len(value))))
            case _:
                _check_value(source, where, value)


def _check_value(source: str, where: str, value: Any) -> None:
    match value:
        case bool() | str() | None:
            return
        case int():
            if not -(2**63) <= value < 2**63:
                raise BadInput(source, where, "is a number beyond 64 bits")
        case float():
            if not math.isfinite(value):
                raise BadInput(source, where, f"is {value}, must be a finite number")
        case _:
            raise BadInput(
                source, where, f"is the {type(value).__name__} {value}; allowed: texts, numbers, true, false"
            )


def _validated(source: str, adapter: TypeAdapter[Thing], known_as: type, content: bytes) -> Thing:
    try:
        return adapter.validate_json(content, strict=True)
    except ValidationError as error:
        fault = say_fault(error, known_as)
        raise BadInput(source, fault.field, fault.problem) from None


@contextmanager
def _faults_of(source: str) -> Iterator[None]:
    try:
        yield
    except FieldFault as fault:
        raise BadInput(source, fault.field, fault.problem) from None


def _check_each(what: str, things: tuple[DayThing, ...], check: Callable[[DayThing], None]) -> None:
    for i, thing in enumerate(things):
        try:
            check(thing)
        except FieldFault as fault:
            raise FieldFault(f"{what}[{i}].{fault.field}", fault.problem) from None


def _check_end(where: str, visit: str | None, at: dict[str, str], end: str) -> None:
    if visit is None:
        return
    if visit not in at:
        raise FieldFault(where, f"{visit[:40]!r} is not the id of a visit of this day")
    if at[visit] != end:
        raise FieldFault(where, f"{visit!r} is at {at[visit]}, but this end of the load is {end}")
