import re
from dataclasses import fields
from pathlib import Path

from simulations.kernel.distributions import Distribution
from simulations.running.assumptions import all_assumptions
from simulations.running.measures import SCALARS
from simulations.scenarios.changes import KINDS
from simulations.scenarios.library import find_scenario, library_names

TEXT = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def shown(value: object) -> str:
    return f"{value.mean:g}, {value.shape:g}" if isinstance(value, Distribution) else str(value)


def table_under(heading: str) -> list[str]:
    part = TEXT.split(f"## {heading}")[1].split("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("|")][2:]


def test_the_library_is_documented_in_its_own_words() -> None:
    rows = [f"| `{name}` | {find_scenario(name).description} |" for name in library_names()]

    assert table_under("The library") == rows


def test_the_measures_and_the_assumptions_are_documented() -> None:
    assumed = [f"| {name} | {shown(p.value)} | {p.meaning} | {p.source} |" for name, p in all_assumptions().items()]

    assert table_under("What is measured") == [f"| {name} | {meaning} |" for name, meaning in SCALARS.items()]
    assert table_under("What is assumed") == assumed


def test_every_kind_of_change_is_documented_with_its_keys() -> None:
    written = {
        row.split("`")[1]: set(re.findall(r"`(\w+)`", row.split("|")[2])) for row in table_under("Kinds of change")
    }

    names = {"begins": "from", "ends": "to", "kind": None}
    for kind, of in KINDS.items():
        keys = {names.get(field.name, field.name) for field in fields(of)} - {None}
        assert written[kind] == keys, kind
