"""What the server of the workers imports before it is forked: everything that a claim needs."""

import gc
from importlib import import_module

from checks.suite.workers import SELDOM

gc.set_threshold(SELDOM)
import_module("checks.suite.targets")  # after the threshold, which makes it faster
