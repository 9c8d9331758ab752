"""``verilimit certify``: proves inequalities, writes certificates, and replays them."""

from pathlib import Path

from checks.app.screen import coloured, console
from checks.suite.files import require_directory, write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem
from theory.certify.certificate import (
    Outcome,
    Status,
    certificate_text,
    certify,
    parse,
    replay_certificate,
)
from theory.certify.form import Rejected
from theory.language.prose import plain

STATUSES = {Status.CERTIFIED: 0, Status.FALSE: 1, Status.SAMPLED: 3}


def prove(name: str | None, house: House, *, out: Path | None, budget: int) -> int:
    """Certify one inequality or all; the exit status is 1 when one is false, 3 when undecided."""
    known = house.inequalities()
    if name is not None and name not in known:
        raise InputProblem(
            expected=f"an inequality, one of {', '.join(sorted(known))}",
            received=f"“{name}”",
            remedy="`verilimit certify` proves all of them.",
        )
    require_directory(out, "--out")
    outcomes = []
    for claim in [known[name]] if name else known.values():
        try:
            outcome = certify(claim, budget)
        except ModuleNotFoundError as error:
            raise _not_installed(error) from error
        outcomes.append(outcome)
        _print(outcome)
        if out is not None and outcome.certificate is not None:
            write_text(out / f"{claim.name}.json", certificate_text(outcome.certificate))
    worst = {STATUSES[o.status] for o in outcomes}
    return 1 if 1 in worst else max(worst)


def replay(file: Path, house: House) -> int:
    """Check a certificate without the prover; the exit status is 1 when it is of a falsehood.

    Raises `InputProblem` with the reason when it is rejected.
    """
    screen = console()
    try:
        certificate = parse(file.read_text(encoding="utf-8"))
        detail = replay_certificate(certificate, known=house.inequalities())
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    except (Rejected, OSError, UnicodeDecodeError) as reason:
        raise InputProblem(
            expected=f"{file} to be a certificate that proves its claim",
            received=f"one that is rejected: {reason}",
            remedy="`verilimit certify NAME --out DIRECTORY` writes a new one.",
        ) from reason
    false = certificate["kind"] == "counter"
    word = Status.FALSE if false else Status.CERTIFIED
    screen.print(f"{coloured(word.name)} [bold]{certificate['claim']}[/]: ", end="")
    screen.print(detail, markup=False, soft_wrap=True)
    return STATUSES[word]


def _print(outcome: Outcome) -> None:
    screen = console()
    screen.print(f"{coloured(outcome.status.name)} [bold]{outcome.claim.name}[/]: ", end="")
    screen.print(plain(outcome.claim.statement), markup=False, soft_wrap=True)
    screen.print(f"  {outcome.detail}", markup=False, soft_wrap=True)


def _not_installed(error: ModuleNotFoundError) -> InputProblem:
    return InputProblem(
        expected="the libraries of the extra “certify”",
        received=str(error).split(";")[0],
        remedy="Install them with: pip install 'verilimit[certify]'",
    )
