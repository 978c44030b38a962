import json
from pathlib import Path

from tests.api.cli.commands import parkdispatch


def test_demo_prints_one_json_object_with_plan_proof_baselines_and_memory(tmp_path: Path) -> None:
    said = parkdispatch("demo", "--visits", "60", "--seconds", "1", "--json", cwd=tmp_path)

    assert said.code == 0, said.err
    told = json.loads(said.out)
    slots, matching = told["slots"], told["matching"]
    assert {"visits", "placed", "cost", "bound", "gap", "seconds", "first_come", "uncoordinated"} <= slots.keys()
    figures = {"loads", "served", "empty_km", "empty_share"}
    assert figures | {"cost", "bound", "gap", "seconds"} <= matching.keys()
    assert figures <= matching["alone"].keys()
    assert figures <= matching["greedy_nearest"].keys()
    assert (slots["visits"], matching["loads"]) == (60, 30)
    assert 0 < told["peak_memory_mb"] < 3000
    assert list(tmp_path.iterdir()) == []
