"""A generated day as files: the park, the day, and the two problems a solver reads."""

from pathlib import Path

from dispatch.files import day_json, park_json, write_together
from dispatch.model.day import Day
from dispatch.model.park import Park
from dispatch.planning.matching import matching_problem
from dispatch.planning.slots import slot_problem
from dispatch.roads.table import TravelTable
from simulations.demand.carriers import with_carriers
from solver.matching import instance as matching_instance
from solver.slots import instance as slot_instance


def write_day(day: Day, park: Park, travel: TravelTable, directory: Path) -> None:
    """Write slots.json, matching.json, park.json and day.json into a directory, all or none; made if it is not there.

    BadInput when that is not possible.
    """
    slots = slot_problem(park, day.date, day.visits).instance
    matching = with_carriers(matching_problem(park, day.date, day.loads, day.trucks, travel).instance, day, park)
    write_together(
        directory,
        {
            "slots.json": lambda path: slot_instance.save(slots, path),
            "matching.json": lambda path: matching_instance.save(matching, path),
            "park.json": lambda path: path.write_bytes(park_json(park)),
            "day.json": lambda path: path.write_bytes(day_json(day)),
        },
    )
