"""The pytest plugin: ``pytest --verilimit smoke`` collects every room's claims as test items.

It lives outside ``checks`` because loading a plugin imports its package, and jaxtyping's
``--jaxtyping-packages`` can instrument only what is not imported yet. For the same reason, and
because every pytest run of the environment loads it, it imports nothing of verilimit until a
claim is asked for.
"""

from collections.abc import Callable, Generator
from fnmatch import fnmatch
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from verilimit_namesakes import admit, stand_by

stand_by()  # a project whose folder `checks` has no __init__ imports its own modules from there
TIERS = ("smoke", "standard", "full")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("verilimit")
    group.addoption(
        "--verilimit",
        choices=TIERS,
        metavar="TIER",
        help="collect the claims of verilimit's rooms at this tier (smoke, standard, full)",
    )
    group.addoption(
        "--verilimit-room",
        action="append",
        default=[],
        metavar="ROOM",
        help="with --verilimit: only the claims of this room (may be repeated)",
    )
    group.addoption(
        "--verilimit-rooms",
        action="append",
        default=[],
        metavar="DIR",
        help="with --verilimit: also the rooms that are folders in DIR (may be repeated)",
    )
    group.addoption(
        "--verilimit-file",
        action="append",
        default=[],
        metavar="FILE.py",
        help="with --verilimit: the claims of this file and of its layers (may be repeated); "
        "rooms only if named",
    )
    group.addoption(
        "--verilimit-seed", type=int, default=0, help="seed of judged claims (default 0)"
    )
    parser.addini(
        "verilimit_files",
        type="args",
        default=[],
        help="patterns of files whose claims and layers are items, such as claims_*.py",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file whose name matches `verilimit_files` has its claims as items, with node ids.

    Nothing is collected unless the project says so: other people's files have such names, too.
    """
    patterns = parent.config.getini("verilimit_files")
    if not any(fnmatch(file_path.name, pattern) for pattern in patterns):
        return None
    _admit()
    from checks.app.plugin import ClaimFile

    return ClaimFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the rooms' claims to what the session itself collects."""
    report = yield
    if isinstance(collector, pytest.Session) and collector.config.getoption("--verilimit"):
        _admit()
        from checks.app.plugin import collector_of_claims

        report.result.append(collector_of_claims(collector))
    return report


@pytest.fixture
def judge_claim(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Judge a claim in a test: ``judge_claim(claim, tier="smoke")`` fails unless supported.

    Returns the result, so that a test may look at its estimates. All that a session judges shares
    one budget of false refutation; ``budget=`` sets that of one claim beside it. A test that
    was not collected with this fixture, but asks for it as it runs, fails: it was not counted.
    """
    _admit()
    from checks.app.plugin import judge_or_fail, require_counted, share_of_a_call, tier_of

    require_counted(request.node)
    usual = {"seed": request.config.getoption("--verilimit-seed"), "tier": tier_of(request.config)}
    calls = count(1)

    def judge(claim: Any, **options: Any) -> Any:
        if "budget" not in options:
            options["budget"] = share_of_a_call(request.session, next(calls))
        return judge_or_fail(claim, **(usual | options))

    return judge


def _admit() -> None:
    if clash := admit():
        raise pytest.UsageError(clash)
