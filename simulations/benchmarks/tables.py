"""A benchmark's rows as one Markdown table, with the machine they were measured on."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import ortools

import parkdispatch

Row = Mapping[str, Any]


def machine() -> dict[str, str]:
    """Return what a figure depends on besides the code: processor count, system, versions."""
    return {
        "parkdispatch": parkdispatch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
        "ortools": ortools.__version__,
        "numpy": np.__version__,
    }


def markdown(rows: Sequence[Row]) -> str:
    """Return rows with the same keys as a Markdown table, numbers to the right."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [names, *([_text(name, row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    numeric = [not isinstance(rows[0][name], str) for name in names]
    rule = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, numeric, strict=True)]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(
        "| " + " | ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, numeric, strict=True)) + " |"
        for line in lines
    )


def _text(name: str, value: Any) -> str:
    match value:
        case None:
            return "-"
        case float() if name.endswith(("gap", "share")) or "share" in name:
            return f"{value * 100:.3g} %"
        case float():
            return f"{value:.2f}"
        case _:
            return str(value)
