"""What the server of the workers imports before it is forked: everything that a claim needs."""

import gc

from checks.suite.workers import SELDOM

gc.set_threshold(SELDOM)

import checks.suite.targets  # noqa: E402, F401  (after the threshold, which makes it faster)
