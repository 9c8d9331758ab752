"""Which sentences of a paper are checked: what is named exists, and what exists is named."""

import re

import pytest

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


ASCII = re.compile(r"[$^<>=]|sqrt|\w_\w|\b(?:lambda|sigma|rho|tau|kappa|epsilon|delta|theta)\b")


@pytest.mark.parametrize("room", BUILT_IN.names())
def test_no_claim_or_picture_is_described_in_ascii_mathematics(room: str) -> None:
    found = BUILT_IN.room(room)
    words = [claim.statement for claim in found.claims] + [p.caption for p in found.pictures]
    assert words
    for text in words:
        said = "".join(part for is_formula, part in pieces(text) if not is_formula)
        assert not ASCII.search(said), text


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
