"""Certificates: all that is stated is certified; no damaged or foreign certificate passes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from checks.app.main import run
from tests.conftest import Ended
from theory.certify.certificate import (
    Status,
    certificate_text,
    certify,
    inequalities,
    parse,
    replay_certificate,
)
from theory.certify.form import Rejected
from theory.certify.inequality import digest


@pytest.fixture(scope="module")
def certificates() -> Mapping[str, Mapping[str, Any]]:
    outcomes = {name: certify(claim) for name, claim in inequalities().items()}
    assert {o.status for o in outcomes.values()} == {Status.CERTIFIED}
    return {name: o.certificate for name, o in outcomes.items() if o.certificate}


def test_everything_that_is_stated_is_certified(certificates: Mapping[str, Any]) -> None:
    assert set(certificates) == set(inequalities())
    assert len(certificates) >= 20


def test_replay_does_not_use_the_prover(
    certificates: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError("the prover was asked")

    monkeypatch.setattr("theory.certify.prover._module", refuse)
    monkeypatch.setattr("theory.certify.polynomial._module", refuse)
    for made in certificates.values():
        replay_certificate(parse(certificate_text(made)))


def _changed(made: Mapping[str, Any], **parts: Any) -> str:
    body = {k: v for k, v in {**made, **parts}.items() if k != "checksum"}
    return json.dumps({**body, "checksum": digest(body)})


def _reason(text: str) -> str:
    with pytest.raises(Rejected) as refused:
        replay_certificate(parse(text))
    return str(refused.value)


def test_bad_certificates_are_refused_with_the_reason(certificates: Mapping[str, Any]) -> None:
    made = certificates["silu-slope-high"]
    text, tree = certificate_text(made), made["proof"]["tree"]
    assert "cut off" in _reason(text[: len(text) // 2])
    assert "checksum does not match" in _reason(text.replace("33", "34").replace("1.1", "1.2"))
    assert "expected the keys" in _reason("{}")
    assert "another statement" in _reason(_changed(made, claim="silu-slope-low"))
    assert "expected one of" in _reason(_changed(made, claim="nobody"))
    for wrong, reason in (
        (tree[:-1], "ends early: 1 boxes"),
        ([*tree, tree[-1]], "more entries"),
        ([["value", 0.0]], "only known to be above"),
        ([["cut", 7], *tree[1:]], "an axis to be an integer from 0 to 0"),
        ([["cut"], *tree[1:]], "no cut and no leaf"),
        ([["taylor", 0, 9, "low"]], "no derivative of order 9"),
        ([["value", 1e9] if entry[0] == "value" else entry for entry in tree], "not 1e+09"),
    ):
        assert reason in _reason(_changed(made, proof={"boxes": 1, "tree": wrong}))
    factors = certificates["third-cumulant"]
    assert "do not multiply" in _reason(
        _changed(factors, proof={**factors["proof"], "constant": "1"})
    )
    counter = _changed(made, kind="counter", proof={"box": [[0.0, 1.0]]})
    assert "not negative on the counter-box" in _reason(counter)
    assert "malformed" in _reason(_changed(made, proof={}))


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    def call(*args: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["verilimit", *args])
        with pytest.raises(SystemExit) as ended:
            run()
        output = capsys.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return call


def test_the_command_writes_and_replays(command: Callable[..., Ended], tmp_path: Path) -> None:
    done = command("certify", "nu", "--out", str(tmp_path))
    assert done.returncode == 0
    assert "CERTIFIED nu" in done.stdout
    file = tmp_path / "nu.json"
    assert "1 boxes replayed" in command("certify", "--replay", str(file)).stdout
    file.write_text(file.read_text()[:100])
    done = command("certify", "--replay", str(file))
    assert done.returncode == 2
    assert "cut off" in done.stderr
    assert command("certify", "nothing").returncode == 2
    assert command("certify", "nu", "--replay", str(file)).returncode == 2
