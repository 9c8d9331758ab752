"""Which sentences of a paper are checked: what is named exists, and what exists is named."""

import re
from collections.abc import Iterator

import pytest

from checks.properties.probing import load_probes
from checks.suite.house import BUILT_IN
from tests.conftest import Run
from theory.language import Sentence
from theory.language.prose import pieces


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_a_coverage_names_what_there_is(room: str) -> None:
    found = BUILT_IN.room(room)
    theorem = found.theorem
    claims = {claim.id.partition("/")[2] for claim in found.claims}
    steps = {step.name for step in theorem.derivation.steps}
    assumptions = {assumption.id for assumption in theorem.assumptions}
    assert theorem.coverage
    for sentence in (*theorem.coverage, *theorem.found):
        assert set(sentence.steps) <= steps, sentence.says
        assert set(sentence.claims) <= claims, sentence.says
        assert set(sentence.probes) <= assumptions, sentence.says


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_the_symbols_in_a_theorems_words_are_in_its_notation(room: str) -> None:
    assert BUILT_IN.theorem(room).undeclared() == {}


# `L^-1`, `x_t`, `<=`, `1/n`, `log n`, `exp(-x)`, `sigma1`: no words, and no formulas either.
ASCII = re.compile(
    r"[$^<>=]|\bsqrt\b|\w_\w|\b\d ?/ ?\(?[A-Za-z]|\b(?:exp|log|tanh|arccos|max|O)\(|\blog [a-z]\b|"
    r"\b(?:alpha|beta|gamma|delta|epsilon|eta|theta|kappa|lambda|nu|rho|sigma|tau|phi|Gamma|Sigma|"
    r"Phi|Omega)\d?\b"
)


def described(room: str) -> Iterator[str]:
    """What a report prints of a room in prose, but its title and what its symbols mean."""
    found = BUILT_IN.room(room)
    yield from (claim.statement for claim in found.claims)
    yield from (picture.caption for picture in found.pictures)
    theorem = found.theorem
    yield from (theorem.statement, theorem.source_note, *found.not_checked)
    yield from (assumption.statement for assumption in theorem.assumptions)
    yield from (text for s in (*theorem.found, *theorem.coverage) for text in (s.says, s.missing))
    yield from (text for s in theorem.derivation.steps for text in (s.name, s.because))
    yield from theorem.derivation.aside
    yield from (picture.title for picture in found.pictures)
    yield from (mutant.description for claim in found.claims for mutant in claim.mutants)
    for probe in load_probes(room, BUILT_IN):
        yield from (probe.property, probe.no_outside, *(o.because for o in probe.outside))


@pytest.mark.parametrize(
    ("text", "is_ascii"),
    [
        ("at rate L^-1/2", True), ("D_x A = V", True), ("of order 1/n", True), ("log n", True),
        ("a sum of exp(x)", True), ("the cap tau", True), (r"at rate $L^{-1/2}$", False),
        ("two of the three, 1/2 of them", False), ("a log of runs, the exponent", False),
    ],
)  # fmt: skip
def test_ascii_mathematics_is_told_from_words(text: str, *, is_ascii: bool) -> None:
    assert bool(ASCII.search(words_of(text))) is is_ascii


def words_of(text: str) -> str:
    """The text without its formulas."""
    return "".join(part for is_formula, part in pieces(text) if not is_formula)


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_no_prose_of_a_room_has_ascii_mathematics(room: str) -> None:
    texts = list(described(room))
    assert texts
    assert [text for text in texts if ASCII.search(words_of(text))] == []


def test_a_sentence_says_what_is_missing_of_it() -> None:
    assert Sentence("a", steps=("s",)).word == "CHECKED"
    assert Sentence("a", steps=("s",), missing="b").word == "IN PART"
    assert Sentence("a", missing="b").word == "NOT CHECKED"
    with pytest.raises(ValueError, match="received nothing"):
        Sentence("a")


def test_list_shows_the_coverage(verilimit: Run) -> None:
    done = verilimit("list", "--coverage")
    assert done.returncode == 0, done.stderr
    assert "NOT CHECKED Flow maps of the limit concentrate, without a covering argument." in (
        " ".join(done.stdout.split())
    )
