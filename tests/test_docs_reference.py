"""The reference pages leave nothing out: public names, commands with their options, the record."""

import json
from importlib import import_module
from importlib.resources import files
from types import ModuleType

import pytest

import verilimit as vl
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(ROOT / "docs" / "_ext"))
        return import_module("reference")


def test_every_public_name_has_one_subject(reference: ModuleType) -> None:
    for name, (module, _) in vl._places().items():
        fitting = [p for p in reference.SUBJECTS if f"{module}.".startswith(f"{p}.")]
        assert len(fitting) == 1, (name, module)


def test_a_docstring_of_another_library_is_not_ours(reference: ModuleType) -> None:
    assert reference._documented("N")[2].strip() == "The value ``N``."
    assert reference._documented("derive") == [".. autofunction:: verilimit.derive"]


def test_stars_and_bars_of_a_docstring_are_no_markup(reference: ModuleType) -> None:
    lines = ["``a * b`` is |x|**2, see `Rate` and x_i."]
    reference.plain(None, "", "", None, None, lines)
    assert lines == [r"``a * b`` is \|x\|\*\*2, see `Rate` and x_i."]


def test_every_command_is_shown_with_its_options(reference: ModuleType) -> None:
    shown = dict(reference.every_command())
    assert {"check", "judge", "new", "store", "store prune", "mutate"} <= set(shown)
    for name, command in shown.items():
        text = reference._command(name, command).astext()
        options = [o for p in command.params for o in p.opts if o.startswith("-")]
        assert f"verilimit {name}" in text
        assert [o for o in options if o not in text] == []


def test_every_field_of_the_record_is_shown(reference: ModuleType) -> None:
    schema = json.loads((files("checks.verdicts") / "schema.json").read_text(encoding="utf-8"))
    for part in (schema, *schema["$defs"].values()):
        text = reference._fields(part).astext()
        assert [field for field in part["properties"] if field not in text] == []
