"""What the report says, gathered once for HTML and LaTeX: rooms, outcomes, results."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.properties.probing import Probed, run_probes
from checks.report.files import FileContent
from checks.report.layers import LayerContent
from checks.report.sections import without_verdict
from checks.suite.fingerprint import environment, source_hash
from checks.suite.house import House, Room
from checks.suite.roots import Address, Root
from checks.suite.run import Plan, Study
from checks.suite.targets import file_claims, file_plans
from checks.verdicts import Claim, ClaimError, Result, Verdict, several
from theory.language import DerivationsBeside, Outcome, Status, counted, exit_status


@dataclass(frozen=True)
class RoomContent:
    """One room with what a run has shown about it; ``rooms`` is an option that finds it."""

    room: Room
    outcomes: tuple[Outcome, ...]
    results: tuple[Result, ...]
    absent: tuple[Claim, ...] = ()
    probed: tuple[Probed, ...] = ()
    failed: tuple[tuple[Claim, ClaimError], ...] = ()
    generated: Path = Path()
    rooms: str = ""

    @property
    def not_checked(self) -> tuple[str, ...]:
        """What the room leaves unchecked, its claims that do not run at this tier, or failed."""
        return (*self.room.not_checked, *without_verdict(self.absent, self.failed))

    @property
    def worst_step(self) -> Status:
        """The weakest status of the derivation; ``Status`` lists the strongest first."""
        statuses = {outcome.status for outcome in self.outcomes} | {Status.PROVED}
        return [status for status in Status if status in statuses][-1]

    @property
    def steps_summary(self) -> str:
        """E.g. ``8 derived: 8 PROVED; 1 identity: 1 SAMPLED; 1 by one route only``."""
        return counted(self.outcomes)


@dataclass(frozen=True)
class Content:
    """Everything a report shows."""

    rooms: tuple[RoomContent, ...]
    study: Study
    layers: tuple[LayerContent, ...] = ()
    files: tuple[FileContent, ...] = ()

    @property
    def verdict_summary(self) -> str:
        """E.g. ``7 claims: 6 SUPPORTED, 1 INCONCLUSIVE``."""
        failed = len(self.study.failed)
        names = count_words(r.verdict.name for r in self.study.results)
        said = [names] * bool(names) + [f"{failed} without a verdict"] * bool(failed)
        return f"{several(len(self.study.results) + failed, 'claim')}: {', '.join(said)}"

    @property
    def steps_status(self) -> int:
        """1 when a step of any derivation failed, else 3 when one is undecided, else 0."""
        return exit_status(each.worst_step for each in (*self.rooms, *self.layers))

    @property
    def command(self) -> str:
        """The command that judges the same claims on the same seeds."""
        plan = self.study.plan
        files = dict.fromkeys(each.file for each in (*self.files, *self.layers))
        names = [*(each.room.name for each in self.rooms), *files]
        words = f"verilimit report {' '.join(map(shlex.quote, names))} --tier {plan.tier}"
        budget = "" if plan.budget == Plan().budget else f" --budget {plan.budget:g}"
        rooms = "".join(dict.fromkeys(each.rooms for each in self.rooms))
        return f"{words} --seed {plan.seed}{budget}{rooms}"

    @property
    def failed_probe(self) -> bool:
        """Whether the probe of any assumption found a counterexample on its domain."""
        return any(p.word == "FAILS" for room in self.rooms for p in room.probed)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """How the run was made: plan, versions, precision; nothing that equal runs differ in."""
        plan = self.study.plan
        made = {
            "tier": plan.tier,
            "seed": str(plan.seed),
            "budget of false refutation": f"{plan.budget:g}, split by Holm over all claims",
        }
        return (*made.items(), *environment().items(), ("source", source_hash()))


def gather(
    house: House,
    names: Sequence[str],
    study: Study,
    announce: Callable[[str], None],
    files: Sequence[str] = (),
) -> Content:
    """Run the derivations of the rooms and put them beside the results of the study.

    The claims in users' ``files`` and their layers follow them.
    """
    with DerivationsBeside() as beside:
        shown = []
        for name in names:
            announce(f"{name}: derivation and probes")
            room = house.room(name)
            decided = beside.decide(room.theorem.derivation.steps)
            shown.append((room, decided, tuple(run_probes([name], house))))
        found = []
        for room, decided, probed in shown:
            results, absent, failed = _of(room.claims, study)
            address = house.address(room.name)
            found.append(
                RoomContent(
                    room, decided.result(), results, absent, probed, failed, address.generated,
                    _rooms_option(address),
                )
            )  # fmt: skip
    files = tuple(dict.fromkeys(files))
    layers = [layer for path in files for layer in _layers(path, study)]
    own = [FileContent(k, path, *_own(path, study)) for k, path in enumerate(files, start=1)]
    own = [each for each in own if each.results or each.absent or each.failed]
    return Content(tuple(found), study, tuple(layers), tuple(own))


Judged = tuple[
    tuple[Result, ...], tuple[Claim, ...], tuple[tuple[Claim, ClaimError], ...]
]  # results, claims that do not run at the tier, claims without a verdict


def _of(claims: Iterable[Claim], study: Study) -> Judged:
    """What the study says of these claims."""
    ids = {claim.id for claim in claims}
    return (
        tuple(result for result in study.results if result.claim_id in ids),
        tuple(claim for claim in study.absent if claim.id in ids),
        tuple(pair for pair in study.failed if pair[0].id in ids),
    )


def _layers(path: str, study: Study) -> Iterable[LayerContent]:
    for plan in file_plans(path):
        yield LayerContent(plan, path, *_of(plan.claims, study))


def _own(path: str, study: Study) -> Judged:
    """Of the claims of a file that no layer of it has."""
    of_layers = {claim.id for plan in file_plans(path) for claim in plan.claims}
    claims = file_claims(str(Path(path).resolve()))
    return _of((claim for claim in claims if claim.id not in of_layers), study)


def _rooms_option(address: Address) -> str:
    """What a command needs to find a room where only an option has named its folder.

    It is the folder's name: where it lies, as seen from here, would make equal runs differ.
    """
    root = address.root
    if root is None or root.named_by != Root("").named_by:
        return ""
    return f" --rooms {shlex.quote(Path(root.folder).name)}"


def errors_sentence(result: Result) -> str:
    """The error probabilities, seeds and sizes of a judgement, in one sentence or two."""
    looks = f"looks at {', '.join(map(str, result.looks))}"
    rests = result.counted or f"{several(result.seeds, 'seed')}, {looks}"
    parts = [
        f"No noise: no probabilities; {rests}."
        if result.assumed
        else f"False-refutation probability at most {result.budget:.2g} ({result.spent:.2g} spent)"
        f", {rests}."
    ]
    support = result.false_support
    if support.get("probability") is not None:
        parts.append(
            f"Were it wrong by {support['alternative']}, it would be supported with probability "
            f"{support['probability']:.2g}."
        )
    if result.margin is not None:
        parts.append(f"Margin {result.margin:g}.")
    return " ".join(parts)


def count_words(names: Iterable[str]) -> str:
    """E.g. ``2 PROVED, 1 SAMPLED``."""
    listed = list(names)
    return ", ".join(f"{listed.count(n)} {n}" for n in dict.fromkeys(listed)) or "none"


def mutants_refuted(result: Result) -> int:
    """How many planted errors the run has refuted."""
    return sum(mutant.verdict is Verdict.REFUTED for mutant in result.mutants)
