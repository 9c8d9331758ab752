"""Workers share the items, hand errors on, and leave nothing behind."""

import os
import signal
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed, wait
from pathlib import Path

import pytest

from checks.suite import workers
from checks.suite.problem import InputProblem


def where(_: int) -> int:
    return os.getpid()


def test_all_workers_compute_and_not_this_process() -> None:
    with workers.team(2) as submit:
        homes = {future.result() for future in [submit(where, i) for i in range(400)]}
    assert len(homes) == 2
    assert os.getpid() not in homes


def test_an_error_reaches_the_one_who_asked_and_the_worker_goes_on() -> None:
    with workers.team(1) as submit:
        failing, fine = submit(int, "no number"), submit(int, "3")
        with pytest.raises(ValueError, match="no number"):
            failing.result()
        assert fine.result() == 3


def refuse(_: int) -> None:
    raise InputProblem(expected="a", received="b", remedy="c")


def test_bad_input_found_by_a_worker_says_so() -> None:
    with workers.team(1) as submit:
        with pytest.raises(InputProblem, match=r"expected a; received b\. c"):
            submit(refuse, 1).result()
        assert submit(where, 1).result() != os.getpid()


def test_a_dead_worker_is_reported_and_not_waited_for() -> None:
    with workers.team(1) as submit:
        for _ in range(2):  # the worker dies, and so does the one in its place
            with pytest.raises(Exception, match="terminated abruptly"):
                submit(os._exit, 1).result()


def append(path: str, word: str) -> None:
    with open(path, "a") as stream:
        stream.write(word)


def test_the_heaviest_of_those_that_wait_is_next_and_equals_keep_their_order(
    tmp_path: Path,
) -> None:
    path, begin = str(tmp_path / "order"), threading.Event()
    with workers.team(1) as submit:
        submit(append, path, "-", begins=begin.wait, weight=9.0)  # the others wait meanwhile
        words = [("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0), ("e", 0.0)]
        futures = [submit(append, path, word, weight=weight) for word, weight in words]
        begin.set()
        wait(futures)
    assert Path(path).read_text() == "-bdcae"


def die_once(path: str) -> int:
    if not os.path.exists(path):
        open(path, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_an_item_whose_process_was_killed_is_computed_in_a_new_one(tmp_path: Path) -> None:
    told = []
    with workers.team(1, again=lambda *arguments: told.append(arguments)) as submit:
        first = submit(where, 0).result()
        second = submit(die_once, str(tmp_path / "died")).result()
        assert told == [(str(tmp_path / "died"),)]
        assert second != first
        assert submit(where, 0).result() == second


def test_what_is_tried_alone_waits_for_the_others_and_they_for_it() -> None:
    turns, order = workers._Turns(), []

    def run(name: str, *, alone: bool) -> None:
        with turns.turn(alone=alone):
            time.sleep(0.05)
            order.append(name)

    with ThreadPoolExecutor() as threads, turns.turn():
        ends = [threads.submit(run, "alone", alone=True)]
        while not turns._alone:
            time.sleep(0.001)
        ends += [threads.submit(run, name, alone=False) for name in ("late", "later")]
        assert not wait(ends, timeout=0.2).done
        order.append("first")
    assert order[:2] == ["first", "alone"]
    assert set(order[2:]) == {"late", "later"}


def test_what_has_not_begun_when_a_run_ends_is_cancelled() -> None:
    with workers.team(1) as submit:
        first = submit(where, 0)
        first.result()
        rest = [submit(where, i) for i in range(200)]
    finished = [future for future in rest if future.done() and not future.cancelled()]
    assert len(finished) < len(rest)
    # Whoever waits for all of them is told, too, and what comes too late never begins.
    late = submit(where, 0)
    assert len(list(as_completed([*rest, late], timeout=60))) == 201
    with pytest.raises(CancelledError):
        late.result()
