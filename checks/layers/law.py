"""The law of a finite layer at the end of its path is that of the derived SDE, both stopped."""

from itertools import pairwise

import numpy as np

from checks.layers.limiting import Limiting
from checks.layers.paths import Paths
from checks.layers.planted import WRONG, short
from checks.layers.states import NotMeasured
from checks.verdicts import Experiment, LawClaim, Mutant
from checks.verdicts.kinds.law import largest_distance
from numerics.layers.paths import BOUND

SEEDS, TOLERANCE, DISTANCE = 1024, 0.06, 0.18  # of laws that agree in the limit
SEEN = 0.22  # the distance at which a mutant counts
MOST = 6  # mutants: each is a simulation of the limit
EULER = (16, 64, 256)  # steps of a path of the limit
PATHS = 1024  # on which numbers of steps are compared
MOVED = TOLERANCE / 2  # by four times as many steps: of an error of order 1/2, a half of it


def euler_steps(paths: Paths) -> int:
    """Euler steps that give the law at the end of the limit's path.

    So many that four times as many, on the same noise, hardly move it. Raises `NotMeasured` where
    none do: near an edge of a law, which Euler's paths cross, their error falls as slowly as the
    fourth root of a step.
    """
    limiting, time = paths.limiting, paths.time(paths.n)
    fine = np.random.default_rng(0).standard_normal((EULER[-1], PATHS, limiting.count))

    def law(steps: int) -> np.ndarray:
        return limiting.ends(paths.start, time, added_up(fine, steps))[:, paths.entries]

    laws = [law(EULER[0])]
    for steps, more in pairwise(EULER):
        laws.append(law(more))
        if largest_distance(*laws[-2:]) <= MOVED:
            return steps
    raise NotMeasured(
        f"from {EULER[-2]} to {EULER[-1]} steps the law of the limit's own Euler paths moves by "
        f"{largest_distance(*laws[-2:]):.2g}, too far to compare with it: it may have an edge"
    )


def added_up(noises: np.ndarray, steps: int) -> np.ndarray:
    """The same Brownian paths in fewer steps: sums of increments, of variance one."""
    together = len(noises) // steps
    return noises.reshape(steps, together, *noises.shape[1:]).sum(axis=1) / together**0.5


def _seen(spread: np.ndarray, what: str, off: np.ndarray, time: float) -> float:
    """About how far laws are apart: Gaussian ones with another mean, or another variance."""
    moving = spread > 1e-12 * spread.max()
    if what == "drift":
        shift = np.abs(off)[moving] / np.sqrt(spread[moving])
        return float(0.4 * (shift * time**0.5).max(initial=0.0))
    share = np.diagonal(off)[moving] / spread[moving]
    return float(0.12 * np.abs(np.log(np.maximum(1 + share, 1e-3))).max(initial=0.0))


def _wrong_laws(paths: Paths, time: float) -> tuple[list[tuple[str, Limiting]], list[str]]:
    """Limits with one term changed that a comparison of laws must see, and the others in words."""
    limiting, start, found, hidden = paths.limiting, paths.start, [], []
    spread = np.diagonal(limiting.covariance(start[None])[0])
    for what in ("drift", "covariance"):
        for key, part, term in limiting.terms(what, start):
            for name, factor in WRONG.items():
                if what == "covariance" and (key[0] != key[1] or factor == -2.0):
                    continue
                far = _seen(spread, what, factor * term.value, time)
                words = f"the term {short(term.text)} of the {what} of {key} {name}"
                if far > SEEN:
                    found.append((far, words, what, key, factor * part))
                else:
                    hidden.append(
                        f"{words}: moves the law at the end of the path by about {far:.2g}, and "
                        f"{SEEN:g} is seen"
                    )
    found.sort(key=lambda x: -x[0])
    return [(words, limiting.changed(what, key, by)) for _, words, what, key, by in found], hidden


def law_claim(slug: str, paths: Paths, ends: Experiment) -> tuple[LawClaim, list[str]]:
    """The claim, and mutants that it does not see; `NotMeasured` as `euler_steps` says.

    Mutants are wrong theorems: a term changed, and each of the hypotheses H2, H3, H5 broken.
    """
    n, start, entries = paths.n, paths.start, paths.entries
    time, limiting, steps = paths.time(n), paths.limiting, euler_steps(paths)

    def right(of: Limiting, start: np.ndarray = start, time: float = time, rare: float = 1.0):
        def sample(size: dict, keys: np.ndarray) -> np.ndarray:
            rng = np.random.default_rng(np.asarray(keys, np.uint32).ravel())
            noises = rng.standard_normal((steps, len(keys), of.count))
            noises *= (rng.random((steps, len(keys), 1)) < rare) / rare**0.5
            return of.ends(start, time, noises)[:, entries]

        return sample

    spread = limiting.covariance(start[None])
    values, vectors = np.linalg.eigh(spread[0])
    elsewhere = start + 1.5 * (time * max(values[-1], 0.0)) ** 0.5 * vectors[:, -1]
    mutants = [
        Mutant("no-noise", "the limit has no noise", {"right": right(limiting.without_noise())}),
        Mutant("jumps", "noise of this covariance that comes in jumps (H3)",
               {"right": right(limiting, rare=1 / steps)}),
        Mutant("start", "another start (H5)", {"right": right(limiting, start=elsewhere)}),
        Mutant("time", "time four times as fast", {"right": right(limiting, time=4 * time)}),
    ]  # fmt: skip
    seen, hidden = _wrong_laws(paths, time)
    tried = MOST - len(mutants)
    mutants += [
        Mutant(f"term-{k}", words, {"right": right(wrong)})
        for k, (words, wrong) in enumerate(seen[:tried], start=1)
    ]
    hidden += [f"{words}: not tried, {MOST} others are" for words, _ in seen[tried:]]
    name = f"{slug}/path-law"
    return LawClaim(
        id=name,
        statement=f"After {paths.steps(n)} steps at N = {n} the law of "
        f"{', '.join(limiting.shapes)} is that of the derived SDE at t = {time:.4g}, both stopped "
        f"at {BOUND:g}.",
        left=ends.column(lambda size, table: table["end"][:, entries]), right=right(limiting),
        sizes={"N": [n]}, seeds=SEEDS, cap=4 * SEEDS, tolerance=TOLERANCE,
        margin=DISTANCE, mutants=mutants,
    ), [f"{name}: {words}" for words in hidden]  # fmt: skip
