"""The one state of code, data and libraries that a run is about.

Whoever measures hands its proof over with the number (`checks.suite.sources`, and the
environment). A number whose proof differs from the run's snapshot is refused: a file was edited
meanwhile, or a worker runs other code. A stored number with another proof is measured anew.
"""

from collections.abc import Mapping

from checks.suite import sources
from checks.suite.fingerprint import environment
from checks.suite.problem import InputProblem

Proof = Mapping[str, str]  # of what was used, and its version, setting or hash
SHOWN = 8  # differences that a message lists


class Snapshot:
    """What every entry of a proof should say; each is looked at once, so a run sees one state."""

    def __init__(self, known: Proof | None = None) -> None:
        """Begin with ``known``: what this process has loaded and read, and its environment."""
        self._known = {**sources.proof(), **environment(), **(known or {})}

    def differences(self, proof: Proof) -> list[tuple[str, str, str]]:
        """Entries that say something else here: name, what is expected, what the proof has."""
        found = []
        for entry, there in proof.items():
            here = self._known.get(entry)
            if here is None:
                here = self._known[entry] = sources.current(entry)
            if here != there or there in (sources.CHANGED, sources.UNPROVED):
                found.append((entry, here, there))
        return found

    def require(self, proof: Proof, who: str) -> bool:
        """Raise `InputProblem` with a table of what differs; whether the number may be kept.

        A data file that only the measuring process has seen (a temporary one), one that it has
        made meanwhile, or a folder in which it writes is no contradiction; but nobody could say
        later what the number was made of. The same goes for what cannot be proved.
        """
        found = self.differences(proof)
        wrong = [difference for difference in found if not _unsure(*difference)]
        if wrong:
            rows = [f"  {name}: here {_short(a)}, there {_short(b)}" for name, a, b in wrong]
            more = [f"  and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
            table = "\n".join([*rows[:SHOWN], *more])
            raise InputProblem(
                expected=f"{who} to be measured with the code, the data and the libraries that "
                "this run began with",
                received=f"others:\n{table}\n",
                remedy="Run again when no file is being edited, and start workers anew whose "
                "code or libraries are older; no such number was kept.",
            )
        return not found


def _unsure(entry: str, here: str, there: str) -> bool:
    if entry.startswith("file "):
        return sources.ABSENT in (here, there) or there == sources.UNPROVED
    return there == sources.UNPROVED or entry.startswith("folder ")


def _short(value: str) -> str:
    hexadecimal = len(value) == 64 and set(value) <= set("0123456789abcdef")
    return value[:12] if hexadecimal else value or "nothing"


def own_proof(also: Proof | None = None, run: str | None = None) -> dict[str, str]:
    """What this process can say now about a number that it has just measured, in ``run``."""
    return {**sources.proof(run), **environment(), **(also or {})}
