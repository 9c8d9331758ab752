"""Hypothesis strategies for the objects of this field, in one place to import from.

``from verilimit import strategies as vs``; then ``vs.tokens(4, 3)`` draws four tokens in
R^3. Each function says which kinds it knows; ``docs/probes.md`` lists them all.
"""

from checks.properties.instances import (
    covariances as covariances,
)
from checks.properties.instances import (
    numbers as numbers,
)
from checks.properties.instances import (
    rotations as rotations,
)
from checks.properties.instances import (
    tokens as tokens,
)
from checks.properties.instances import (
    vectors as vectors,
)
from checks.properties.instances import (
    weights as weights,
)
from checks.properties.series import (
    Library as Library,
)
from checks.properties.series import (
    Piecewise as Piecewise,
)
from checks.properties.series import (
    activations as activations,
)
from checks.properties.series import (
    histories as histories,
)
from checks.properties.series import (
    logits as logits,
)
from checks.properties.series import (
    masks as masks,
)
from checks.properties.series import (
    sizes as sizes,
)

PUBLIC = (
    "activations", "covariances", "histories", "logits", "masks", "numbers", "rotations", "sizes",
    "tokens", "vectors", "weights",
)  # fmt: skip
