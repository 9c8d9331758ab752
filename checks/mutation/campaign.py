"""A campaign: a sample of a room's mutations, each examined in a process of its own.

Results are appended to a file as they come, under a key of the mutated source, the rest of
verilimit's sources, the tier and the seed: a killed campaign resumes, and no result is used for
other code.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy import special

from checks.suite.fingerprint import source_hash
from checks.suite.house import House
from checks.suite.problem import InputProblem
from checks.suite.roots import HERE, Address

from .equivalent import Place, equivalent
from .operators import Mutation, mutations

NOTICED = ("refuted", "inconclusive", "step failed", "broken", "out of time")
HOLDS = ("SUPPORTED", "CERTIFIED")
PATIENCE = 5.0  # times what the room itself takes
LEAST = 60.0  # seconds

Tell = Callable[["Outcome", int, int], None]


@dataclass(frozen=True)
class Outcome:
    """A mutation, its place, what the room said, and who said it.

    ``verdict``: ``refuted`` or ``inconclusive`` by a claim, ``step failed``, ``broken`` (the code
    raised), ``out of time``, ``survived``, ``not reached`` (no claim runs the line at this tier),
    or ``equivalent`` (listed by the room, with the reason).
    """

    file: str
    function: str
    line: int
    kind: str
    before: str
    after: str
    verdict: str
    culprit: str
    seconds: float

    @property
    def noticed(self) -> bool:
        """Whether the room's verdict has changed."""
        return self.verdict in NOTICED


@dataclass(frozen=True)
class Score:
    """How many of a sample of non-equivalent mutations were noticed, with an exact 95 % interval.

    The interval is that of Clopper and Pearson for the share among all mutations of the room.
    """

    noticed: int
    examined: int

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper-Pearson, 95 %."""
        k, n = self.noticed, self.examined
        low = float(special.betaincinv(k, n - k + 1, 0.025)) if k else 0.0
        high = float(special.betaincinv(k + 1, n - k, 0.975)) if k < n else 1.0
        return low, high

    def __str__(self) -> str:
        """E.g. ``43 of 50 noticed: 86 % [73, 94]``."""
        if not self.examined:
            return "no mutation was examined"
        low, high = (round(100 * end) for end in self.interval)
        share = round(100 * self.noticed / self.examined)
        return f"{self.noticed} of {self.examined} noticed: {share} % [{low}, {high}]"


def score(outcomes: Sequence[Outcome]) -> Score:
    """The score of a campaign; equivalent mutations do not count."""
    counted = [outcome for outcome in outcomes if outcome.verdict != "equivalent"]
    return Score(sum(outcome.noticed for outcome in counted), len(counted))


def all_mutations(address: Address) -> list[Mutation]:
    """Every mutation of a room's own sources."""
    found = address.computing().items()
    return [m for name, path in found for m in mutations(name, path.read_text("utf-8"))]


class Campaign:
    """Mutations of a room, sampled by a seed, examined at a tier."""

    def __init__(
        self, house: House, room: str, number: int, seed: int, tier: str, memory: Path
    ) -> None:
        """Draw the sample; results are kept in the file ``memory``."""
        self.house, self.room, self.seed, self.tier = house, room, seed, tier
        self._address = house.address(room)
        self.paths = self._address.computing()
        self.population = all_mutations(self._address)
        count = min(number, len(self.population))
        self.sample = random.Random(seed).sample(self.population, count)
        self.undecided: list[str] = []  # claims of the room itself, known after `run`
        self._memory = memory
        self.source = source_hash()
        self._known = _remembered(memory)
        self._lock = threading.Lock()

    def run(self, jobs: int, listed: Mapping[Place, str], tell: Tell) -> list[Outcome]:
        """Outcomes of the sample, in its order; ``tell`` hears of each as it comes.

        ``listed``: mutations that change nothing, with the reason, see `equivalent`. Raises
        `InputProblem` when a step or claim of the room itself fails, or one that is listed does not
        exist. A claim that is undecided with this seed has nothing to lose, and is not asked.
        """
        reasons = equivalent(self.room, listed, self.population, self.paths)
        names, patience, lines = self._baseline()

        def one(mutation: Mutation) -> Outcome:
            if reason := reasons.get(mutation):
                return self._outcome(mutation, "equivalent", reason, 0.0)
            reached = lines[str(self.paths[mutation.module])]
            if not self._derives(mutation.module) and mutation.line not in reached:
                return self._outcome(mutation, "not reached", "", 0.0)
            return self._examine(mutation, names, patience)

        found: dict[int, Outcome] = {}
        with ThreadPoolExecutor(jobs) as pool:
            futures = {pool.submit(one, m): place for place, m in enumerate(self.sample)}
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                tell(future.result(), len(found), len(self.sample))
        return [found[place] for place in range(len(self.sample))]

    def _baseline(self) -> tuple[list[str], float, dict[str, set[int]]]:
        """Claims that hold, quick ones first; the seconds to wait for them; lines that they run."""
        key = self._key("the room itself")
        answer = self._known.get(key)
        if answer is None:
            files = [str(path) for path in self.paths.values()]
            answer = self._ask({}, None, theory=True, whole=True, trace=files)
            asked(self.room, self.tier, answer)  # what fails unbroken is not remembered
            self._remember(key, answer)
        names = asked(self.room, self.tier, answer)
        self.undecided = [name for name, *_ in answer["claims"] if name not in names]
        lines = {path: set(numbers) for path, numbers in answer["lines"].items()}
        return names, max(LEAST, PATIENCE * answer["seconds"]), lines

    def _examine(self, mutation: Mutation, names: Sequence[str], patience: float) -> Outcome:
        text = mutation.apply(self.paths[mutation.module].read_text("utf-8"))
        key = self._key(f"{mutation.module}\0{text}")
        answer = self._known.get(key)
        if answer is None:
            theory = self._derives(mutation.module)
            answer = self._ask({mutation.module: text}, patience, theory=theory, claims=names)
            self._remember(key, answer)
        return self._outcome(mutation, *_judged(answer), answer["seconds"])

    def _outcome(self, m: Mutation, verdict: str, culprit: str, seconds: float) -> Outcome:
        path = self.paths[m.module]
        file = str(path.relative_to(HERE) if path.is_relative_to(HERE) else path)
        return Outcome(
            file, m.function, m.line, m.kind, m.before, m.after, verdict, culprit, seconds
        )

    def _derives(self, module: str) -> bool:
        """Whether generated code may depend on a module."""
        numerics = self._address.module("numerics")
        return not module.startswith((numerics, self._generated))

    @property
    def _generated(self) -> str:
        return next(n for n, path in self.paths.items() if path == self._address.generated)

    def _ask(
        self, texts: Mapping[str, str], patience: float | None, **order: Any
    ) -> dict[str, Any]:
        """What a process of its own says of the room with these sources."""
        house = {
            "roots": [asdict(root) for root in self.house.roots], "built_in": self.house.built_in,
            "generated": self._generated,
        }  # fmt: skip
        whole = {
            **house, "room": self.room, "tier": self.tier, "seed": self.seed,
            "texts": dict(texts), "whole": False, "trace": [], "claims": [], **order,
        }  # fmt: skip
        programs = self._memory.resolve().parent / "programs"
        variables = {"JAX_COMPILATION_CACHE_DIR": str(programs), "OPENBLAS_NUM_THREADS": "1"}
        start = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "checks.mutation.subject"],
                input=json.dumps(whole), capture_output=True, text=True, timeout=patience,
                check=False, env={**os.environ, **variables},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            answer = {"steps": [], "claims": [], "error": "out of time"}
        else:
            answer = _read(done)
        return {**answer, "seconds": time.perf_counter() - start}

    def _key(self, what: str) -> str:
        parts = (self.source, self.room, self.tier, str(self.seed), what)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _remember(self, key: str, answer: dict[str, Any]) -> None:
        with self._lock:
            self._known[key] = answer
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with self._memory.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"key": key, "answer": answer}) + "\n")


def _read(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):  # it died without a word
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        error = f"ended with status {done.returncode}: {last}"[:300]
        return {"steps": [], "claims": [], "error": error}


def _judged(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict on a mutation, and who gave it."""
    if answer["error"] == "out of time":
        return "out of time", ""
    for name in answer["steps"]:
        return "step failed", name
    for name, verdict, _ in answer["claims"]:
        if verdict not in HOLDS:
            return verdict.lower(), name
    return ("broken", answer["error"]) if answer["error"] else ("survived", "")


def asked(room: str, tier: str, answer: Mapping[str, Any]) -> list[str]:
    """The claims that are asked of a broken room, the quick ones first, from its own answer.

    One that is undecided has nothing to lose. Raises `InputProblem` for what fails unbroken.
    """
    decided = [claim for claim in answer["claims"] if claim[1] != "INCONCLUSIVE"]
    verdict, culprit = _judged({**answer, "claims": decided})
    if verdict != "survived":
        raise InputProblem(
            expected=f"every step of {room} to hold and no claim to fail at tier {tier} before "
            "anything is broken",
            received=f"{verdict}: {culprit}",
            remedy=f"See `verilimit check {room}`; nothing was mutated.",
        )
    return [name for name, _, _ in sorted(decided, key=lambda claim: claim[2])]


def _remembered(path: Path) -> dict[str, dict[str, Any]]:
    """Answers of earlier campaigns; a last line that was cut off is left out."""
    known = {}
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            try:
                entry = json.loads(line)
                known[entry["key"]] = entry["answer"]
            except (ValueError, KeyError, TypeError):
                continue
    return known


def to_json(room: str, campaign: Campaign, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Plain data: the score and every mutation."""
    found = score(outcomes)
    return {
        "room": room, "tier": campaign.tier, "seed": campaign.seed,
        "mutations": len(campaign.population), "examined": found.examined,
        "noticed": found.noticed, "interval": list(found.interval), "confidence": 0.95,
        "mutants": [asdict(outcome) for outcome in outcomes],
    }  # fmt: skip
