"""The day a scenario changes: generated for a park, or read from a directory that `generate day` wrote."""

from pathlib import Path

from dispatch.files import load_day, load_park
from dispatch.model.park import Park
from dispatch.roads.find import table_for
from dispatch.roads.table import TravelTable
from simulations.demand.days import DEFAULT_DATE
from simulations.demand.generate import generate_day
from simulations.scenarios.scenario import Base
from simulations.scenarios.stage import Stage
from solver.reading import BadInput

LIVE = "is 'live': only `simulate` and POST /v1/scenarios can ask a running service for its live plan"


def base_stage(source: str, base: Base, park: Park, travel: TravelTable) -> Stage:
    """Return the base day; the park and its roads are those of generated days. BadInput names `source` or the file."""
    if base.kind == "live":
        raise BadInput(source, "base.kind", LIVE)
    if base.directory is not None:
        folder = Path(base.directory)
        park = load_park(folder / "park.json")
        travel = table_for(park, folder)
        day = load_day(folder / "day.json", park)
    else:
        day = generate_day(park, visits=base.visits, seed=base.seed, date=base.date or DEFAULT_DATE)
    return Stage(park, day.date, day.visits, (), day.loads, day.trucks, travel)
