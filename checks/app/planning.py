"""``verilimit check --plan``: what a run would simulate, and how long that should take."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field

from rich.markup import escape

from checks.app.machinery import Machinery, require_plan, running
from checks.app.screen import console, print_table
from checks.suite.costs import Costs, cost_of
from checks.suite.run import Plan, item_of
from checks.suite.store import Store
from checks.suite.targets import Located
from checks.verdicts import Task
from checks.verdicts.evidence import Evidence
from checks.verdicts.judge import mutants_of


@dataclass
class Planned:
    """The blocks of an experiment up to the first look of each claim that asks for it."""

    claims: set[str] = field(default_factory=set)
    blocks: dict[Task, dict] = field(default_factory=dict)  # with the store's item of each

    def left(self, store: Store) -> list[dict]:
        """The items that are not stored."""
        return [item for item in self.blocks.values() if store.get(item) is None]


def print_plan(claims: Sequence[Located], plan: Plan, machinery: Machinery) -> int:
    """Print the experiments, the longest first, without running any; returns the exit status."""
    require_plan(claims, plan)
    rows = []
    with running(machinery, claims) as run:
        costs = Costs(run.store)
        for name, planned in experiments_of(claims, plan).items():
            left = planned.left(run.store)
            rows.append((_Time.of(left, costs), name, planned, len(left)))
    lines = [
        (
            escape(name),
            *map(str, (len(planned.claims), len(planned.blocks), len(planned.blocks) - left)),
            time.words(left),
        )
        for time, name, planned, left in sorted(rows, key=lambda row: row[:2], reverse=True)
    ]
    head = ("experiment", "claims", "blocks", "stored", "seconds")
    print_table(console(), head, lines, title="To be simulated")
    total = _Time(*map(math.fsum, zip(*(astuple(row[0]) for row in rows), strict=True)))
    blocks = sum(len(row[2].blocks) for row in rows)
    words = "" if total.seconds else "; the cost of a block is its seeds times its sizes"
    console().print(
        f"{len(rows)} experiments, {blocks} blocks up to the first look of each claim; "
        f"{total.words(sum(row[3] for row in rows)) or '0'} s of computing are expected{words}",
        markup=False,
    )
    return 0


@dataclass(order=True)
class _Time:
    """Seconds that blocks should take, those of them that no such block has taken, and the cost.

    The cost is what they are put in order by where nothing was timed.
    """

    seconds: float
    derived: float
    cost: float

    @staticmethod
    def of(items: Sequence[dict], costs: Costs) -> "_Time":
        """Of blocks that are left."""
        found = [costs.seconds(item) for item in items]
        derived = math.fsum(seconds or 0.0 for seconds, timed in found if not timed)
        seconds = math.fsum(seconds or 0.0 for seconds, _ in found)
        return _Time(seconds, derived, math.fsum(map(cost_of, items)))

    def words(self, left: int) -> str:
        """Seconds, or the cost where nothing says what a unit of it takes."""
        if not left:
            return ""
        if not self.seconds:
            return f"unknown, cost {self.cost:.2g}"
        about = f", {self.derived:.1f} from sizes" if self.derived else ""
        return f"{self.seconds:.1f}{about}"


def experiments_of(claims: Sequence[Located], plan: Plan) -> dict[str, Planned]:
    """What the claims and their mutants ask for, by experiment."""
    found: dict[str, Planned] = {}
    for located in claims:
        claim = located.claim
        if not claim.runs_at(plan.tier):
            continue
        evidence = Evidence(claim, plan.tier, plan.seed)
        for mutant in (None, *mutants_of(claim)):
            for row in evidence.tasks(mutant, claim.at(plan.tier).looks[0]).values():
                for task in map(plan.task, row):
                    planned = found.setdefault(task.experiment, Planned())
                    planned.claims.add(claim.id)
                    planned.blocks[task] = item_of(located, task)
    return found
