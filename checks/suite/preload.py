"""What the server of the workers imports before it is forked: everything that a claim needs."""

import gc
import os
from importlib import import_module

from checks.suite.workers import SAFE_PATH, SELDOM

if os.environ.get(SAFE_PATH[0]) == SAFE_PATH[1]:  # it is for the server, not for what it starts
    del os.environ[SAFE_PATH[0]]
gc.set_threshold(SELDOM)
import_module("checks.suite.targets")  # after the threshold, which makes it faster
