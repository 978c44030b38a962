"""Where a park's travel table comes from: its own CSV matrix, its table service, or the estimate."""

from pathlib import Path

import httpx

from dispatch.model.park import Park
from dispatch.roads.estimate import estimated
from dispatch.roads.matrix import read_matrix
from dispatch.roads.service import TIMEOUT_SECONDS, ask_service
from dispatch.roads.table import TravelTable
from solver.reading import BadInput


def table_for(park: Park, base_dir: Path) -> TravelTable:
    """Return the travel table the park file asks for; a relative `matrix_csv` is looked for in `base_dir`.

    BadInput, in one line, when a file or a service cannot be used.
    """
    if park.roads.matrix_csv is not None:
        return read_matrix(base_dir / park.roads.matrix_csv, park)
    if park.roads.table_service is None:
        return estimated(park)
    url = park.roads.table_service
    if not url.startswith(("http://", "https://")):
        raise BadInput("roads.table_service", "", f"{url[:60]!r} is not a URL; allowed: http:// or https://")
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            return ask_service(park, client)
    except httpx.InvalidURL as fault:
        raise BadInput("roads.table_service", "", f"{url[:60]!r} is not a URL ({fault})") from None
