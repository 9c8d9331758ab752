"""What is computed does not grow unseen: counts, which do not depend on a machine's load.

`verilimit bench --speed counting --json tests/work.json` renews what they are held against.
"""

import json
from pathlib import Path

import pytest

from checks.bench.counting import counts_of
from checks.suite.house import BUILT_IN

KNOWN = {
    row["name"]: row["value"]
    for row in json.loads((Path(__file__).parent / "work.json").read_text())["bench"]["counting"]
}
MOST = 1.1  # times what was counted
MORE = 2  # programs: another version of JAX may need them


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_a_room_derives_compiles_and_computes_no_more_than_it_did(room: str) -> None:
    found = {f"{room}: {row['name']}": row["value"] for row in counts_of(room)}
    assert found.keys() == {name for name in KNOWN if name.startswith(f"{room}:")}
    grown = {
        name: (KNOWN[name], value)
        for name, value in found.items()
        if value > MOST * KNOWN[name] + (MORE if "compiled" in name else 0)
    }
    assert not grown, "renew tests/work.json if this is what it should take"
