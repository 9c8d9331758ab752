"""Studies made to mislead the judge: where a rule leans on what the data need not have.

Right claims may stay undecided; they may be refuted as seldom as the budget says, and wrong ones
supported as seldom as the judge promises.
"""

from .hostile_forms import LIMITS, QUANTILES
from .hostile_means import CONTRASTS, LAWS, MEANS, TRENDS
from .hostile_places import PLACES
from .hostile_rates import BLOWN_UP, FIRST, FLOORS, NEXT_ORDER, NOT_COVERED, QUADRATURE, SUMS
from .study import Hostile as Hostile

HOSTILE = (
    *FIRST, *BLOWN_UP, *NEXT_ORDER, *FLOORS, *SUMS, *QUADRATURE, *MEANS, *CONTRASTS, *TRENDS,
    *LAWS, *LIMITS, *QUANTILES, *PLACES, *NOT_COVERED,
)  # fmt: skip
