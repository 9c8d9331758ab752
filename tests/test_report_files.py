"""What users bring: claims of a file, layers, rooms of any name; every command in a page runs."""

import html
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checks.layers import Plan as LayerPlan
from checks.report.content import Content, RoomContent
from checks.report.layers import LayerContent
from checks.report.page import html as page_of
from checks.report.page import room_view
from checks.report.sentences import seen_by
from checks.suite.house import House
from checks.suite.roots import Root
from checks.suite.run import Plan, Study
from checks.verdicts import ClaimError, IdentityClaim, Result, Verdict, judge
from tests.conftest import Ended
from tests.gallery import limit_of
from theory.calculus.indices import array, size
from theory.language import Sentence, run_steps

Here = Callable[..., Ended]
OWN = '''"""Claims of $x^2$.

More of it.
"""
import numpy as np
import verilimit as vl

right, wrong = (
    vl.IdentityClaim(id=f"mine/{name}", statement=f"It is {name}, $x^2$.",
                     residual=lambda size, keys, value=value: np.full(len(keys), value))
    for name, value in (("right", 0.0), ("wrong", 1.0))
)
late = vl.IdentityClaim(id="mine/late", statement="Later.", seeds={"full": 4},
                        residual=lambda size, keys: np.zeros(len(keys)))
'''
LAYER = """
x, c = vl.state("x"), vl.positive("c")
layer = vl.Layer("decay", {x: x - c * x / vl.N}, {"x": x}, steps=vl.N, at={c: 1, "x": 1})
"""


def commands(page: str) -> list[str]:
    """The commands that a page prints."""
    return [html.unescape(found) for found in re.findall(r"<code>verilimit (.*?)</code>", page)]


def test_the_claims_of_a_file_stand_in_the_page_refuted_ones_too(
    toy_here: Here, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    assert toy_here("report", "own.py", "-q").returncode == 1
    page = (tmp_path / "report.html").read_text()
    card = page[page.index("class=card") : page.index("id=verdicts")]
    assert "1 of 2 claims hold" in card
    assert "<a href=#mine/wrong>mine/wrong</a> <b class=REFUTED>" in card
    assert "<msup><mi>x</mi><mn>2</mn></msup></math>.</span>" in card
    verdicts = page[page.index("id=verdicts") : page.index("id=file.1>")]
    assert re.search(r"mine/wrong</a><td><b class=REFUTED>", verdicts)
    assert "derivation" not in verdicts
    for name in ("right", "wrong"):
        assert page.count(f"<article class=claim id=mine/{name}>") == 1
    assert "mine/late, at tier full only: Later." in page


def test_a_file_of_a_layer_and_a_claim_has_a_section_for_each(
    toy_here: Here, tmp_path: Path
) -> None:
    folder = tmp_path / "some place"
    folder.mkdir()
    (folder / "both.py").write_text(OWN + LAYER)
    assert toy_here("report", "some place/both.py", "-q").returncode == 1
    page = (tmp_path / "report.html").read_text()
    assert page.index("<section id=file.1>") < page.index("<section id=decay>")
    assert page.count("id=mine/wrong>") == 1
    assert page.count("id=decay/limit-drift>") == 1
    again = "check 'some place/both.py' --tier smoke --seed 0"
    whole = "report 'some place/both.py' --tier smoke --seed 0"
    assert dict.fromkeys(commands(page)) == {again: None, whole: None}
    done = toy_here(*shlex.split(again), "-q")
    assert "mine/wrong" in done.stdout
    assert "decay/limit-drift" in done.stdout


def test_the_command_of_a_users_room_names_its_folder(
    toy_here: Here, toy_house: Path, tmp_path: Path
) -> None:
    assert toy_here("report", "-q").returncode == 0
    again, whole = commands((tmp_path / "report.html").read_text())
    assert again == f"check toy-limit/true --tier smoke --seed 0 --rooms {toy_house.name}"
    assert whole == f"report toy_limit --tier smoke --seed 0 --rooms {toy_house.name}"


@pytest.fixture
def content(toy_house: Path) -> RoomContent:
    """A room with ids of its own, a refuted claim, one without a verdict, and one for later."""
    toy = House((Root(str(toy_house)),), built_in=False)

    def claim(name: str, value: float = 0.0) -> IdentityClaim:
        return IdentityClaim(id=f"wide_layer/{name}", residual=lambda s, k: [value] * len(k))

    failed = ((claim("broken"), ClaimError("it is broken")),)
    results = (judge(claim("rate")), judge(claim("constant", 1.0)))
    room = toy.room("toy_limit")
    outcomes = tuple(run_steps(room.theorem.derivation.steps))
    return RoomContent(room, outcomes, results, absent=(claim("late"),), failed=failed)


def page_with(content: RoomContent, sentence: Sentence) -> str:
    """A page of this room alone, which found something."""
    theorem = replace(content.room.theorem, found=(sentence,))
    room = replace(content, room=replace(content.room, theorem=theorem))
    study = Study(Plan(), content.results, (0.0,) * len(content.results))
    return page_of(Content((room,), study))


def test_what_was_found_shows_what_became_of_its_claims(content: RoomContent) -> None:
    names = ("rate", "constant", "late", "broken", "nothing")
    page = page_with(content, Sentence("It is so.", claims=names))
    card = page[page.index("class=card") : page.index("id=verdicts")]
    assert (
        "(<a href=#wide_layer/rate>rate</a>, "
        "<a href=#wide_layer/constant>constant</a> <b class=REFUTED>REFUTED</b>, "
        "late (not at this tier), broken (no verdict), nothing (no such claim))"
    ) in card


def test_a_claim_without_a_verdict_is_counted_where_the_page_begins(content: RoomContent) -> None:
    study = Study(Plan(), content.results, (0.0,) * 2, failed=content.failed)
    said = Content((content,), study).verdict_summary
    assert said == "3 claims: 1 SUPPORTED, 1 REFUTED, 1 without a verdict"


def test_a_verdict_of_either_kind_is_shown(content: RoomContent) -> None:
    def with_verdict(result: Result) -> Result:
        return replace(result, verdict=Verdict.INCONCLUSIVE)

    undecided = replace(content, results=tuple(map(with_verdict, content.results)))
    (shown,) = seen_by(undecided, Sentence("It is so.", claims=("rate",)))
    assert (shown.place, shown.word) == ("wide_layer/rate", "INCONCLUSIVE")


@pytest.mark.parametrize("name", ["drop_path", "oja"])
def test_the_badge_of_a_layer_is_that_of_its_weakest_hypothesis(name: str) -> None:
    content = LayerContent(LayerPlan(limit_of(name), (), (), ()), f"{name}.py", ())
    assert content.worst_step.name == "PROVED"
    assert "1 ASSUMED" in content.steps_summary
    assert content.view()["steps_status"] == "ASSUMED"


def test_symbols_that_print_alike_stand_once(content: RoomContent) -> None:
    V = array("V", size("m", "tokens"), meaning="values")
    theorem = replace(content.room.theorem, words=(V, V.label))
    assert len([s for s in theorem.notation if str(s) == "V"]) == 2
    view = room_view(replace(content, room=replace(content.room, theorem=theorem)))
    assert [text for _, text in view["notation"]].count("values") == 1
