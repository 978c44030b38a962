"""Bulk requests as CSV: a line with the fields' names, then a row per line, in UTF-8; an empty cell is left out.

Numbers and true or false are read where the field wants them; several values of one field are separated by semicolons.
"""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from api.http.problems import InvalidRequest

MEDIA_TYPE = "text/csv"
BEYOND = "(cells beyond the first line's)"
_WHOLE = re.compile(r"-?\d{1,18}\Z", re.ASCII)


def rows_of(content: bytes, kind: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the rows as they would stand in JSON; InvalidRequest when it is no CSV in UTF-8 or names no field."""
    readers = _readers(kind)
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), restkey=BEYOND, strict=True)
        rows = [_row(line, readers) for line in lines]
    except (csv.Error, UnicodeDecodeError) as fault:
        raise InvalidRequest([("body", f"is not CSV in UTF-8 ({fault})")]) from None
    if not readers.keys() & set(lines.fieldnames or ()):
        raise InvalidRequest([("body", f"its first line must name fields, some of {', '.join(readers)}")])
    return rows


def example_of(row: dict[str, Any]) -> str:
    """Return one row of an example as CSV."""
    shown = {name: value for name, value in row.items() if value is not None and not isinstance(value, list)}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(shown), lineterminator="\n")
    writer.writeheader()
    writer.writerow(
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in shown.items()}
    )
    return text.getvalue()


def _row(line: dict[str, Any], readers: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    filled = {name: cell for name, cell in line.items() if cell}
    return {name: readers.get(name, str)(cell) if isinstance(cell, str) else cell for name, cell in filled.items()}


def _readers(kind: type[BaseModel]) -> dict[str, Callable[[str], Any]]:
    properties = kind.model_json_schema()["properties"]
    return {name: _reader(schema) for name, schema in properties.items()}


def _reader(schema: dict[str, Any]) -> Callable[[str], Any]:
    types = {each.get("type") for each in (schema, *schema.get("anyOf", ()))}
    if "integer" in types:
        return lambda cell: int(cell) if _WHOLE.match(cell) else cell
    if "boolean" in types:
        return lambda cell: {"true": True, "false": False}.get(cell.lower(), cell)
    if "array" in types:
        return lambda cell: [each.strip() for each in cell.split(";")]
    return str
