"""Rows as CSV."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def csv_text(table: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with the same keys as CSV; what is not known is an empty cell."""
    lines = [",".join(table[0])] if table else []
    lines += [",".join(_cell(value) for value in row.values()) for row in table]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    text = str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if set(text) & set(',"\n') else text
