"""What the pytest plugin does once claims are asked for."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from checks.suite.problem import InputProblem
from checks.suite.rooms import require_room
from checks.suite.targets import Located, select
from checks.verdicts import Claim, ClaimError, Result, Verdict, judge, tier_words

RUN_BUDGET = 1e-3  # false-refutation probability of a whole pytest run


class NotSupported(Exception):
    """A claim came out REFUTED or INCONCLUSIVE."""


def collector_of_claims(session: pytest.Session) -> "ClaimCollector":
    """A collector of the claims of the rooms named by ``--verilimit-room``, or of all rooms.

    Raises `pytest.UsageError` for an unknown room.
    """
    collector = ClaimCollector.from_parent(session, name="verilimit")
    try:
        rooms = session.config.getoption("--verilimit-room") or ()
        collector.found = select([require_room(str(name)) for name in rooms])
    except InputProblem as problem:
        raise pytest.UsageError(str(problem)) from problem
    return collector


class ClaimCollector(pytest.Collector):
    """A node whose items are claims."""

    found: Sequence[Located] = ()

    def collect(self) -> Iterator["ClaimItem"]:
        """One item a claim; the budget of the run is split evenly, as items report at once."""
        tier = str(self.config.getoption("--verilimit"))
        here = sum(located.claim.runs_at(tier) for located in self.found)
        for located in self.found:
            item = ClaimItem.from_parent(self, name=located.claim.id)
            item.located = located
            item.budget = RUN_BUDGET / max(here, 1)
            yield item


class ClaimItem(pytest.Item):
    """One claim, judged when the item runs."""

    located: Located
    budget: float

    def runtest(self) -> None:
        """Judge the claim; anything but SUPPORTED raises `NotSupported`."""
        judge_or_raise(
            self.located.claim,
            seed=self.config.getoption("--verilimit-seed"),
            tier=self.config.getoption("--verilimit"),
            budget=self.budget,
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Verdicts and input errors are messages, not tracebacks."""
        if isinstance(excinfo.value, NotSupported | ClaimError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the item comes from."""
        return self.path, None, self.name


def judge_or_raise(claim: Claim, **options: Any) -> Result:
    """The result of a supported claim; raises `NotSupported` with the reason otherwise.

    A claim that does not run at the tier is skipped, with the tiers at which it does.
    """
    tier = options.get("tier", "smoke")
    if not claim.runs_at(tier):
        pytest.skip(f"{claim.id} does not run at tier {tier}: {tier_words(claim)}")
    result = judge(claim, **options)
    if result.verdict is not Verdict.SUPPORTED:
        raise NotSupported(
            f"{result.claim_id} is {result.verdict.name}: {result.because}\n"
            f"It says: {result.statement}"
        )
    return result


def judge_or_fail(claim: Claim, **options: Any) -> Result:
    """As `judge_or_raise`, as a test failure; an error in the claim's function is one, too."""
    try:
        return judge_or_raise(claim, **options)
    except (NotSupported, ClaimError) as error:
        pytest.fail(str(error), pytrace=False)
