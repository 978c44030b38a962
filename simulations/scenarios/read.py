"""Scenario files: read whole and checked, or refused in one line that names file and key."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from dispatch.faults import found_text, say_fault
from dispatch.files import read_toml
from dispatch.model.faults import FieldFault
from dispatch.model.park import Park
from simulations.scenarios.changes import KINDS, Change, Lanes
from simulations.scenarios.lanes import with_lanes
from simulations.scenarios.scenario import Scenario
from solver.reading import BadInput

_SCENARIO: TypeAdapter[Scenario] = TypeAdapter(Scenario)
_CHANGES: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in KINDS.items()}


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a TOML file; BadInput when it cannot be used. Whether it fits a park: `check_fits`.

    The directory of a saved day is looked for beside the file.
    """
    scenario = scenario_of(str(path), read_toml(path))
    if scenario.base.directory is None:
        return scenario
    beside = str(path.parent / scenario.base.directory)
    return replace(scenario, base=replace(scenario.base, directory=beside))


def scenario_of(source: str, document: dict[str, Any]) -> Scenario:
    """Return the scenario in a document; BadInput that names `source` and the key when it cannot be used."""
    changes = document.get("changes", [])
    if not isinstance(changes, list):
        raise BadInput(source, "changes", f"must be a list of tables [[changes]], is {found_text(changes)}")
    read = tuple(_change(source, i, each) for i, each in enumerate(changes))
    scenario: Scenario = _validated(source, "", _SCENARIO, Scenario, document | {"changes": []})
    return Scenario(**{field.name: getattr(scenario, field.name) for field in fields(Scenario)} | {"changes": read})


def check_fits(source: str, scenario: Scenario, park: Park) -> None:
    """Raise BadInput for the first change that does not fit the park as the changes before it leave it."""
    for i, change in enumerate(scenario.changes):
        try:
            change.check(park)
        except FieldFault as fault:
            raise BadInput(source, f"changes[{i}].{fault.field}", fault.problem) from None
        if isinstance(change, Lanes):
            park = with_lanes(park, change)


def _change(source: str, i: int, document: Any) -> Change:
    where = f"changes[{i}]"
    if not isinstance(document, dict):
        raise BadInput(source, where, f"must be a table, is {found_text(document)}")
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        found = "is missing" if kind is None else f"{str(kind)[:40]!r} is not a kind of change"
        raise BadInput(source, f"{where}.kind", f"{found}; known: {', '.join(KINDS)}")
    change: Change = _validated(source, where, _CHANGES[kind], KINDS[kind], document)
    return change


def _validated(source: str, where: str, adapter: TypeAdapter[Any], kind: type, document: dict[str, Any]) -> Any:
    try:
        return adapter.validate_json(_json(source, where, document), strict=True)
    except ValidationError as error:
        fault = say_fault(error, kind)
        problem = fault.problem.replace("begins", "from").replace("ends", "to")
        raise BadInput(source, f"{where}.{fault.field}".strip("."), problem) from None


def _json(source: str, where: str, document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except (TypeError, ValueError):
        raise BadInput(source, where, "holds a value that is no text, number, true, false or date") from None
