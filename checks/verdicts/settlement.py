"""One false-refutation budget for all the claims of a run."""

from collections.abc import Sequence
from dataclasses import replace

from .outcome import Result, Verdict
from .spending import holm
from .values import require_budget


def settle(results: Sequence[Result], budget: float = 1e-3) -> list[Result]:
    """The results of a run under one false-refutation budget, by Holm over its claims.

    Each claim's p-value already covers all its tests and looks. A claim refuted on its own
    stays so only when the run's budget allows it; claims that were judged with their
    share of the budget (budget / number of claims) can only gain.
    """
    require_budget(budget)
    if not isinstance(results, Sequence) or not all(isinstance(r, Result) for r in results):
        raise TypeError(
            f"expected a list of results, each of them what judge(claim) returns; received "
            f"{results!r:.200}"
        )
    settled = []
    decisions = holm([result.p_refute for result in results], budget)
    for result, (rejected, threshold) in zip(results, decisions, strict=True):
        verdict, because = result.verdict, result.because
        if rejected and verdict is not Verdict.REFUTED:
            verdict = Verdict.REFUTED
            because = f"p = {result.p_refute:.2g}, refuted within the run's budget"
        elif verdict is Verdict.REFUTED and not rejected:
            verdict = Verdict.INCONCLUSIVE
            because = f"not refuted within the run's budget (p = {result.p_refute:.2g}): {because}"
        spent = result.spent / result.budget * threshold
        settled.append(
            replace(result, verdict=verdict, because=because, budget=threshold, spent=spent)
        )
    return settled
