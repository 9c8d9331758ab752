"""How the scale of an activation depends on the width, per training step: measured and claimed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from checks.properties.frameworks import as_numpy, epsilon
from checks.suite.problem import InputProblem
from checks.verdicts import ClaimError, Data, Experiment, Finding, RateClaim, Task, evaluate
from checks.verdicts.data import Real, Size
from checks.verdicts.experiment import Table
from checks.verdicts.finding import Undecided
from numerics import double, is_double

CHANGE = "change of "  # in front of a name: its difference from initialisation
SEEN = 100  # roundings by which an activation must have moved for its change to be no rounding
Step = Callable[[], Mapping[str, Any]]
Build = Callable[..., Step]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleClaim(RateClaim):
    """A scale is of the order of a product of powers of the sizes, of which some may be zero.

    A `Rate` has no power zero, so what is fitted is the scale times ``lift``, powers by which it
    becomes of the order of the sizes themselves; exponents are told without it.
    """

    lift: Mapping[str, Real]

    def finding(self, data: Data) -> Finding:
        """The rule of rates, in the words of the scale itself."""
        for point, scales in zip(data.points, data.matrix("error").T, strict=True):
            if not np.any(scales):
                where = _words(point)
                raise Undecided(
                    f"activations are exactly zero, or do not change at all, at {where}"
                )
        found = super().finding(data)
        moved = {}
        for key, estimate in found.estimates.items():
            name = key.removeprefix("exponent of ")
            shift = self.lift[name]
            ends = [None if end is None else end - shift for end in estimate["interval"]]
            moved[key] = {
                **estimate, "value": estimate["value"] - shift, "interval": ends,
                "predicted": estimate["predicted"] - shift,
            }  # fmt: skip
        notes = tuple(note for note in found.notes if not note.startswith("exponent of"))
        return replace(found, estimates=moved, notes=notes, series=())


@dataclass(frozen=True)
class Training:
    """A user's training, as an experiment: columns are the scales ``NAME/STEP``, rows are seeds.

    It runs in the precision that JAX had where it was asked for. ``implied`` are the changes that
    nobody asked for: one that cannot be measured is 0, and decides nothing.
    """

    build: Build
    names: tuple[str, ...]
    steps: int
    implied: frozenset[str] = frozenset()
    in_double: bool = field(default_factory=is_double)

    @property
    def experiment(self) -> Experiment:
        """What all claims on this training read."""
        return Experiment("coordinate-check", self.simulate)

    def simulate(self, point: Size, keys: Any) -> Mapping[str, Any]:
        """Root mean squares of all named activations in all steps, for each key a row."""
        with double(self.in_double):
            rows = [self._train(dict(point), int(key[0])) for key in keys]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def _train(self, point: Size, seed: int) -> dict[str, float]:
        sizes = {"depth": point["depth"]} if "depth" in point else {}
        step = self.build(point["width"], seed, **sizes)
        if not callable(step):
            raise InputProblem(
                expected="a function build(width, seed) that returns a function, one training step",
                received=f"a {type(step).__name__} from build at {_words(point)}",
                remedy="Return `step`, which makes a step and returns the activations before it.",
            )
        found, start = {}, {}
        for k in range(self.steps + 1):
            seen = self._activations(step(), point, k)
            # A network may write its next activations into the same array.
            start = start or {
                name: np.array(_real(value, f"{name} at {_words(point)}"))
                for name, value in seen.items()
            }
            for name in self.names:
                value = seen[name.removeprefix(CHANGE)]
                if name.startswith(CHANGE) and k == 0:
                    continue
                where = f"{name} at {_words(point)}, step {k}, seed {seed}"
                scale = _scale(value, where)
                if name.startswith(CHANGE):
                    then, asked = start[name.removeprefix(CHANGE)], name not in self.implied
                    scale = _moved(value, then, scale, where, asked=asked)
                found[f"{name}/{k}"] = scale
        return found

    def _activations(self, raw: Any, point: Size, k: int) -> Mapping[str, Any]:
        wanted = {name.removeprefix(CHANGE) for name in self.names}
        received = f"{sorted(raw)}" if isinstance(raw, Mapping) else f"a {type(raw).__name__}"
        if not isinstance(raw, Mapping) or wanted - set(raw):
            raise InputProblem(
                expected=f"a step that returns a dict with {sorted(wanted)}",
                received=f"{received} at {_words(point)}, step {k}",
                remedy="Return these activations, or correct the names in predict.",
            )
        return {name: raw[name] for name in wanted}


def _scale(value: Any, where: str) -> float:
    """The root mean square of an activation; InputProblem for one that has none."""
    array = _real(value, where)
    if array.size == 0 or not np.isfinite(array).all():
        raise InputProblem(
            expected="activations that are finite numbers",
            received=f"{'no entries' if array.size == 0 else 'NaN or infinity'} in {where}",
            remedy="Training that blows up has no scale: take a smaller learning rate, fewer steps "
            "or smaller widths, at which the exponents show before it does.",
        )
    return _root_mean_square(array)


def _real(value: Any, where: str) -> np.ndarray:
    try:
        return as_numpy(value)
    except TypeError as error:
        raise InputProblem(
            expected="activations that are arrays of real numbers",
            received=f"{error}: {where}",
            remedy="Return real and imaginary part as two activations.",
        ) from error


def _root_mean_square(array: np.ndarray) -> float:
    """In units of the largest entry, so that no square overflows or vanishes."""
    values = array.astype(float)
    largest = float(np.abs(values).max())
    return largest * float(np.sqrt(np.mean(np.square(values / largest)))) if largest else 0.0


def _moved(value: Any, start: Any, scale: float, where: str, *, asked: bool) -> float:
    now, then = _real(value, where), as_numpy(start)
    if now.shape != then.shape:
        if not asked:
            return 0.0
        raise InputProblem(
            expected="activations of the same examples in every step, of one shape",
            received=f"shapes {then.shape} and {now.shape}: {where}",
            remedy="Evaluate a fixed batch, or leave the change out.",
        )
    moved = _root_mean_square(now.astype(float) - then)
    if 0 < moved < SEEN * epsilon(value) * scale:
        if not asked:
            return 0.0
        raise InputProblem(
            expected=f"a change above {SEEN} roundings of {getattr(value, 'dtype', 'float64')}",
            received=f"{moved:.2g} of a scale {scale:.2g}: {where}",
            remedy="Compute in double precision, or take a larger learning rate or more steps.",
        )
    return moved


def _words(point: Size) -> str:
    return ", ".join(f"{name} {level}" for name, level in point.items())


def scale_claims(
    training: Training,
    sizes: Mapping[str, Sequence[int]],
    predict: Mapping[str, Mapping[int, Sequence[Real]]],
    **options: Any,
) -> dict[tuple[str, int], ScaleClaim]:
    """For each activation and step its claim; the powers are in the order of ``sizes``."""
    points = [dict(zip(sizes, levels, strict=True)) for levels in product(*sizes.values())]
    claims = {}
    for name, by_step in predict.items():
        for k, powers in by_step.items():
            lift = {size: 1 - float(power) for size, power in zip(sizes, powers, strict=True)}
            order = sp.Mul(*(sp.Symbol(size, positive=True) for size in sizes))
            words = " ".join(f"{size}^{p:g}" for size, p in zip(sizes, powers, strict=True))
            slug = re.sub(r"[^A-Za-z0-9_.+-]+", "-", name).strip("-.+_") or "activation"
            claims[name, k] = ScaleClaim(
                id=f"coordinate-check/{slug}/step-{k}",
                statement=f"The scale of {name} after {k} steps is of the order {words}.",
                points=points, predicted=order, lift=lift, statistic="rms", resolution=0,
                error=training.experiment.column(partial(_lifted, f"{name}/{k}", lift)), **options,
            )  # fmt: skip
    return claims


def _lifted(column: str, lift: Mapping[str, Real], size: Size, table: Table) -> Any:
    factor = np.prod([float(size[name]) ** power for name, power in lift.items()])
    return table[column] * factor


def shared_measurer(experiment: Experiment, known: dict[Task, Table]) -> Callable[..., Any]:
    """Trains once for all claims; a problem of the user's input is raised as it is."""

    def measure(tasks: Sequence[Task]) -> list[Table]:
        for task in tasks:
            if task not in known:
                try:
                    known[task] = evaluate(experiment, task)
                except ClaimError as error:
                    if isinstance(error.__cause__, InputProblem):
                        raise error.__cause__ from None
                    raise
        return [known[task] for task in tasks]

    return measure


def scale_table(known: Mapping[Task, Table]) -> tuple[dict[str, Any], ...]:
    """Mean scales over all seeds that were trained, with standard errors."""
    blocks: dict[tuple[Any, str], list[np.ndarray]] = {}
    for task, table in known.items():
        for column, values in table.items():
            blocks.setdefault((task.size, column), []).append(values)
    rows = []
    for (size, column), parts in blocks.items():
        values = np.concatenate(parts)
        name, step = column.rsplit("/", 1)
        unit = float(values.max()) or 1.0  # no square overflows
        spread = unit * float((values / unit).std(ddof=1)) if len(values) > 1 else 0.0
        rows.append({
            "name": name, "step": int(step), **dict(size), "mean": float(values.mean()),
            "standard_error": spread / len(values) ** 0.5, "seeds": len(values),
        })  # fmt: skip
    return tuple(rows)
