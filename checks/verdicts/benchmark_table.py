"""The tables of the benchmark: what the judge says of each study, and what other rules do."""

from dataclasses import dataclass
from typing import Any

from .calibration import Frequency
from .outcome import Verdict
from .rivals import RIVALS

ANSWERS = (Verdict.SUPPORTED.value, Verdict.REFUTED.value, Verdict.INCONCLUSIVE.value)


@dataclass(frozen=True)
class Row:
    """Frequencies for one study: the judge's three verdicts, and acceptance by each rival.

    ``rivals`` has those that say something of such a claim.
    """

    study: str
    right: bool
    verdicts: dict[str, Frequency]
    rivals: dict[str, Frequency]
    covered: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "study": self.study,
            "claim_is_right": self.right,
            "covered": self.covered,
            "verdicts": {k: v.to_json() for k, v in self.verdicts.items()},
            "rivals_accept": {k: v.to_json() for k, v in self.rivals.items()},
        }

    @property
    def words(self) -> list[str]:
        """The study, its number of runs, and whether the claim is right."""
        runs = next(iter(self.verdicts.values())).replicates
        wrong = "wrong" if self.covered else "wrong, not covered"
        return [self.study, str(runs), "right" if self.right else wrong]


@dataclass(frozen=True)
class Benchmark:
    """The table of all studies."""

    replicates: int
    seed: int
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        rows = [row.to_json() for row in self.rows]
        return {"replicates": self.replicates, "seed": self.seed, "studies": rows}

    def to_markdown(self) -> str:
        """The judge: percentages of three answers."""
        head = ["study", "runs", "claim is", *ANSWERS]
        rows = [
            [*row.words, *(_percent(row.verdicts.get(a)) for a in ANSWERS)] for row in self.rows
        ]
        return _table(head, rows)

    def rivals_to_markdown(self) -> str:
        """How often each rule accepts: all for a right claim is best, none for a wrong one."""
        head = ["study", "runs", "claim is", "judge", *RIVALS]
        rows = [
            [
                *row.words,
                _percent(row.verdicts[ANSWERS[0]]),
                *(_percent(row.rivals.get(name)) for name in RIVALS),
            ]
            for row in self.rows
            if row.rivals
        ]
        return _table(head, rows)


def _percent(found: Frequency | None) -> str:
    return "" if found is None else f"{100 * found.rate:.1f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]]) + "\n"
