"""What the pytest plugin does once claims are asked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import named_roots
from checks.suite.targets import Located, select
from checks.verdicts import Claim, ClaimError, Result, judge, tier_words
from checks.verdicts.judge import require_claim
from theory.language.prose import plain

RUN_BUDGET = 1e-3  # false-refutation probability of a whole pytest run


class NotSupported(Exception):
    """A claim came out REFUTED or INCONCLUSIVE."""


def collector_of_claims(session: pytest.Session) -> "ClaimCollector":
    """A collector of the claims of the rooms and files that options name, or of all rooms.

    Raises `pytest.UsageError` for an unknown room, and for a file that fails.
    """
    collector = ClaimCollector.from_parent(session, name="verilimit")
    try:
        options = session.config.getoption("--verilimit-rooms") or ()
        house = House(named_roots(Path(str(folder)) for folder in options))
        rooms = session.config.getoption("--verilimit-room") or ()
        files = session.config.getoption("--verilimit-file") or ()
        targets = [*(house.require(str(n)) for n in rooms), *map(_python_file, files)]
        collector.found = select(targets, house, collector.lost)
    except InputProblem as problem:
        raise pytest.UsageError(str(problem)) from problem
    return collector


def _python_file(name: object) -> str:
    if not str(name).endswith(".py"):
        raise InputProblem(
            expected="--verilimit-file FILE.py",
            received=str(name),
            remedy="Name a Python file; --verilimit-room names rooms.",
        )
    return str(name)


class ClaimCollector(pytest.Collector):
    """A node whose items are claims."""

    found: Sequence[Located] = ()

    def __init__(self, **options: Any) -> None:
        """Nothing is lost yet."""
        super().__init__(**options)
        self.lost: list[InputProblem] = []

    def collect(self) -> Iterator[pytest.Item]:
        """One item a claim, and one that fails for a room that does not load."""
        yield from _items(self, self.found)
        for number, problem in enumerate(self.lost, start=1):
            broken = LostRoom.from_parent(self, name=f"a room that does not load ({number})")
            broken.problem = problem
            yield broken


class ClaimFile(pytest.File):
    """A user's file, whose items are its claims and those of its layers."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a claim; raises `CollectError` with the reason for a file that fails."""
        try:
            found = select([str(self.path)])
        except InputProblem as problem:
            raise self.CollectError(str(problem)) from problem
        yield from _items(self, found)


def _items(parent: pytest.Collector, found: Sequence[Located]) -> Iterator[pytest.Item]:
    for located in found:
        item = ClaimItem.from_parent(parent, name=located.claim.id)
        item.located = located
        yield item


class LostRoom(pytest.Item):
    """A room that does not load: a failed test, while the claims of the others are judged."""

    problem: InputProblem

    def runtest(self) -> None:
        """Raise what is wrong with it."""
        raise self.problem

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message, without a traceback of verilimit."""
        return str(excinfo.value)


class ClaimItem(pytest.Item):
    """One claim, judged when the item runs."""

    located: Located

    def runtest(self) -> None:
        """Judge the claim; anything but SUPPORTED raises `NotSupported`."""
        judge_or_raise(
            self.located.claim,
            seed=self.config.getoption("--verilimit-seed"),
            tier=tier_of(self.config),
            budget=share_of_an_item(self.session),
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Verdicts and input errors are messages, not tracebacks."""
        if isinstance(excinfo.value, NotSupported | ClaimError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the item comes from."""
        return self.path, None, self.name


def tier_of(config: pytest.Config) -> str:
    """The tier of the session."""
    return str(config.getoption("--verilimit") or "smoke")


def share_of_an_item(session: pytest.Session) -> float:
    """An even part of the session's budget for each item that judges at its tier.

    An item reports at once, so that no later p-value can move its threshold, as Holm's procedure
    over the session would: the split is fixed when all items are collected.
    """
    tier = tier_of(session.config)
    judging = sum(
        item.located.claim.runs_at(tier) if isinstance(item, ClaimItem) else _asks_to_judge(item)
        for item in session.items
    )
    return RUN_BUDGET / max(judging, 1)


def _asks_to_judge(item: pytest.Item) -> bool:
    return "judge_claim" in getattr(item, "fixturenames", ())


def require_counted(item: pytest.Item) -> None:
    """Fail a test that was not counted as one that judges when the budget was split."""
    if not _asks_to_judge(item):
        problem = InputProblem(
            expected="judge_claim among the arguments of a test or of its fixtures",
            received=f"a request for it while {item.nodeid} runs",
            remedy="Name it as an argument: tests that judge share one budget, and are counted "
            "when they are collected.",
        )
        pytest.fail(str(problem), pytrace=False)


def share_of_a_call(session: pytest.Session, call: int) -> float:
    """What the test's call number 1, 2, … of `judge_claim` may spend.

    Nobody knows how often it will call: 1/2, 1/6, 1/12, … of its share add up to it at most.
    """
    return share_of_an_item(session) / (call * (call + 1))


def judge_or_raise(claim: Claim, **options: Any) -> Result:
    """The result of a supported claim; raises `NotSupported` with the reason otherwise.

    A claim that does not run at the tier is skipped, with the tiers at which it does.
    """
    tier = options.get("tier", "smoke")
    if not claim.runs_at(tier):
        pytest.skip(f"{claim.id} does not run at tier {tier}: {tier_words(claim)}")
    result = judge(claim, **options)
    if not result.verdict.holds:
        raise NotSupported(
            f"{result.claim_id} is {result.verdict.name}: {result.because}\n"
            f"It says: {plain(result.statement)}"
        )
    return result


def judge_or_fail(claim: Claim, **options: Any) -> Result:
    """As `judge_or_raise`, as a test failure; errors in functions and arguments are, too."""
    try:
        require_claim(claim)
        return judge_or_raise(claim, **options)
    except (NotSupported, TypeError, ValueError) as error:
        said = str(error)
    pytest.fail(said, pytrace=False)  # within `except` pytest would print the message twice
