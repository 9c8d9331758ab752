"""What a user's file may not change for others: the process that runs it is as it was before.

A file of claims runs in the process that judges, and in workers that measure other claims, too. So
its working directory, random state, warnings and standard streams are put back, and one that sets
attributes of verilimit's own modules or classes, which would be another judge, is refused.
"""

import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem
from checks.suite.sources import HOUSE

STREAMS = ("stdin", "stdout", "stderr")
Attributes = dict[Any, dict[str, Any]]  # of a module or a class


@contextmanager
def apart(who: str) -> Iterator[None]:
    """Run what belongs to the file ``who``; raises `InputProblem` where it changes verilimit."""
    house, folder, errors = _house(), _folder(), np.geterr()
    drawn, drawn_by_numpy = random.getstate(), np.random.get_state()
    streams = {name: getattr(sys, name) for name in STREAMS}
    active: Any = warnings.filters  # a list, typed as what cannot be set
    filters, show = list(active), warnings.showwarning
    try:
        yield
    finally:
        warnings.showwarning = show
        if active != filters:  # else what was said once would be said again
            warnings.resetwarnings()
            active[:] = filters
        with suppress(OSError):  # it may be gone
            os.chdir(folder or "")
        np.seterr(**errors)
        random.setstate(drawn)
        np.random.set_state(drawn_by_numpy)
        for name, stream in streams.items():
            setattr(sys, name, stream)
        changed = _put_back(house)
    if changed:
        raise InputProblem(
            expected=f"{who} to leave verilimit as it is",
            received=f"a file that sets {', '.join(changed)}",
            remedy="Claims are what it may make; nothing was judged by other rules.",
        )


def _folder() -> str | None:
    with suppress(OSError):  # it may be gone
        return os.getcwd()
    return None


def _house() -> Attributes:
    """What verilimit's modules and classes hold now."""
    found: Attributes = {}
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] in HOUSE and not _is_loading(module):
            found[module] = dict(vars(module))
            for value in found[module].values():
                if isinstance(value, type) and value.__module__ == name:
                    found[value] = dict(vars(value))
    return found


def _is_loading(module: ModuleType) -> bool:
    """Whether another thread imports it just now: a worker of a cluster may have several."""
    return getattr(module.__spec__, "_initializing", False)


def _is_module(value: Any) -> bool:
    """A part of a package: one that is loaded when it is asked for may replace another object."""
    return isinstance(value, ModuleType)


def _put_back(house: Attributes) -> list[str]:
    """Undo what was set since; the names of it. Modules may come, and learn new names."""
    changed = []
    for owner, attributes in house.items():
        now = dict(vars(owner))
        if isinstance(owner, type):  # what it did not have, it has inherited
            new = [name for name in now.keys() - attributes.keys() if not name.startswith("__")]
            changed += [f"{owner.__qualname__}.{name}" for name in sorted(new)]
            for name in new:
                delattr(owner, name)
        for name, value in attributes.items():
            counts = name.startswith("_") and not callable(value)  # as `outside` does
            if now.get(name, house) is not value and not counts and not _is_module(value):
                changed.append(f"{getattr(owner, '__qualname__', owner.__name__)}.{name}")
                setattr(owner, name, value)
    return changed
