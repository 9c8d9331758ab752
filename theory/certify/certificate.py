"""Certificates: what a proof leaves behind, as a JSON file that is checked without the prover.

`certify` proves, writes the certificate and replays it: CERTIFIED is said only when the replay
agrees. A false claim ends in FALSE, with a box on which it was checked to fail; what is too hard
for the budget of boxes ends in SAMPLED, which is no proof.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from theory.certify import exact, form, polynomial, prover, replay, sampling
from theory.certify.form import Rejected
from theory.certify.inequality import Claimed, Factored, Inequality, digest

FORMAT = 1
BUDGET = 200_000  # boxes
KEYS = {"format", "claim", "statement", "fingerprint", "kind", "proof", "checksum"}


class Status(Enum):
    """What is known of an inequality."""

    CERTIFIED = "CERTIFIED"  # proved, and the proof replayed in Arb
    FALSE = "FALSE"  # negative on a box, checked in Arb
    SAMPLED = "SAMPLED"  # not decided; not negative at random points


@dataclass(frozen=True)
class Outcome:
    """A status with its evidence: boxes used, the certificate when there is one.

    Of SAMPLED: the number of random ``points``, and the worst ``margin`` (NaN: undefined at all).
    """

    claim: Claimed
    status: Status
    detail: str
    boxes: int
    certificate: Mapping[str, Any] | None = None
    points: int = 0
    margin: float = 0.0


@cache
def inequalities() -> Mapping[str, Claimed]:
    """All inequalities by name, found in the files ``inequalities.py`` of the rooms."""
    found: dict[str, Claimed] = {}
    # Not by ``import theory``: who has a package in hand may use every room in it.
    files = Path(__file__).resolve().parents[1].glob("*/inequalities.py")
    for room in sorted(file.parent.name for file in files):
        for claim in import_module(f"theory.{room}.inequalities").inequalities:
            if claim.name in found:
                raise ValueError(f"two inequalities are named {claim.name}; rename one of them")
            found[claim.name] = claim
    return found


def certify(claim: Claimed, budget: int = BUDGET, seed: int = 0) -> Outcome:
    """Prove, or refute, or sample.

    Raises ValueError for an expression that has no interval extension here.
    """
    if isinstance(claim, Factored):
        return _certify_polynomial(claim, seed)
    found = prover.prove(claim, budget, lambda box: _is_negative(claim, box))
    if isinstance(found, prover.Counter):
        return _refuted(claim, found.box, found.boxes)
    if isinstance(found, prover.Undecided):
        return _sampled(claim, f"{found.boxes} boxes did not suffice", found.boxes, seed)
    proof = {"boxes": found.boxes, "tree": found.tree}
    return _replayed(claim, _certificate(claim, "tree", proof), found.boxes, seed)


def _is_negative(claim: Inequality, box: list) -> bool:
    try:
        replay.replay_counter(claim, box)
    except Rejected:
        return False
    return True


def _refuted(claim: Inequality, box: list, boxes: int) -> Outcome:
    """FALSE, with a box on which the replay finds the expression negative."""
    highest = replay.replay_counter(claim, box)
    detail = f"at most {highest:.3g} on {_in_words(claim, box)}"
    made = _certificate(claim, "counter", {"box": box})
    return Outcome(claim, Status.FALSE, detail, boxes, made)


def _certify_polynomial(claim: Factored, seed: int) -> Outcome:
    point = polynomial.counterexample(claim)
    if point is not None:
        return _refuted_at(claim, point)
    constant, factors = polynomial.factors(claim)
    made = _certificate(claim, "factors", {"constant": constant, "factors": factors})
    return _replayed(claim, made, len(factors), seed)


def _refuted_at(claim: Factored, point: Sequence[Fraction]) -> Outcome:
    """FALSE, with a point at which the polynomial is negative, exactly."""
    made = _certificate(claim, "counter", {"box": [[str(x), str(x)] for x in point]})
    replay_certificate(made, claim)
    at = ", ".join(f"{s} = {x}" for s, x in zip(claim.symbols, point, strict=True))
    return Outcome(claim, Status.FALSE, f"negative at {at}", 1, made)


def _replayed(claim: Claimed, certificate: Mapping[str, Any], boxes: int, seed: int) -> Outcome:
    try:
        detail = replay_certificate(certificate, claim)
    except Rejected as reason:
        return _sampled(claim, f"the replay does not agree: {reason}", boxes, seed)
    return Outcome(claim, Status.CERTIFIED, detail, boxes, certificate)


def _sampled(claim: Claimed, why: str, boxes: int, seed: int) -> Outcome:
    """No proof: what random points say; a refutation where the expression is negative."""
    found = sampling.sample(claim, seed)
    if found.value is not None and found.value < 0:
        if isinstance(claim, Factored):
            return _refuted_at(claim, found.point)
        box = [[x, x] for x in found.point]
        if _is_negative(claim, box):
            return _refuted(claim, box, boxes)
    margin = math.nan if found.value is None else float(found.value)
    words = f"{found.in_words(claim)}; {why}"
    return Outcome(claim, Status.SAMPLED, words, boxes, points=found.points, margin=margin)


def _certificate(claim: Claimed, kind: str, proof: Any) -> Mapping[str, Any]:
    body = {
        "format": FORMAT, "claim": claim.name, "statement": claim.statement,
        "fingerprint": claim.fingerprint, "kind": kind, "proof": proof,
    }  # fmt: skip
    return {**body, "checksum": digest(body)}


def certificate_text(certificate: Mapping[str, Any]) -> str:
    """The text of a certificate's file."""
    return json.dumps(certificate) + "\n"


def parse(text: str) -> Mapping[str, Any]:
    """A certificate from the text of its file; raises `Rejected` with the reason."""
    found = form.read(text)
    if not isinstance(found, dict) or set(found) != KEYS:
        raise Rejected(f"expected the keys {', '.join(sorted(KEYS))}; it is no certificate")
    for key in KEYS - {"format", "proof"}:
        if not isinstance(found[key], str):
            raise Rejected(f"expected its {key} to be a text; it is {found[key]!r:.40}")
    if found["format"] != FORMAT:
        raise Rejected(f"expected format {FORMAT}; it has format {found['format']!r:.40}")
    body = {key: value for key, value in found.items() if key != "checksum"}
    if digest(body) != found["checksum"]:
        raise Rejected("its checksum does not match its content: it was changed or damaged")
    return found


def replay_certificate(
    certificate: Mapping[str, Any],
    claim: Claimed | None = None,
    known: Mapping[str, Claimed] | None = None,
) -> str:
    """Check a certificate against the inequality of its name, or against ``claim``.

    ``known`` are the inequalities by name, by default those of verilimit's own rooms.

    Returns what was checked, in words; raises `Rejected` with the reason. The prover is not used.
    """
    if claim is not None:
        known = {claim.name: claim}
    elif known is None:
        known = inequalities()
    name = certificate["claim"]
    if name not in known:
        raise Rejected(f"it is for “{name}”, expected one of {', '.join(sorted(known))}")
    claim = known[name]
    if certificate["fingerprint"] != claim.fingerprint:
        raise Rejected(f"it is for another statement than the present {name}")
    kinds: dict[str, Callable[[Any, Any], str]] = {
        "tree": _check_tree, "factors": _check_factors, "counter": _check_counter,
    }  # fmt: skip
    if certificate["kind"] not in kinds:
        raise Rejected(f"expected a kind among {', '.join(kinds)}; it has {certificate['kind']!r}")
    return kinds[certificate["kind"]](claim, certificate["proof"])


def _check_tree(claim: Claimed, proof: Any) -> str:
    if not isinstance(claim, Inequality):
        raise Rejected("a polynomial is proved by factors, not by boxes")
    boxes, tree = form.fields(proof, "boxes", "tree")
    leaves = replay.replay_tree(claim, tree)
    used = form.whole(boxes, "the number of boxes", 1, form.LENGTH)
    return f"{leaves} boxes replayed in Arb ({used} used by the prover)"


def _check_factors(claim: Claimed, proof: Any) -> str:
    if not isinstance(claim, Factored):
        raise Rejected("factors prove polynomials only")
    constant, factors = form.fields(proof, "constant", "factors")
    return f"{exact.replay_factors(claim, constant, factors)} factors, exactly"


def _check_counter(claim: Claimed, proof: Any) -> str:
    (box,) = form.fields(proof, "box")
    if isinstance(claim, Inequality):
        return f"at most {replay.replay_counter(claim, box):.3g} on a box: false"
    return f"{exact.replay_point(claim, box)} at a point: false"


def _in_words(claim: Inequality, box: list) -> str:
    return ", ".join(f"{s} in [{a:g}, {b:g}]" for s, (a, b) in zip(claim.symbols, box, strict=True))
