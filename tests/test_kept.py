"""What is kept for later commands is given again only while all that it came from is the same."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.suite import kept, private, sources
from checks.suite.roots import Root

Ask = Callable[[], dict]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(private.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "_seen", {})  # what other tests have read counts for none here
    return tmp_path / "cache"


@pytest.fixture
def made() -> list[int]:
    """How often an answer was made."""
    return []


@pytest.fixture
def ask(toy_house: Path, made: list[int]) -> Ask:
    def make() -> tuple[dict, bool]:
        made.append(len(made))
        return {"answer": made[-1]}, True

    return lambda: kept.remembered("tests", {"x": 1}, (Root(str(toy_house)),), make, ())


def _entry(cache: Path) -> Path:
    (path,) = (cache / "tests").iterdir()
    return path


def test_an_answer_is_made_once(cache: Path, ask: Ask, made: list[int]) -> None:
    assert [ask(), ask()] == [{"answer": 0}, {"answer": 0}]
    assert (cache / "tests").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("part", ["theory", "inequalities"])
def test_an_edited_or_a_new_file_of_a_room_has_it_made_anew(
    part: str, cache: Path, ask: Ask, toy_house: Path
) -> None:
    ask()
    file = toy_house / "toy_limit" / f"{part}.py"
    before = file.read_text() if file.exists() else None
    try:
        file.write_text(f"{before or ''}\n# another line\n")
        assert ask() == {"answer": 1}
    finally:
        file.unlink() if before is None else file.write_text(before)


def test_a_file_that_was_read_on_the_way_counts(cache: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.txt"

    def write(text: str) -> None:
        with sources.unwatched():  # as another process would
            data.write_text(text)

    def ask() -> dict:
        return kept.remembered("tests", {}, (), lambda: ({"read": data.read_text()}, True), ())

    write("1")
    assert [ask(), ask()] == [{"read": "1"}] * 2
    write("2")
    sources._seen.pop(f"file {data}")  # as in a process of its own
    assert ask() == {"read": "2"}


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _changed(text: str) -> str:
    return text.replace('{"answer": 0}', '{"answer": 9}')


def _nested(text: str) -> str:
    return kept._digest("[" * 100_000) + "\n" + "[" * 100_000


def _of_another(text: str) -> str:
    entry = json.dumps({**json.loads(text.partition("\n")[2]), "state": "of other sources"})
    return f"{kept._digest(entry)}\n{entry}"


@pytest.mark.parametrize("damage", [_cut, _changed, _nested, _of_another, lambda text: ""])
def test_a_damaged_entry_is_made_anew_and_mended(
    damage: Callable[[str], str], cache: Path, ask: Ask
) -> None:
    ask()
    path = _entry(cache)
    with sources.unwatched():  # as another process would
        before = path.read_text()
        path.write_text(damage(before))
    assert damage(before) != before
    assert [ask(), ask()] == [{"answer": 1}] * 2


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_an_entry_is_a_file_and_what_a_link_leads_to_is_left_alone(
    kind: str, cache: Path, ask: Ask, tmp_path: Path
) -> None:
    ask()
    path, other = _entry(cache), tmp_path / "other"
    path.unlink()
    other.write_text("of somebody else")
    path.symlink_to(other) if kind == "link" else os.mkfifo(path)
    assert [ask(), ask()] == [{"answer": 1}] * 2
    assert other.read_text() == "of somebody else"


def test_nothing_is_kept_where_others_may_write(cache: Path, ask: Ask) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    assert [ask(), ask()] == [{"answer": 0}, {"answer": 1}]
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_what_cannot_be_proved_is_not_kept(cache: Path, ask: Ask) -> None:
    sources._seen["outside a socket"] = sources.UNPROVED
    assert [ask(), ask()] == [{"answer": 0}, {"answer": 1}]


def test_the_oldest_entries_go_first(tmp_path: Path) -> None:
    for age in range(5):
        (tmp_path / str(age)).write_bytes(bytes(10))
        os.utime(tmp_path / str(age), (1e9 - age, 1e9 - age))
    private.prune(tmp_path, 25)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]
