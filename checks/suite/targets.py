"""From words on the command line to claims: rooms, claim ids, and users' Python files."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from checks.layers import Plan, plan_of, slug_of
from checks.suite import sources
from checks.suite.claimfile import ClaimFile
from checks.suite.house import BUILT_IN, House
from checks.suite.problem import InputProblem, RoomProblem
from checks.suite.project import files_in, project_at
from checks.suite.roots import Root
from checks.suite.snapshot import Proof
from checks.verdicts import Claim, Experiment, experiments
from theory.layers import Layer

# A user's file, its claims, and the plans of its layers.
Loaded = tuple[ClaimFile, tuple[Claim, ...], tuple[Plan, ...]]


LISTS = ("claims", "layers")  # names of a file under which there may be several


@dataclass(frozen=True)
class Origin:
    """Where a claim is defined, so that another process can find it: a room or a user's file."""

    room: str = ""
    file: str = ""
    house: House = BUILT_IN

    @property
    def run(self) -> str | None:
        """What inputs of the room's numbers are noted under; a file's are not told apart."""
        return self.house.address(self.room).run if self.room else None

    def claims(self) -> tuple[Claim, ...]:
        """The claims defined there."""
        return file_claims(self.file) if self.file else self.house.room(self.room).claims

    def find(self, name: str) -> tuple[Experiment, Proof]:
        """The experiment of that name, and the hashes of the user's sources that it comes from.

        Raises `InputProblem` where this process finds no claim that asks for it.
        """
        file, claims = _loaded(self.file)[:2] if self.file else (None, self.claims())
        found = experiments(claims)
        if name in found:
            return found[name], {} if file is None else file.proof
        raise InputProblem(
            expected=f"{self.file or self.room} to define {name} in every process",
            received=f"a worker that finds {', '.join(claim.id for claim in claims)}",
            remedy="An id must not depend on the process (a time, a random number).",
        )

    def proof(self) -> Proof:
        """Hashes of what this process has loaded of a user's file; nothing for a room."""
        return _files[self.file][0].proof if self.file in _files else {}


def _below(folder: Path) -> Iterator[Path]:
    """What lies below a folder, through links, too; not what a run writes itself."""
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name not in (".verilimit", "__pycache__")]
        if (real := os.path.realpath(place)) in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(place, name) for name in sorted(folders + files))


@dataclass(frozen=True)
class Located:
    """A claim and where it was found; without an origin it exists in this process only."""

    claim: Claim
    origin: Origin | None

    def kept_with(self) -> Proof | None:
        """What its numbers are kept with, beside the sources; None where they are not kept.

        A user's claim is kept with the files that it declares. Raises `InputProblem` for one that
        is not there.
        """
        if self.origin is None or (not self.origin.room and self.claim.depends is None):
            return None
        folder = Path(self.origin.file).parent
        paths = [folder / path for path in self.claim.depends or ()]
        if absent := [str(path) for path in paths if not path.exists()]:
            raise InputProblem(
                expected=f"{self.claim.id} to depend on files and folders that exist",
                received=", ".join(absent),
                remedy="Mend the paths in depends; they begin at the file of the claim.",
            )
        found = [file for path in paths for file in (path, *_below(path))]
        entries = [f"{'folder' if path.is_dir() else 'file'} {path}" for path in found]
        return {entry: sources.current(entry) for entry in entries}


def select(
    targets: Sequence[str], house: House = BUILT_IN, lost: list[InputProblem] | None = None
) -> tuple[Located, ...]:
    """The claims that ``targets`` name, in order and without repetition; all rooms when empty.

    A folder stands for its files of claims (`checks.suite.project`).
    Rooms that do not load are added to ``lost`` where it is given, and the others go on. Raises
    `InputProblem` for an unknown target, a file that fails, and two claims with one id.
    """
    found: dict[str, Located] = {}
    for target in targets or house.names():
        try:
            resolved = _resolve(target, house, lost)
        except RoomProblem as problem:
            if lost is None:
                raise
            lost.append(problem)
            continue
        for located in resolved:
            known = found.setdefault(located.claim.id, located)
            if known.claim is not located.claim:
                raise InputProblem(
                    expected="every claim to have its own id",
                    received=f"two claims named “{located.claim.id}”, of {_place(known)} and "
                    f"{_place(located)}",
                    remedy="Rename one of them.",
                )
    for origin in {id(c.origin): c.origin for c in found.values() if c.origin is not None}.values():
        _require_names(origin)
    return tuple(found.values())


def declared(start: Path) -> tuple[str, ...]:
    """What the project of a folder has to check: its files of claims and its rooms.

    Nothing where it names no claims: then every room is meant.
    """
    project = project_at(start)
    if not project.claims:
        return ()
    rooms = [Root(str(folder.resolve())).names() for folder in project.room_folders()]
    return (*project.files(), *(name for names in rooms for name in names))


def _require_names(origin: Origin) -> None:
    """Experiments are found by name in a worker and in the store, so one name is one experiment."""
    try:
        experiments(origin.claims())
    except ValueError as error:
        raise InputProblem(
            expected=f"{origin.room or origin.file} to give each experiment its own name",
            received=str(error),
            remedy="Rename one of them.",
        ) from error


def _place(located: Located) -> str:
    origin = located.origin
    return origin.room or origin.file if origin is not None else "this process"


def _resolve(target: str, house: House, lost: list[InputProblem] | None) -> Iterable[Located]:
    path, _, name = target.partition(".py:")
    if name:
        return _layer_claims(f"{path}.py", name)
    if target not in house.names() and Path(target).is_dir():
        return [found for file in files_in(Path(target)) for found in _resolve(file, house, lost)]
    if target.endswith(".py"):
        origin = Origin(file=str(Path(target).resolve()))
    elif target in house.names():
        origin = Origin(room=target, house=house)
    elif any(letter in target for letter in "*?["):
        return _matching(target, house, lost)
    else:
        return [_claim(target, house)]
    return [Located(claim, origin) for claim in origin.claims()]


def _matching(pattern: str, house: House, lost: list[InputProblem] | None) -> list[Located]:
    """The claims of all rooms whose ids match a pattern such as ``shaped-attention-sde/law*``."""
    found, broken = [], []
    for room in house.those_that_load(house.names(), broken, house.room):
        origin = Origin(room=room, house=house)
        found += [Located(c, origin) for c in origin.claims() if fnmatchcase(c.id, pattern)]
    if broken and lost is None:
        raise broken[0]  # it may have claims that match
    lost = [] if lost is None else lost
    lost += [problem for problem in broken if str(problem) not in map(str, lost)]
    if not found and not lost:
        raise InputProblem(
            expected="a pattern that some claim's id matches",
            received=f"“{pattern}”",
            remedy="`verilimit list` shows rooms and claims.",
        )
    return found


def _layer_claims(path: str, name: str) -> list[Located]:
    """The claims of one layer of a file."""
    full = str(Path(path).resolve())
    file, claims, _ = _loaded(full)
    layer = getattr(file.module, name, None)
    if not isinstance(layer, Layer):
        raise InputProblem(
            expected=f"{path} to define the layer {name}",
            received="none of that name",
            remedy="Write layer = vl.Layer(..) at module level.",
        )
    prefix = f"{slug_of(layer)}/"
    return [Located(c, Origin(file=full)) for c in claims if c.id.startswith(prefix)]


def _claim(claim_id: str, house: House) -> Located:
    """The claim of that id; rooms that do not load matter only where no other has it."""
    names = house.names()
    prefix = claim_id.split("/")[0].replace("-", "_")
    first = [prefix] if prefix in names else []  # the room that the id names, before the others
    broken: list[InputProblem] = []
    known: list[str] = []
    load = house.room
    for room in house.those_that_load(dict.fromkeys([*first, *names]), broken, load):
        origin = Origin(room=room, house=house)
        for claim in origin.claims():
            known.append(claim.id)
            if claim.id == claim_id:
                return Located(claim, origin)
    if broken:
        raise broken[0]
    near = get_close_matches(claim_id, [*names, *known], n=3)
    raise InputProblem(
        expected=f"a room ({', '.join(names) or 'none exists'}), a claim id or a FILE.py",
        received=f"“{claim_id}”" + (f" (did you mean {' or '.join(near)}?)" if near else ""),
        remedy="`verilimit list` shows rooms and claims; --rooms DIR adds a folder of rooms.",
    )


def file_claims(path: str) -> tuple[Claim, ...]:
    """Claims of a user's Python file: module-level ones, those in ``claims``, those of its layers.

    Raises `InputProblem` when there is no such file, it fails, or it defines no claim.
    """
    return _loaded(path)[1]


def unchecked(claims: Iterable[Located]) -> tuple[str, ...]:
    """What the claims that are formed of layers leave unchecked, and why."""
    files = dict.fromkeys(c.origin.file for c in claims if c.origin is not None and c.origin.file)
    return tuple(
        f"{plan.limit.layer.name}: {why}"
        for path in files
        for plan in _loaded(path)[2]
        for why in plan.not_checked
    )


def file_plans(path: str) -> tuple[Plan, ...]:
    """What is claimed of the layers of a user's file, and what is not checked."""
    return _loaded(str(Path(path).resolve()))[2]


def _loaded(path: str) -> Loaded:
    """The file as it is now: run once, and anew when it or what it imports has changed."""
    with _loading:
        if path in _files and not _files[path][0].current:
            _files.pop(path)[0].forget()
        if path not in _files:
            file = ClaimFile(Path(path))
            _files[path] = file, *_claims_of(file)
        return _files[path]


def _claims_of(file: ClaimFile) -> tuple[tuple[Claim, ...], tuple[Plan, ...]]:
    values = [v for name, v in vars(file.module).items() if name not in LISTS]
    for name in LISTS:
        listed = getattr(file.module, name, ())
        values += list(listed) if isinstance(listed, Iterable) else [listed]
    plans = [plan_of(v) for v in values if isinstance(v, Layer)]
    # A layer is all in its file and what that imports: its numbers are kept.
    values += [replace(claim, depends=()) for plan in plans for claim in plan.claims]
    claims = {id(value): value for value in values if isinstance(value, Claim)}
    if not claims:
        raise InputProblem(
            expected=f"{file.path} to define claims or layers at module level",
            received="; ".join(why for plan in plans for why in plan.not_checked) or "none",
            remedy="Define e.g. claim = RateClaim(...), from verilimit import RateClaim, or a "
            "layer = vl.Layer(...) with expect=.",
        )
    return tuple(claims.values()), tuple(plans)


_files: dict[str, Loaded] = {}
_loading = threading.RLock()
