"""Seeds that a rate takes when networks are drawn anew at every level, over those it takes here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np

from checks.bench.kinds import Row
from checks.verdicts import RateClaim, Verdict, judge

MOST = 16  # times as many seeds are tried


@dataclass(frozen=True)
class Coupling:
    """A claim that takes the same networks at all levels, beside the same one that does not."""

    claim: RateClaim
    seed: int = 0

    @property
    def name(self) -> str:
        """The claim."""
        return f"{self.claim.id}: seeds with fresh networks at each level / with the same"

    def rows(self) -> Iterator[Row]:
        """The ratio of seeds to SUPPORTED; where fresh ones end undecided, what they had."""
        first = min(plan for plan in _numbers(self.claim.seeds).values())
        alone = replace(self.claim, error=self.claim.error, seeds=first, cap=MOST * first)
        anew = replace(alone, error=partial(_anew, self.claim.error))
        ours, theirs = (judge(claim, seed=self.seed) for claim in (alone, anew))
        more = "" if theirs.verdict is Verdict.SUPPORTED else f", then {theirs.verdict.name}"
        note = f"{theirs.seeds} seeds{more}, and {ours.seeds}: {ours.verdict.name}"
        yield Row(self.name, theirs.seeds / ours.seeds, "at least 10 in the mean", note)


def _anew(error: Any, size: dict[str, Any], keys: Any) -> Any:
    """Keys that no other size has: a number of the size is mixed into them."""
    mixed = crc32(repr(sorted((name, float(value)) for name, value in size.items())).encode())
    return error(size, np.asarray(keys, np.uint32) ^ np.uint32(mixed))


def _numbers(seeds: Any) -> dict[str, int]:
    return dict(seeds) if isinstance(seeds, dict) else {"": int(seeds)}
