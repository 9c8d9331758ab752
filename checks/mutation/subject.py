"""One broken room in a process of its own: what its derivation and its claims say.

Run as ``python -m checks.mutation.subject`` with a JSON order on standard input; the answer is one
JSON line. The changed source never touches the disk: a loader hands it to the import system. A
change of the theory is followed through the chain: the steps are run, code is generated from what
the theory then says, and the claims are judged on that code.
"""

import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any


class Overlay(MetaPathFinder):
    """Sources that take the place of those on disk, by module name."""

    def __init__(self, texts: dict[str, str]) -> None:
        """Begin with ``texts``; more may be added until a module is imported."""
        self.texts = texts

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of an overlaid module: that on disk, with a loader of other bytes."""
        if fullname not in self.texts:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Overlaid(fullname, spec.loader.path, self.texts[fullname])
        return spec


class _Overlaid(SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def path_stats(self, path: str) -> Any:
        """No times, so no bytecode of the source on disk."""
        raise OSError(f"{path} is not what is run")

    def get_data(self, path: str) -> bytes:
        """The text, where the source is asked for."""
        return self.text.encode() if path == self.path else super().get_data(path)


def main() -> None:
    """Answer one order; what the room prints goes to standard error."""
    order = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    overlay = Overlay(dict(order["texts"]))
    sys.meta_path.insert(0, overlay)
    lines: dict[str, set[int]] = {path: set() for path in order["trace"]}
    answer: dict[str, Any] = {"steps": [], "claims": [], "error": ""}
    try:
        _examine(order, overlay, answer, lines)
    except BaseException as error:  # whatever a broken source does is noticed, and named
        answer["error"] = _named(error)
    sys.settrace(None)
    answer["lines"] = {path: sorted(seen) for path, seen in lines.items()}
    print(json.dumps(answer), file=out)


def _root(fields: Mapping[str, Any]) -> Any:
    """A root as it was before it went through JSON, which knows no tuples."""
    from checks.suite.roots import Root

    return Root(**{**fields, "code": tuple(fields["code"])})


def _named(error: BaseException) -> str:
    """What was raised, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f", {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}"[:240] + where


def _examine(
    order: Mapping[str, Any], overlay: Overlay, answer: dict[str, Any], lines: dict[str, set[int]]
) -> None:
    """Put the steps that fail and each claim's verdict and seconds into the answer.

    Unless ``whole`` is ordered, the first that notices ends it. ``lines``: which lines of some
    files run for the claims. The derivation is not traced: its limits have limits of time.
    """
    from checks.suite.house import House

    house = House(tuple(map(_root, order["roots"])), order["built_in"])
    room = order["room"]
    if order["theory"]:
        from checks.suite.generated import source_from_theory
        from theory.language import Status, run_steps

        theorem = house.theorem(room)
        for outcome in run_steps(theorem.derivation.steps):
            if outcome.status in (Status.FAILED, Status.UNDECIDED):
                answer["steps"].append(outcome.step.name)
                if not order["whole"]:
                    return
        overlay.texts[order["generated"]] = source_from_theory(house, room)
    if lines:
        tracer = _tracer(lines)
        threading.settrace(tracer)
        sys.settrace(tracer)
    from checks.suite.executors import inline
    from checks.suite.run import Blocks
    from checks.suite.targets import Located
    from checks.verdicts.judge import quick_verdict

    claims = {claim.id: claim for claim in house.room(room).claims if claim.runs_at(order["tier"])}
    blocks = Blocks(inline, None)  # claims of one experiment share its simulation
    for name in order["claims"] or claims:
        start = time.perf_counter()
        measure = blocks.measurer(Located(claims[name], None))
        verdict = quick_verdict(
            claims[name], seed=order["seed"], tier=order["tier"], measure=measure
        )
        answer["claims"].append([name, verdict.name, time.perf_counter() - start])
        if not verdict.holds and not order["whole"]:
            return


def _tracer(lines: dict[str, set[int]]) -> Callable[..., Any]:
    """A trace function that notes which lines of some files run, and ignores all others."""

    def local(frame: FrameType, event: str, _: Any) -> Any:
        lines[frame.f_code.co_filename].add(frame.f_lineno)
        return local

    def begin(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        return local(frame, event, argument) if name in lines else None

    return begin


if __name__ == "__main__":
    main()
