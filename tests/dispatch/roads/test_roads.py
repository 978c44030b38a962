import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import pytest

from dispatch.model.park import DistanceClass, Park, Position, Roads
from dispatch.roads.estimate import estimated, great_circle_km
from dispatch.roads.find import table_for
from dispatch.roads.matrix import read_matrix
from dispatch.roads.service import BLOCK, ask_service
from dispatch.roads.table import TravelTable
from simulations.demand.beilun import beilun
from solver.reading import BadInput
from tests.dispatch.tiny import a_park, a_warehouse

LOCATIONS = ("W1", "PORT", "TOWN")


def test_locations_are_warehouses_then_places() -> None:
    table = table_for(a_park(), Path())

    assert table.locations == LOCATIONS
    assert table.index["TOWN"] == 2
    assert not table.minutes.flags.writeable
    assert not table.km.flags.writeable


def test_one_degree_of_latitude_is_111_km() -> None:
    park = a_park()
    places = (
        replace(park.places[0], position=Position(30.0, 121.0)),
        replace(park.places[1], position=Position(31.0, 121.0)),
    )

    assert great_circle_km(a_park(places=places))[1, 2] == pytest.approx(111.195, abs=0.001)


def test_an_estimate_is_great_circle_times_circuity_at_the_speed_of_its_class() -> None:
    table = estimated(a_park())
    straight = great_circle_km(a_park())

    assert table.km[1, 2] == round(straight[1, 2] * 1.25)
    assert table.minutes[1, 2] == int(np.ceil(straight[1, 2] * 1.25 / 70 * 60))
    assert table.km[0, 1] == round(straight[0, 1] * 1.4)
    assert (table.km.diagonal() == 0).all()
    assert (table.minutes.diagonal() == 0).all()
    assert (table.km == table.km.T).all()


def test_next_door_still_takes_a_kilometre_and_five_minutes() -> None:
    table = estimated(a_park(warehouses=(a_warehouse("W1"), a_warehouse("W2"))))

    assert table.km[0, 1] == 1
    assert table.minutes[0, 1] == 5


def test_places_beyond_the_last_class_are_refused() -> None:
    park = a_park(roads=Roads((DistanceClass(50.0, 1.4, 40.0),)))

    with pytest.raises(BadInput, match=r"classes\[0\].up_to_km: W1 and TOWN are 189.1 km apart, the last class ends"):
        estimated(park)


def test_the_demo_parks_terminals_are_near_and_yiwu_is_far() -> None:
    table = table_for(beilun(), Path())

    assert 3 <= table.km[0, table.index["BEILUN"]] <= 15
    assert 200 <= table.km[0, table.index["YIWU"]] <= 280
    assert 180 <= table.minutes[0, table.index["YIWU"]] <= 300


def matrix_csv(**lines: str) -> str:
    rows = [
        f"{a},{b},{10 * i + j}.4,{10 * i + j}.2"
        for i, a in enumerate(LOCATIONS)
        for j, b in enumerate(LOCATIONS)
        if i != j
    ]
    for number, line in lines.items():
        rows[int(number[1:]) - 2] = line
    return "\n".join(["from,to,km,minutes", *rows]) + "\n"


def park_with_matrix(tmp_path: Path, text: str | bytes) -> Park:
    (tmp_path / "matrix.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return a_park(roads=replace(a_park().roads, matrix_csv="matrix.csv"))


def test_a_users_own_matrix_replaces_the_estimate(tmp_path: Path) -> None:
    table = table_for(park_with_matrix(tmp_path, matrix_csv()), tmp_path)

    assert table.km[1, 2] == 12
    assert table.minutes[1, 2] == 13
    assert table.km[2, 1] == 21
    assert table.km[2, 2] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: must be the columns from,to,km,minutes"),
        ("a,b\n", "line 1: must be the columns from,to,km,minutes"),
        (matrix_csv(l3="W1,TOWN,5"), "line 3: has 3 columns, must have 4"),
        (matrix_csv(l3="W1,MARS,5,5"), "line 3: 'MARS' is not a warehouse or place of this park"),
        (matrix_csv(l3="W1,TOWN,-5,5"), "line 3: km is '-5', must be a number from 0 to 100000"),
        (matrix_csv(l3="W1,TOWN,5,nan"), "line 3: minutes is 'nan', must be a number from 0 to 100000"),
        (matrix_csv(l3="W1,TOWN,5,1e999"), "line 3: minutes is '1e999', must be a number from 0"),
        (matrix_csv(l3="W1,PORT,5,5"), "line 3: W1 to PORT stands twice"),
        (matrix_csv(l3='W1,"TOWN,5,5'), "not CSV ("),
        ("from,to,km,minutes\nW1,PORT,1,1\n", "W1 to TOWN is missing, and 4 other pairs"),
        (b"from,to,km,minutes\n\xff", "line 2: not UTF-8"),
        (b"\x00" * 1_000_000, "line 1: "),
        (b"x" * 1_000_000, "line 1: "),
    ],
)
def test_a_fault_in_a_matrix_names_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        table_for(park_with_matrix(tmp_path, text), tmp_path)

    assert str(caught.value).startswith(f"{tmp_path / 'matrix.csv'}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_matrix_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be read"):
        read_matrix(tmp_path / "nowhere.csv", a_park())


Answer = Callable[[httpx.Request], httpx.Response]


def fake_service(request: httpx.Request) -> httpx.Response:
    """Answer as OSRM's table service does: seconds and metres by the difference in longitude, one way dearer."""
    points = [tuple(map(float, point.split(","))) for point in request.url.path.rsplit("/", 1)[1].split(";")]
    assert len(points) <= 2 * BLOCK
    assert request.url.params["annotations"] == "duration,distance"
    sources = [points[int(i)] for i in request.url.params["sources"].split(";")]
    destinations = [points[int(i)] for i in request.url.params["destinations"].split(";")]
    distances = [[abs(b[0] - a[0]) * 100_000 + (100 if b[0] > a[0] else 0) for b in destinations] for a in sources]
    return httpx.Response(
        200,
        json={
            "code": "Ok",
            "distances": distances,
            "durations": [[metres / 10 for metres in row] for row in distances],
        },
    )


def answers_of(answer: Answer, park: Park | None = None) -> TravelTable:
    with httpx.Client(base_url="http://osrm.test", transport=httpx.MockTransport(answer)) as client:
        return ask_service(park or a_park(), client)


def test_a_table_service_gives_seconds_and_metres() -> None:
    table = answers_of(fake_service)

    east = (121.91 - 121.88) * 100_000  # W1 lies 3 "km" east of PORT
    assert table.km[0, 1] == 3
    assert table.minutes[0, 1] == int(np.ceil(east / 10 / 60 - 1e-9))
    assert table.minutes[1, 0] == int(np.ceil((east + 100) / 10 / 60))
    assert (table.km.diagonal() == 0).all()


def test_a_large_park_is_asked_for_block_by_block() -> None:
    asked = []

    def count(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return fake_service(request)

    warehouses = tuple(
        replace(a_warehouse(f"W{i}"), position=Position(29.9, 121.0 + i / 100)) for i in range(2 * BLOCK + 5)
    )
    park = a_park(warehouses=warehouses)
    table = answers_of(count, park)

    assert len(asked) == 9
    assert table.km[0, 100] == 100
    assert table.km[104, 3] == 101


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx.Response(400, json={"code": "TooBig", "message": "Too many\ncoordinates"}),
            "answered 400 TooBig: Too many?coordinates",
        ),
        (httpx.Response(200, json={"code": "NoTable"}), "answered 200 NoTable: no message"),
        (httpx.Response(502, text="<html>"), "answered 502 without JSON"),
        (httpx.Response(200, json=[1]), "answered 200 with something else than a table"),
        (httpx.Response(200, json={"code": "Ok"}), "its answer must have 3 rows of durations"),
        (
            httpx.Response(200, json={"code": "Ok", "durations": [[0, 1], [0, 1], [0, 1]]}),
            "must have 3 durations from W1",
        ),
        (
            httpx.Response(200, json={"code": "Ok", "durations": [[0, None, 1]] * 3, "distances": [[0] * 3] * 3}),
            "it knows no way from W1 to PORT",
        ),
        (
            httpx.Response(200, json={"code": "Ok", "durations": [[0, -1, 1]] * 3, "distances": [[0] * 3] * 3}),
            "durations from W1 to PORT is not a number from 0",
        ),
        (
            httpx.Response(200, json={"code": "Ok", "durations": [[0, True, 1]] * 3, "distances": [[0] * 3] * 3}),
            "durations from W1 to PORT is not a number from 0",
        ),
        (
            httpx.Response(200, content=b'{"code":"Ok","durations":[[0,NaN,1],[0,0,0],[0,0,0]]}'),
            "durations from W1 to PORT is not a number from 0",
        ),
    ],
)
def test_a_service_that_gives_no_table_is_one_clear_line(answer: httpx.Response, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        answers_of(lambda _: answer)

    assert str(caught.value).startswith("roads.table_service: http://osrm.test")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_service_that_is_not_there_is_one_clear_line() -> None:
    def timed_out(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    with pytest.raises(BadInput, match=r"does not answer \(timed out\)"):
        answers_of(timed_out)


class TableServer(BaseHTTPRequestHandler):
    """The fake service on a real port."""

    def do_GET(self) -> None:
        answer = fake_service(httpx.Request("GET", f"http://127.0.0.1{self.path}"))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(json.loads(answer.content)).encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def test_the_park_file_names_the_service() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), TableServer) as server:
        Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            table = table_for(a_park(roads=replace(a_park().roads, table_service=url)), Path())
        finally:
            server.shutdown()

    assert table.km[0, 1] == 3


@pytest.mark.parametrize("url", ["ftp://x", "osrm", "http://", "http://[::1"])
def test_what_is_not_a_service_is_one_clear_line(url: str) -> None:
    with pytest.raises(BadInput, match=r"roads.table_service"):
        table_for(a_park(roads=replace(a_park().roads, table_service=url)), Path())


def test_a_travel_table_has_its_locations_shape() -> None:
    with pytest.raises(ValueError, match=r"minutes must be 1 x 1"):
        TravelTable(("a",), np.zeros((2, 2), np.int64), np.zeros((1, 1), np.int64))
