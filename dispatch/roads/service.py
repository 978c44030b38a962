"""Distances from an OSRM-compatible table service: GET /table/v1/driving/lon,lat;...?annotations=duration,distance.

Only the answer's `code`, `durations` (seconds) and `distances` (metres) are used, as OSRM's HTTP API documents them.
"""

from typing import Any

import httpx
import numpy as np

from dispatch.faults import one_line
from dispatch.model.park import Park, Position
from dispatch.roads.table import IntArray, TravelTable
from solver.reading import BadInput

BLOCK = 50  # sources and destinations of one request: 100 points stay within OSRM's default limit and URL lengths
TIMEOUT_SECONDS = 20.0
FARTHEST = 10**9  # seconds and metres


def ask_service(park: Park, client: httpx.Client) -> TravelTable:
    """Return the table that the service at the client's base URL gives, asked for block by block.

    Minutes are rounded up, kilometres to the nearest. BadInput when the service does not answer or does not know a way.
    """
    locations = tuple(park.position_by_location)
    positions = list(park.position_by_location.values())
    seconds = np.zeros((len(locations), len(locations)))
    metres = np.zeros_like(seconds)
    blocks = [range(first, min(first + BLOCK, len(locations))) for first in range(0, len(locations), BLOCK)]
    for rows in blocks:
        for columns in blocks:
            answer = _ask(client, [positions[i] for i in rows], [positions[j] for j in columns])
            here = np.ix_(rows, columns)
            seconds[here] = _matrix(client, answer, "durations", rows, columns, locations)
            metres[here] = _matrix(client, answer, "distances", rows, columns, locations)
    return TravelTable(locations, _emptied(np.ceil(seconds / 60 - 1e-9)), _emptied(np.floor(metres / 1000 + 0.5)))


def _ask(client: httpx.Client, sources: list[Position], destinations: list[Position]) -> dict[str, Any]:
    points = ";".join(f"{point.longitude:.6f},{point.latitude:.6f}" for point in (*sources, *destinations))
    query = {
        "annotations": "duration,distance",
        "sources": ";".join(str(i) for i in range(len(sources))),
        "destinations": ";".join(str(len(sources) + j) for j in range(len(destinations))),
    }
    try:
        response = client.get(f"table/v1/driving/{points}", params=query)
        answer = response.json()
    except httpx.HTTPError as fault:
        raise _fault(client, f"does not answer ({one_line(str(fault) or type(fault).__name__, 120)})") from None
    except ValueError:
        raise _fault(client, f"answered {response.status_code} without JSON") from None
    if not isinstance(answer, dict) or response.status_code != httpx.codes.OK or answer.get("code") != "Ok":
        raise _fault(client, f"answered {response.status_code} {_said(answer)}")
    return answer


def _matrix(
    client: httpx.Client, answer: dict[str, Any], name: str, rows: range, columns: range, locations: tuple[str, ...]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    table = answer.get(name)
    if not isinstance(table, list) or len(table) != len(rows):
        raise _fault(client, f"its answer must have {len(rows)} rows of {name}")
    for i, line in zip(rows, table, strict=True):
        if not isinstance(line, list) or len(line) != len(columns):
            raise _fault(client, f"its answer must have {len(columns)} {name} from {locations[i]}")
        for j, value in zip(columns, line, strict=True):
            if value is None:
                raise _fault(client, f"it knows no way from {locations[i]} to {locations[j]}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= FARTHEST:
                raise _fault(client, f"{name} from {locations[i]} to {locations[j]} is not a number from 0")
    return np.array(table, dtype=np.float64)


def _emptied(matrix: np.ndarray[Any, np.dtype[np.float64]]) -> IntArray:
    whole = matrix.astype(np.int64)
    np.fill_diagonal(whole, 0)
    return whole


def _said(answer: Any) -> str:
    if not isinstance(answer, dict):
        return "with something else than a table"
    return one_line(f"{answer.get('code')}: {answer.get('message', 'no message')}", 160)


def _fault(client: httpx.Client, problem: str) -> BadInput:
    return BadInput("roads.table_service", str(client.base_url), problem)
