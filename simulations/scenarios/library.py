"""The scenarios that come with the project, by name; docs/scenarios.md describes each."""

from importlib.resources import as_file, files
from pathlib import Path

from simulations.scenarios.read import load_scenario
from simulations.scenarios.scenario import Scenario
from solver.reading import BadInput

_FOLDER = files("simulations.scenarios").joinpath("library")


def library_names() -> tuple[str, ...]:
    """Return the names of the shipped scenarios, sorted."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _FOLDER.iterdir() if each.name.endswith(".toml")))


def find_scenario(text: str) -> Scenario:
    """Return the scenario in the file of this name, or the shipped one; BadInput when there is neither."""
    if not Path(text).exists() and text.removesuffix(".toml") in library_names():
        with as_file(_FOLDER.joinpath(f"{text.removesuffix('.toml')}.toml")) as path:
            return load_scenario(path)
    if not Path(text).exists():
        raise BadInput(text, "", f"is neither a file nor a shipped scenario; shipped: {', '.join(library_names())}")
    return load_scenario(Path(text))
