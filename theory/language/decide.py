"""Decide an equality for all values: by a fixed list of rewritings.

``simplify`` is not used: it is no decision procedure and may hang. Nor is ``doit``: integrals
and sums that SymPy evaluates may be wrong.
"""

import sympy as sp

from theory.calculus.indices import canonical, complemented
from theory.language.step import Status, Step

# Each maps expressions to equal ones and terminates.
REWRITINGS = (
    ("index notation", canonical),
    ("parts of ranges", complemented),
    ("expansion", sp.expand),
    ("common denominator", lambda e: sp.expand(sp.numer(sp.together(e)))),
    ("trigonometric expansion", lambda e: sp.expand(sp.expand_trig(e), trig=False)),
    ("radicals", lambda e: sp.radsimp(sp.expand(sp.powdenest(sp.expand(e), force=False)))),
)
NOT_FOR_IT = (AttributeError, NotImplementedError, TypeError, ValueError)  # of a rewriting


def rewriting(step: Step) -> tuple[Status | None, str]:
    """PROVED if a rewriting reduces the difference to zero, else undecided."""
    difference = step.left - step.right
    if difference == 0:
        return Status.PROVED, "identical"
    for name, rewrite in REWRITINGS:
        try:
            difference = rewrite(difference)
        except NOT_FOR_IT:  # a form that this rewriting does not know; the next one may
            continue
        if difference == 0:
            return Status.PROVED, name
    return None, "no rewriting decides"
