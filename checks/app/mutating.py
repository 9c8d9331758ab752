"""``verilimit mutate``: breaks a room's own source, place by place, and asks its claims."""

from json import dumps
from pathlib import Path

from checks.app.screen import console
from checks.mutation.campaign import Campaign, Outcome, score, to_json
from checks.report.table import MUTATIONS, write_mutations
from checks.suite.files import require_writable, write_text
from checks.suite.house import House
from checks.suite.workers import choose_jobs

LONGEST = 60  # characters of a place that a line shows


def mutate(
    room: str, house: House, *, number: int, seed: int, tier: str, jobs: int, memory: Path,
    json: Path | None, table: Path | None, at_least: float, quiet: bool,
) -> int:  # fmt: skip
    """Examine a sample of mutations; returns 1 when fewer than ``at_least`` are noticed, else 0."""
    require_writable(json, "--json", "{[")
    MUTATIONS.require(table)
    screen = console()
    campaign = Campaign(house, room, number, seed, tier, memory)
    words = f"{len(campaign.sample)} of {len(campaign.population)} mutations"
    screen.print(f"{words} of {room}, tier {tier}, seed {seed}", markup=False)

    def tell(outcome: Outcome, done: int, total: int) -> None:
        if not quiet:
            screen.print(f"[{done}/{total}] {_line(outcome)}", markup=False, highlight=False)

    listed = getattr(house.part(room, "checks"), "equivalent_mutations", {})
    outcomes = campaign.run(choose_jobs(jobs), listed, tell)
    if campaign.undecided:
        open_ = ", ".join(campaign.undecided)
        screen.print(f"\nUndecided before anything is broken, not asked: {open_}", markup=False)
    for word, title in (
        ("survived", "Survivors"), ("not reached", "On lines that no claim runs"),
        ("equivalent", "Equivalent"),
    ):  # fmt: skip
        found = [outcome for outcome in outcomes if outcome.verdict == word]
        if found:
            screen.print(f"\n{title}: {len(found)}", markup=False)
            for outcome in found:
                screen.print(f"  {_line(outcome)}", markup=False, highlight=False)
    result = score(outcomes)
    screen.print(f"\n{room}: {result}", markup=False)
    if json is not None:
        write_text(json, dumps(to_json(room, campaign, outcomes), indent=1) + "\n")
    if table is not None:
        unseen = [o for o in outcomes if o.verdict in ("survived", "not reached")]
        places = ", ".join(f"{o.file}:{o.line}" for o in unseen) or "none"
        run = f"{words}, {tier}, seed {seed}, source {campaign.source[:7]}"
        write_mutations(room, [str(result), places, run], table)
    return int(result.examined > 0 and result.noticed < at_least * result.examined)


def _line(outcome: Outcome) -> str:
    before, after = (_short(text) for text in (outcome.before, outcome.after))
    culprit = f": {outcome.culprit}" if outcome.culprit else ""
    place = f"{outcome.file}:{outcome.line} {outcome.function}".rstrip()
    return f"{outcome.verdict}{culprit} | {place} {outcome.kind}: {before} -> {after}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
