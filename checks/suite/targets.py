"""From words on the command line to claims: rooms, claim ids, and users' Python files."""

import importlib.util
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numerics  # noqa: F401  (a user's claim runs in x64, too)
from checks.suite.problem import InputProblem
from checks.suite.rooms import load, rooms
from checks.verdicts import Claim


@dataclass(frozen=True)
class Origin:
    """Where a claim is defined, so that another process can find it: a room or a user's file."""

    room: str = ""
    file: str = ""

    def claims(self) -> tuple[Claim, ...]:
        """The claims defined there."""
        return file_claims(self.file) if self.file else load(self.room).claims

    def find(self, claim_id: str) -> Claim:
        """The claim with that id."""
        return next(claim for claim in self.claims() if claim.id == claim_id)


@dataclass(frozen=True)
class Located:
    """A claim and where it was found; without an origin it exists in this process only."""

    claim: Claim
    origin: Origin | None


def select(targets: Sequence[str]) -> tuple[Located, ...]:
    """The claims that ``targets`` name, in order and without repetition; all rooms when empty.

    Raises `InputProblem` for an unknown target, a file that fails, and two claims with one id.
    """
    found: dict[str, Located] = {}
    for target in targets or rooms():
        for located in _resolve(target):
            known = found.setdefault(located.claim.id, located)
            if known.claim is not located.claim:
                raise InputProblem(
                    expected="every claim to have its own id",
                    received=f"two claims named “{located.claim.id}”",
                    remedy="Rename one of them.",
                )
    return tuple(found.values())


def _resolve(target: str) -> Iterable[Located]:
    if target.endswith(".py"):
        origin = Origin(file=str(Path(target).resolve()))
        return [Located(claim, origin) for claim in origin.claims()]
    if target in rooms():
        origin = Origin(room=target)
        return [Located(claim, origin) for claim in origin.claims()]
    return [_claim(target)]


def _claim(claim_id: str) -> Located:
    prefix = claim_id.split("/")[0].replace("-", "_")
    first = [prefix] if prefix in rooms() else []  # the room that the id names, before the others
    for room in dict.fromkeys([*first, *rooms()]):
        for claim in Origin(room=room).claims():
            if claim.id == claim_id:
                return Located(claim, Origin(room=room))
    raise InputProblem(
        expected=f"a room ({', '.join(rooms()) or 'none exists'}), a claim id or a FILE.py",
        received=f"“{claim_id}”",
        remedy="`verilimit list` shows rooms and claims.",
    )


@cache
def file_claims(path: str) -> tuple[Claim, ...]:
    """Claims of a user's Python file: every module-level claim, and those in ``claims``.

    Raises `InputProblem` when there is no such file, it fails, or it defines no claim.
    """
    module = _execute(Path(path))
    values = [v for name, v in vars(module).items() if name != "claims"]
    listed = getattr(module, "claims", ())
    values += list(listed) if isinstance(listed, Iterable) else [listed]
    claims = {id(value): value for value in values if isinstance(value, Claim)}
    if not claims:
        raise InputProblem(
            expected=f"{path} to define claims at module level",
            received="none",
            remedy="Define e.g. claim = RateClaim(...), imported from checks.verdicts.",
        )
    return tuple(claims.values())


def _execute(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputProblem(
            expected="a Python file", received=f"{path}, which is no file", remedy="Check the path."
        )
    spec = importlib.util.spec_from_file_location(f"verilimit_user_{path.stem}", path)
    assert spec is not None  # a .py file always has a spec
    assert spec.loader is not None  # and a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # last, so that it hides nothing
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
        ]
        where = f", line {lines[-1]}" if lines else ""
        raise InputProblem(
            expected=f"{path} to run without an error",
            received=f"{type(error).__name__}: {error}{where}",
            remedy="Mend the file.",
        ) from error
    return module
