"""What sections of a report have in common, be they of a room, of a layer or of a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.verdicts import Claim, ClaimError, tier_words

# What the template reads of a section, where there is nothing to say.
NOTHING: Mapping[str, Any] = {
    "statement": "", "equations": (), "rate": "", "rate_kind": "", "notation": (),
    "assumptions": (), "probes": {}, "steps_status": "", "steps_summary": "", "pictures": (),
    "found": (), "coverage": (), "shortest": None,
}  # fmt: skip
NO_DERIVATION: Mapping[str, Any] = {"main": (), "side": (), "ends": (), "beside": (), "code": ()}


def section(**given: Any) -> Mapping[str, Any]:
    """A section of what is given: name, title, reference, source and source note at least."""
    return {**NOTHING, "derivation": NO_DERIVATION, **given}


def without_verdict(
    absent: Sequence[Claim], failed: Sequence[tuple[Claim, ClaimError]]
) -> Iterator[str]:
    """A line for each claim that does not run at this tier, or has failed."""
    yield from (f"{claim.id}, at {tier_words(claim)}: {claim.statement}" for claim in absent)
    yield from (f"{claim.id} has no verdict: {why}" for claim, why in failed)
