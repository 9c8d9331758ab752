"""The coordinate check with a verdict: do activations scale with width and depth as predicted?

Users of µP draw the scales of activations against the width, after each of a few training steps,
and look whether the lines are flat. Here the exponents are fitted with intervals and judged by the
rule of every other claim. (Yang, Hu et al., "Tensor Programs V", arXiv:2203.03466, appendix D.1.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from checks.properties.implied import implied_changes, told_of, unhidden
from checks.properties.predictions import by_step_of, is_number, is_whole, levels_of, require_build
from checks.properties.scales import (
    CHANGE,
    ScaleClaim,
    Training,
    scale_claims,
    scale_table,
    shared_measurer,
)
from checks.suite.problem import InputProblem
from checks.verdicts import Result, Task, Verdict, judge, settle
from checks.verdicts.data import Real
from checks.verdicts.experiment import Table
from checks.verdicts.judge import BUDGET


@dataclass(frozen=True)
class CoordinateCheck:
    """What a coordinate check found: ``results`` by name and step; ``scales`` for plots.

    ``scales``: for each name, step and point the mean over seeds of the scale and its standard
    error, also at initialisation. ``str`` is a table, ``plot()`` a figure, ``to_json()`` plain
    data.
    """

    results: Mapping[tuple[str, int], Result]
    scales: tuple[Mapping[str, Any], ...]
    sizes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """SUPPORTED if all predictions are, REFUTED if one is, else INCONCLUSIVE."""
        found = {result.verdict for result in self.results.values()}
        if Verdict.REFUTED in found:
            return Verdict.REFUTED
        return Verdict.SUPPORTED if found == {Verdict.SUPPORTED} else Verdict.INCONCLUSIVE

    def exponent(self, name: str, step: int, size: str = "width") -> tuple[float, float, float]:
        """The exponent and the ends of its 99 % interval; KeyError for what was not judged."""
        estimate = self.results[name, step].estimates[f"exponent of {size}"]
        return (estimate["value"], *estimate["interval"])

    def __str__(self) -> str:
        """A line for each activation and step, then why some are not SUPPORTED."""
        widest = max(len(name) for name, _ in self.results)
        lines = []
        for (name, step), result in self.results.items():
            told = ", ".join(
                f"{size}^{e['value']:+.2f} [{e['interval'][0]:+.2f}, {e['interval'][1]:+.2f}], "
                f"predicted {e['predicted']:+.2f}"
                for size in self.sizes
                if (e := result.estimates.get(f"exponent of {size}"))
            )
            lines.append(f"{name:<{widest}}  step {step}  {told or '-'}  {result.verdict.value}")
        reasons = [
            f"{name}, step {step}: {result.because}"
            for (name, step), result in self.results.items()
            if not result.verdict.holds
        ]
        return "\n".join([*lines, f"coordinate check: {self.verdict.value}", *reasons])

    def to_json(self) -> dict[str, Any]:
        """Plain data: the verdict, each result as in a record, and the scales."""
        return {
            "verdict": self.verdict.value,
            "results": [
                {"name": name, "step": step, **result.to_json()}
                for (name, step), result in self.results.items()
            ],
            "scales": [dict(row) for row in self.scales],
        }

    def plot(self) -> Figure:
        """One panel for each activation and size, a line for each step; other sizes at their most.

        The legend has the fitted exponents of the steps that were judged.
        """
        names = list(dict.fromkeys(name for name, _ in self.results))
        figure = Figure(figsize=(4 * len(names), 3.2 * len(self.sizes)), layout="constrained")
        panels = figure.subplots(len(self.sizes), len(names), squeeze=False)
        for row, size in zip(panels, self.sizes, strict=True):
            for axes, name in zip(row, names, strict=True):
                self._panel(axes, name, size)
        return figure

    def _panel(self, axes: Axes, name: str, size: str) -> None:
        most = {other: max(row[other] for row in self.scales) for other in self.sizes}
        rows = [r for r in self.scales if r["name"] == name
                and all(r[o] == most[o] for o in self.sizes if o != size)]  # fmt: skip
        for step in sorted({row["step"] for row in rows}):
            line = [row for row in rows if row["step"] == step and row["mean"] > 0]
            x, mean = ([row[key] for row in line] for key in (size, "mean"))
            label = f"step {step}"
            if (name, step) in self.results:
                estimate = self.results[name, step].estimates.get(f"exponent of {size}")
                label += f": {estimate['value']:+.2f}" if estimate else ""
            label += "" if line else ": zero"
            bars = [2 * row["standard_error"] for row in line]
            axes.errorbar(x, mean, yerr=bars, marker="o", ms=3, capsize=2, label=label)
        scale = "log" if any(row["mean"] > 0 for row in rows) else "linear"
        axes.set(xscale=scale, yscale=scale, xlabel=size, ylabel="root mean square", title=name)
        axes.legend(fontsize="small")


def coordinate_check(
    build: Any,  # see `Build`
    *,
    widths: Any,  # a sequence of numbers; what is none of this is refused in words
    predict: Any,
    depths: Any = None,
    steps: Any = 4,
    kind: str = "exact",
    margin: Real = 0.15,
    next_order: Any = 1,
    seeds: int = 16,
    cap: int = 128,
    seed: int = 0,
    budget: float = BUDGET,
) -> CoordinateCheck:
    """Train at several widths for a few steps, and judge how activations scale with the width.

    - ``build(width, seed)`` makes a network and returns ``step``. Each call of ``step()`` makes one
      training step and returns a dict of activations, arrays of any framework, as they were
      *before* the step: call number k, from 0, belongs to a network that has made k updates. The
      batch must be the same at all widths, and ``seed`` all that is random. With ``depths`` it is
      called ``build(width, seed, depth=depth)``.
    - ``widths``: at least four; six over a factor of 32 are good.
    - ``predict``: for each name the power of the width that its root mean square is predicted to
      have, ``{"logits": 0, "hidden": 0}``, judged after 1, ..., ``steps`` updates; for single
      steps ``{"logits": {0: -0.5, 4: 0}}``, where 0 is initialisation. With ``depths`` each power
      is a pair, of the width and of the depth. ``"change of hidden"`` is what ``hidden`` is away
      from its initialisation: a network whose features do not learn is told by it.
      A scale of order n^p implies that its change is of no larger order: where that is refuted, so
      is the check, and the row says why.
    - ``kind``: ``"exact"``, or ``"upper bound"`` for scales that may not grow faster.
    - ``margin``: exponents that far apart count as equal, above 0 and below 1/2; half the distance
      to a competitor at most. ``next_order``: of the correction, as in `RateClaim`. The default,
      order 1, is that of second moments of networks with Gaussian weights; ``"auto"`` admits
      orders 1/2 and 2, too.
    - ``seeds`` trained at first, and ``cap`` at most, at each size; ``seed`` is that of the run,
      ``budget`` the probability that any true prediction is refuted.

    Raises InputProblem for names that do not appear, activations that are NaN or infinite, and what
    cannot be checked; ClaimError, with size and seed, where ``build`` or ``step`` raises.
    """
    require_build(build)
    sizes = {"width": levels_of("widths", widths)}
    if depths is not None:
        sizes["depth"] = levels_of("depths", depths)
    if not is_whole(steps) or steps < 1 or not isinstance(predict, Mapping) or not predict:
        raise InputProblem(
            expected="at least one step, and predictions by name",
            received=f"steps={steps!r}, predict={predict!r}",
            remedy='Write, e.g., steps=4, predict={"logits": 0, "hidden": 0}.',
        )
    if kind not in ("exact", "upper bound") or not (is_number(margin) and 0 < margin < 0.5):
        raise InputProblem(
            expected='kind "exact" or "upper bound", and a margin above 0 and below 1/2',
            received=f"kind={kind!r}, margin={margin!r}",
            remedy="Leave them out, or take a margin of at most half the distance of two exponents "
            "that you want to tell apart.",
        )
    powers = {str(name): by_step_of(name, said, steps, sizes) for name, said in predict.items()}
    implied = implied_changes(powers)
    training = Training(build, (*powers, *implied), steps, frozenset(implied))
    options = {"kind": kind, "margin": margin, "next_order": next_order, "seeds": seeds, "cap": cap}
    claims = scale_claims(training, sizes, powers, **options)
    # what is implied can only refute, and asks for no more seeds
    bounds = scale_claims(
        training, sizes, implied, **options | {"kind": "upper bound", "cap": seeds}
    )
    known: dict[Task, Table] = {}
    measure = shared_measurer(training.experiment, known)

    def judged(claim: ScaleClaim) -> Result:
        share = budget / (len(claims) + len(bounds))
        return judge(claim, seed=seed, budget=share, measure=measure)

    def change(name: str, step: int) -> Result:
        said = {CHANGE + name: {step: powers[name][step]}}
        return judged(next(iter(scale_claims(training, sizes, said, **options).values())))

    asked = claims | bounds
    settled = settle([judged(claim) for claim in asked.values()], budget)
    results = dict(zip(asked, settled, strict=True))
    told = unhidden(told_of(results, implied), margin, scale_table(known), change)
    names = {name for name, _ in told}
    scales = tuple(row for row in scale_table(known) if row["name"] in names)
    return CoordinateCheck(told, scales, tuple(sizes))
