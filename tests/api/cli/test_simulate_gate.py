import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.main import run

PROFILE = "simulations/demand/data/conflowgen_truck_arrival_by_hour_of_week.csv"
ASKED = {
    "--profile": PROFILE,
    "--column": "share_no_arrival_management",
    "--days": "mon-fri",
    "--trucks": "2000",
    "--lanes": "6",
    "--service": "exponential:2.0",
    "--replications": "20",
    "--seed": "1",
}


def arguments(**changed):
    asked = ASKED | {f"--{name}": value for name, value in changed.items()}
    return ["simulate", "gate", *(part for pair in asked.items() for part in pair), "--json"]


def test_the_gate_is_simulated_and_told_as_json(capfdbinary):
    code = run(arguments())

    told = json.loads(capfdbinary.readouterr().out)
    assert code == 0
    assert len(told["hourly_mean_queue"]) == 24
    assert all(set(each) == {"mean", "half_width"} for each in [told["mean_wait_minutes"], *told["hourly_mean_queue"]])
    assert told["mean_wait_minutes"]["mean"] > told["mean_wait_minutes"]["half_width"] > 0
    assert sum(told["hourly_arrivals"]) == pytest.approx(2000)


@pytest.mark.parametrize("service", ["deterministic:2.0", "erlang:3:2.0", "lognormal:0.5:2.0", "uniform:1:2"])
def test_services_of_other_kinds_are_known(service, capfdbinary):
    assert run(arguments(service=service, days="sat,sun", replications="2")) == 0
    assert json.loads(capfdbinary.readouterr().out)["mean_wait_minutes"]["half_width"] is not None


def test_the_more_regular_the_service_the_shorter_the_wait(capfdbinary):
    waits = []
    for service in ("deterministic:2.0", "erlang:3:2.0", "exponential:2.0"):
        run(arguments(service=service, trucks="2500", replications="60"))
        waits.append(json.loads(capfdbinary.readouterr().out)["mean_wait_minutes"]["mean"])

    assert waits == sorted(waits)


def test_one_replication_has_no_interval(capfdbinary):
    run(arguments(replications="1"))

    assert json.loads(capfdbinary.readouterr().out)["mean_wait_minutes"]["half_width"] is None


def test_people_get_a_line_for_each_hour(capsys):
    assert run(arguments()[:-1]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("mean wait ")
    assert len(lines) == 25


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"profile": "nowhere.csv"}, "nowhere.csv: cannot be read"),
        ({"column": "shares"}, "has no column 'shares'; there are: hour_of_week"),
        ({"column": "weekday"}, "line 2: weekday: is 'Mon', must be a number from 0"),
        ({"days": "mon-xyz"}, "--days: 'mon-xyz' is not a day"),
        ({"days": ""}, "--days: '' is not a day"),
        ({"trucks": "-1"}, "--trucks"),
        ({"lanes": "0"}, "--lanes"),
        ({"service": "exponential"}, "--service: 'exponential' is not a distribution; allowed: deterministic:MEAN, "),
        ({"service": "erlang:2"}, "--service: 'erlang:2' has the wrong number of parameters"),
        ({"service": "exponential:nan"}, "--service: 'exponential:nan': mean is nan"),
        ({"service": "normal:1:2"}, "--service: 'normal:1:2' may be negative"),
        ({"replications": "0"}, "--replications"),
        ({"seed": "x"}, "--seed"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(changed, fault, capsys):
    code = run(arguments(**changed))

    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert fault in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("weekday,hour,share\nMon,0,1\nMon,0,1\n", "line 3: mon 00h stands twice"),
        ("weekday,hour,share\nMon,0,1\n", "has no row for mon 01h"),
        ("weekday,hour,share\nMon,24,1\n", "line 2: hour: is '24', must be a whole number from 0 to 23"),
        ("weekday,hour,share\nMon,0\n", "line 2: must have 3 entries"),
        ("weekday,hour,share\nMon,0,-1\n", "line 2: share: is '-1'"),
        ("day,share\nMon,1\n", "has neither the columns weekday and hour nor hour_of_week"),
        ("", "has no column 'share'; there are: none"),
        ("hour_of_week,share\n" + "".join(f"{i},0\n" for i in range(168)), "share: is 0 in every hour of mon"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused_by_line(text, fault, tmp_path: Path, capsys):
    file = tmp_path / "profile.csv"
    file.write_text(text)

    code = run(arguments(profile=str(file), column="share", days="mon"))

    assert code == 2
    assert fault in capsys.readouterr().err


def test_a_profile_may_number_the_hours_of_the_week(tmp_path: Path, capfdbinary):
    file = tmp_path / "profile.csv"
    file.write_text("hour_of_week,share\n" + "".join(f"{i},{int(i == 30)}\n" for i in range(168)))

    run(arguments(profile=str(file), column="share", days="tue"))

    assert json.loads(capfdbinary.readouterr().out)["hourly_arrivals"][6] == 2000


def test_without_numba_it_says_so_in_one_line_and_gives_the_same_figures(capfdbinary):
    run(arguments())
    compiled = json.loads(capfdbinary.readouterr().out)
    blocked = "import sys; sys.modules['numba'] = None; from api.cli.main import run; sys.exit(run(sys.argv[1:]))"

    done = subprocess.run([sys.executable, "-c", blocked, *arguments()], capture_output=True, text=True, check=True)

    plain = json.loads(done.stdout)
    assert plain["mean_wait_minutes"] == pytest.approx(compiled["mean_wait_minutes"])
    assert done.stderr.splitlines() == [
        "parkdispatch: numba cannot be imported: the simulation runs uncompiled, hundreds of times slower"
    ]
