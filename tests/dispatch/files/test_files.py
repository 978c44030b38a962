import json
import re
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.files import (
    MAX_DAY_THINGS,
    day_json,
    load_day,
    load_park,
    load_park_json,
    park_json,
    save_day,
    save_park,
    write_together,
)
from solver.reading import BadInput
from tests.dispatch.tiny import a_day, a_park

PARK_TOML = """
version = 1
id = "tiny"
name = "Tiny"
name_zh = "小"

[grid]
slot_minutes = 15
timezone = "Asia/Shanghai"

[[gates]]
id = "east"
name = "East"
entry_lanes = 1
exit_lanes = 1
seconds_per_truck = 60
hours = { opens = "00:00", closes = "24:00" }
position = { latitude = 29.9, longitude = 121.9 }

[[zones]]
id = "Z1"
name = "Zone"
gate = "east"
drive_minutes = 5

[[enterprises]]
id = "E1"
name = "Firm"

[[warehouses]]
id = "W1"
name = "Shed"
zone = "Z1"
enterprise = "E1"
hours = { opens = "06:00", closes = "22:00" }
position = { latitude = 29.9, longitude = 121.9 }
dock_groups = [ { id = "W1-box", kind = "box", docks = 2 } ]

[[places]]
id = "PORT"
name = "Port"
name_zh = "港"
kind = "terminal"
position = { latitude = 29.9, longitude = 121.9 }

[[cargo_kinds]]
id = "general"
dock_kind = "box"
handling_minutes = 30

[[truck_kinds]]
id = "artic"
carries = ["general"]

[roads]
classes = [ { up_to_km = 30.0, circuity = 1.4, kmh = 35.0 } ]
"""


def park_fault(tmp_path: Path, text: str | bytes, name: str = "park.toml") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as caught:
        load_park(path)
    return one_short_line(caught.value, path)


def day_fault(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "day.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load_day(path, a_park())
    return one_short_line(caught.value, path)


def one_short_line(fault: BadInput, path: Path) -> str:
    text = str(fault)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 500 + len(str(path))
    return text.removeprefix(f"{path}: ")


def changed_day(list_name: str, **changes: Any) -> bytes:
    document = orjson.loads(day_json(a_day()))
    document[list_name][0] |= changes
    return orjson.dumps(document)


def test_a_park_file_is_read_into_the_parks_own_words(tmp_path: Path) -> None:
    path = tmp_path / "park.toml"
    path.write_text(PARK_TOML, encoding="utf-8")

    park = load_park(path)

    assert park.warehouses[0].dock_groups[0].docks == 2
    assert park.gates[0].entries_at(0, 15) == 15
    assert park.name_zh == "小"


def test_a_park_survives_being_saved_and_loaded(tmp_path: Path) -> None:
    park = a_park()
    assert park.gate_by_id  # what was looked up is not part of the park
    save_park(park, tmp_path / "park.json")

    again = load_park_json(tmp_path / "park.json")

    assert again == park
    assert load_park(tmp_path / "park.json") == park
    assert park_json(again) == (tmp_path / "park.json").read_bytes()


def test_a_day_survives_being_saved_and_loaded(tmp_path: Path) -> None:
    save_day(a_day(), tmp_path / "day.json")

    again = load_day(tmp_path / "day.json", a_park())

    assert again == a_day()
    assert day_json(again) == (tmp_path / "day.json").read_bytes()


def test_an_empty_day_is_a_legal_day(tmp_path: Path) -> None:
    save_day(a_day(visits=(), loads=(), trucks=()), tmp_path / "day.json")

    assert load_day(tmp_path / "day.json", a_park()).visits == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 2", "version: is 2, this program reads version 1"),
        ("version = 1", "version = true", "version: must be a valid integer, is true"),
        ("version = 1", "version = 1.0", "version: must be a valid integer, is the number 1.0"),
        ("version = 1", "version = 99999999999999999999", "version: is a number beyond 64 bits"),
        ("version = 1\n", "", "version: is missing"),
        ('id = "tiny"', 'id = ""', "id: '' is not an id; allowed: 1 to 64 of"),
        ('id = "tiny"', "id = 2026-01-01", "id: is the date 2026-01-01; allowed: texts, numbers, true, false"),
        ("slot_minutes = 15", "slot_minutes = 7", "grid.slot_minutes: is 7, must divide 1440"),
        ("slot_minutes = 15", "slot_minutes = -15", "grid.slot_minutes: is -15, must divide 1440"),
        ("Asia/Shanghai", "Mars/Base", "grid.timezone: 'Mars/Base' is not an IANA time zone"),
        ("Asia/Shanghai", "../../etc/passwd", "grid.timezone: '../../etc/passwd' is not an IANA time zone"),
        ("entry_lanes = 1", "entry_lanes = -1", "gates[0].entry_lanes: is -1, must be from 0 to 1000000"),
        ('"06:00"', '"25:00"', "warehouses[0].hours.opens: '25:00' is not a time of day; allowed: HH:MM"),
        ('"06:00"', "06:00:00", "warehouses[0].hours.opens: is the time 06:00:00"),
        ('"06:00"', '"23:00"', "warehouses[0].hours.opens: 23:00 must be before closes 22:00"),
        ("latitude = 29.9", "latitude = nan", "gates[0].position.latitude: is nan, must be a finite number"),
        ("latitude = 29.9", "latitude = 91.0", "gates[0].position.latitude: is 91.0, must be from -90 to 90"),
        ('kind = "box"', 'kind = "bok"', "warehouses[0].dock_groups[0].kind: must be 'container', 'box', 'bulk'"),
        ("docks = 2", "docks = 2, dox = 1", "warehouses[0].dock_groups[0].dox: is not a known field; known here: id"),
        ('zone = "Z1"', 'zone = "Z9"', "warehouses[0].zone: 'Z9' is not known in this park"),
        ('carries = ["general"]', 'carries = ["gold"]', "truck_kinds[0].carries[0]: 'gold' is not known"),
        ('carries = ["general"]', 'carries = "general"', "truck_kinds[0].carries: must be a valid array"),
        ('id = "PORT"', 'id = "W1"', "places[0].id: 'W1' is also the id of a warehouse"),
        ("kmh = 35.0", "kmh = 0.0", "roads.classes[0].kmh: is 0.0, must be from 1 to 1000"),
        ("circuity = 1.4", "circuity = inf", "roads.classes[0].circuity: is inf, must be a finite number"),
        ("[roads]", "[roads]\ntable_service = 5", "roads.table_service: must be a valid string, is the number 5"),
        ("[roads]", "[roads", "not TOML ("),
        ("[roads]", "[rules]\nturn_slots = -1\n[roads]", "rules.turn_slots: is -1, must be from 0 to 1440"),
    ],
)
def test_a_fault_in_a_park_file_names_field_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in PARK_TOML

    fault = park_fault(tmp_path, PARK_TOML.replace(old, new, 1))

    assert said in fault


@pytest.mark.parametrize(
    ("list_name", "changes", "said"),
    [
        ("visits", {"plate": "XYZ"}, "visits[0].plate: 'XYZ' is not a plate; allowed: a province character"),
        ("visits", {"plate": "浙b-12345"}, "visits[0].plate: '浙b-12345' must be written '浙B12345'"),
        ("visits", {"minutes": True}, "visits[0].minutes: must be a valid integer, is true"),
        ("visits", {"minutes": 0}, "visits[0].minutes: is 0, must be from 1 to 10080"),
        ("visits", {"minutes": -30}, "visits[0].minutes: is -30, must be from 1 to 10080"),
        ("visits", {"minutes": "30"}, "visits[0].minutes: must be a valid integer, is the text '30'"),
        ("visits", {"weight": 0}, "visits[0].weight: is 0, must be from 1 to 1000"),
        ("visits", {"wish": "2026-06-03T08:00:00"}, "visits[0].wish: 2026-06-03T08:00:00 has no offset from UTC"),
        ("visits", {"wish": "soon"}, "visits[0].wish: must be a valid datetime"),
        ("visits", {"wish": "1735689600"}, "visits[0].wish: is the text '1735689600'; allowed: RFC 3339"),
        ("visits", {"wish": "9999-12-31T23:59:00+00:00"}, "visits[0].wish: 9999-12-31T23:59:00+00:00 must be in"),
        ("visits", {"latest": "2026-06-03T01:00:00+08:00"}, "visits[0].earliest: 2026-06-03T06:00:00+08:00 is after"),
        ("visits", {"warehouse": "W9"}, "visits[0].warehouse: 'W9' is not a warehouse of this park"),
        ("visits", {"dock_kind": "reefer"}, "visits[0].dock_kind: W1 has no reefer docks; it has: box"),
        ("visits", {"cargo_kind": "steel"}, "visits[0].dock_kind: is box, but steel needs bulk docks"),
        ("visits", {"cargo_kind": "gold"}, "visits[0].cargo_kind: 'gold' is not known in this park"),
        ("visits", {"carrier": "C9"}, "visits[0].carrier: 'C9' is not known in this park"),
        ("visits", {"load": "L9"}, "visits[0].load: 'L9' is not the id of a load of this day"),
        ("visits", {"id": "a b"}, "visits[0].id: 'a b' is not an id"),
        ("visits", {"bogus": 1}, "visits[0].bogus: is not a known field; known here: id, plate"),
        ("loads", {"price": -1}, "loads[0].price: is -1, must be from 0 to 1000000000"),
        ("loads", {"due": "2026-06-02T00:00:00+08:00"}, "loads[0].due: 2026-06-02T00:00:00+08:00 is before earliest"),
        ("loads", {"origin": "MOON"}, "loads[0].origin: 'MOON' is not known in this park"),
        ("loads", {"delivery_visit": "V9"}, "loads[0].delivery_visit: 'V9' is not the id of a visit of this day"),
        ("loads", {"pickup_visit": "V1"}, "loads[0].pickup_visit: 'V1' is at W1, but this end of the load is PORT"),
        ("loads", {"load_minutes": None}, "loads[0].load_minutes: must be a valid integer, is null"),
        ("trucks", {"home_by": "1780488000"}, "trucks[0].home_by: is the text '1780488000'; allowed: RFC 3339"),
        ("trucks", {"kind": "boat"}, "trucks[0].kind: 'boat' is not known in this park"),
        ("trucks", {"home_by": "2026-06-03T05:00:00+08:00"}, "trucks[0].free_from: 2026-06-03T06:00:00+08:00 is after"),
    ],
)
def test_a_fault_in_a_day_file_names_field_and_what_is_allowed(
    tmp_path: Path, list_name: str, changes: dict[str, Any], said: str
) -> None:
    fault = day_fault(tmp_path, changed_day(list_name, **changes))

    assert fault.startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version: is 2, this program reads version 1"),
        ({"park": "other"}, "park: 'other' is another park; this one is 'tiny'"),
        ({"date": "2026-02-30"}, "date: must be a valid date"),
        ({"date": "0001-01-01"}, "date: 0001-01-01 must be in the years 2000 to 2199"),
        ({"visits": {}}, "visits: must be a valid array, is an object"),
        ({"visits": [[]]}, "visits[0]: must be an object, is a list of 0"),
        ({"visits": [{}] * (MAX_DAY_THINGS + 1)}, f"visits: has {MAX_DAY_THINGS + 1} entries, at most"),
        ({"visits": [{}] * MAX_DAY_THINGS}, "visits[0].id: is missing"),
        ({"extra": 1}, "extra: is not a known field; known here: version, park, date, seed, visits, loads, trucks"),
    ],
)
def test_a_fault_in_a_days_head_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    fault = day_fault(tmp_path, orjson.dumps(orjson.loads(day_json(a_day())) | changes))

    assert fault.startswith(said)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    document = orjson.loads(day_json(a_day()))
    del document["loads"]

    assert day_fault(tmp_path, orjson.dumps(document)) == "loads: is missing"


def test_a_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    content = re.sub(rb'"minutes":30', b'"minutes":' + b"9" * 40, day_json(a_day()))

    assert day_fault(tmp_path, content).startswith("visits[0].minutes: ")


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    document = orjson.loads(day_json(a_day()))
    document["visits"] *= 2

    assert day_fault(tmp_path, orjson.dumps(document)) == "visits[1].id: 'V1' stands twice"


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\xfe\x00",
        b"NaN",
        b"null",
        b"[]",
        b'"text\nwith breaks"',
        b"\x00" * 10_000_000,
        b"x" * 10_000_000,
        b"[" * 10_000_000,
        b'{"a":' * 2_000_000,
        b"[" + b"{}," * 3_000_000 + b"{}]",
        b'{"version":NaN}',
        b'{"version":1' + b"0" * 1_000_000 + b"}",
        b'{"version": 1, "visits": "' + "宁".encode() * 1_000_000 + b'"}',
    ],
    ids=range(14),
)
def test_junk_is_one_line_in_either_file(tmp_path: Path, junk: bytes) -> None:
    day_fault(tmp_path, junk)
    park_fault(tmp_path, junk, "park.json")
    park_fault(tmp_path, junk, "park.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\n\na = '\xff'", "line 3: not UTF-8"),
        (b"a = " + b"[" * 3_000, "is nested too deeply"),
        (b"a = " + b"[" * 20 + b"]" * 20, "a[0][0][0][0][0][0][0][0][0][0][0][0]: is nested too deeply"),
        (b"a." * 20 + b"a = 1", "line 1: has a key of more than 12 parts"),
        (b"a = '" + b"x" * 5_000 + b"'", "line 1: is longer than 4000 bytes"),
        (b"a = 0x" + b"f" * 3_900, "a: is a number beyond 64 bits"),
        (b"a = 1\na = 2", "not TOML (Cannot overwrite a value (at end of document)"),
        (b"a = [" + b"0,\n" * 250_000 + b"]", "holds more than 200000 values"),
    ],
)
def test_toml_without_measure_is_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    assert park_fault(tmp_path, text).startswith(said)


def test_what_is_not_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_park(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        load_day(tmp_path / "nowhere.json", a_park())


def test_a_park_and_its_toml_say_the_same(tmp_path: Path) -> None:
    document = tomllib.loads(PARK_TOML)
    (tmp_path / "a.toml").write_text(PARK_TOML, encoding="utf-8")
    (tmp_path / "a.json").write_bytes(orjson.dumps(document))

    assert load_park(tmp_path / "a.toml") == load_park(tmp_path / "a.json")


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()

    with pytest.raises(BadInput, match="is a directory"):
        write_together(tmp_path, {"a": lambda path: path.write_text("a"), "b": lambda path: path.write_text("b")})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_a_failed_writer_leaves_the_old_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    with pytest.raises(BadInput, match="cannot be written"):
        write_together(
            tmp_path,
            {"a": lambda path: path.write_text("new"), "b": lambda _: (_ for _ in ()).throw(OSError(28, "full"))},
        )

    assert (tmp_path / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_writing_where_a_file_stands_instead_of_a_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInput, match="cannot be written"):
        save_day(a_day(), tmp_path / "file" / "day.json")


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.sampled_from(
        ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-06-03T08:00:00Z", "24:00", "浙B12345"]
    ),
)


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    return [path, *(found for key, value in inner for found in paths_of(value, (*path, key)))]


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    document[head] = with_value(document[head], tuple(rest), value)
    return document


@settings(max_examples=150)
@given(st.data())
def test_any_one_odd_value_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    original = data.draw(st.sampled_from([park_json(a_park()), day_json(a_day())]))
    path = data.draw(st.sampled_from(paths_of(json.loads(original))))
    document = with_value(json.loads(original), path, data.draw(ODD_VALUES))
    file = tmp_path_factory.getbasetemp() / "odd.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load_park(file) if b"gates" in original else load_day(file, a_park())
    except BadInput as fault:
        one_short_line(fault, file)
