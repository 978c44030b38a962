from pathlib import Path

import pytest

from dispatch.files import load_park
from simulations.scenarios.changes import LaneClosed
from simulations.scenarios.library import find_scenario, library_names
from simulations.scenarios.read import check_fits, load_scenario
from solver.reading import BadInput

PARK = load_park(Path(__file__).parents[3] / "parks" / "beilun.toml")
HEAD = 'version = 1\ntitle = "x"\n'
BASE = '[base]\nkind = "demo"\n'


def scenario_in(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", library_names())
def test_every_shipped_scenario_can_be_read_and_fits_the_demo_park(name: str) -> None:
    scenario = find_scenario(name)

    check_fits(name, scenario, PARK)
    assert scenario.title
    assert scenario.description


def test_ten_or_more_are_shipped() -> None:
    assert len(library_names()) >= 10


def test_a_change_is_read_with_its_span(tmp_path: Path) -> None:
    change = '[[changes]]\nkind = "lane_closed"\ngate = "east"\nlane = 3\nfrom = "09:00"\nto = "11:00"\n'

    scenario = load_scenario(scenario_in(tmp_path, HEAD + BASE + change))

    assert scenario.changes == (LaneClosed(gate="east", lane=3, begins="09:00", ends="11:00"),)
    assert scenario.changes[0].span == (540, 660)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD, ("base", "is missing")),
        ("version = 1\n" + BASE, ("title", "is missing")),
        (HEAD + "colour = 3\n" + BASE, ("colour", "not a known field", "replications")),
        (HEAD + "replications = 0\n" + BASE, ("replications", "0")),
        (HEAD + "changes = 3\n" + BASE, ("changes", "list")),
        (HEAD + '[base]\nkind = "weekly"\n', ("base.kind", "weekly")),
        (HEAD + '[base]\nkind = "day"\n', ("base.directory",)),
        (HEAD + BASE + "visits = -4\n", ("base.visits", "-4")),
        (HEAD + BASE + '[[changes]]\nkind = "lane_closd"\n', ("changes[0].kind", "lane_closd", "lane_closed")),
        (HEAD + BASE + "[[changes]]\nshare = 1\n", ("changes[0].kind", "missing")),
        (HEAD + BASE + '[[changes]]\nkind = "no_show"\nshare = 1.2\n', ("changes[0].share", "1.2")),
        (HEAD + BASE + '[[changes]]\nkind = "no_show"\nshare = nan\n', ("changes[0].share",)),
        (HEAD + BASE + '[[changes]]\nkind = "rain"\npercent = 15\nfrom = "25:00"\n', ("changes[0].from", "25:00")),
        (HEAD + BASE + '[[changes]]\nkind = "rain"\npercent = 15\nuntil = "9:00"\n', ("changes[0].until", "to")),
        (
            HEAD + BASE + '[[changes]]\nkind = "rain"\npercent = 5\nfrom = "11:00"\nto = "09:00"\n',
            ("changes[0].from", "before"),
        ),
        (HEAD + BASE + '[[changes]]\nkind = "lanes"\n', ("changes[0].entry",)),
        (HEAD + BASE + "[grid]\nlanes = [0]\n", ("grid.lanes[0]", "0")),
    ],
)
def test_what_cannot_be_used_is_refused_by_file_and_key(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    file = scenario_in(tmp_path, text)

    with pytest.raises(BadInput) as refused:
        load_scenario(file)

    assert str(refused.value).startswith(f"{file}: ")
    assert "\n" not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('kind = "lane_closed"\ngate = "north"\nlane = 1\n', ("changes[0].gate", "north", "east")),
        ('kind = "lane_closed"\ngate = "east"\nlane = 7\n', ("changes[0].lane", "1 to 6")),
        ('kind = "docks_closed"\ndock_group = "Z99"\n', ("changes[0].dock_group", "Z99")),
        ('kind = "docks_closed"\ndock_group = "A20-container"\ndocks = 99\n', ("changes[0].docks", "99")),
        ('kind = "lanes"\ngate = "north"\nentry = 2\n', ("changes[0].gate", "north")),
    ],
)
def test_what_does_not_fit_the_park_is_refused_by_key(tmp_path: Path, change: str, words: tuple[str, ...]) -> None:
    scenario = load_scenario(scenario_in(tmp_path, f"{HEAD}{BASE}[[changes]]\n{change}"))

    with pytest.raises(BadInput) as refused:
        check_fits("scenario.toml", scenario, PARK)

    for word in words:
        assert word in str(refused.value)
