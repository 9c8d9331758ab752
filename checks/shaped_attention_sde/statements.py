"""What the room's claims share: names, the width, laws on the right of a claim."""

from typing import Any

import sympy as sp

from checks.verdicts import Column, Experiment, Statements

n = sp.Symbol("n", positive=True)
state = Statements("shaped_attention_sde")


def experiment(name: str, simulate: Any, **more: Any) -> Experiment:
    """What a claim and its planted errors ask about."""
    return Experiment(state.name(name), simulate, **more)


def right(claim: str, name: str, simulate: Any, **options: Any) -> Column:
    """The law on the right of a claim, or a wrong one, with keys of its own."""
    run = experiment(
        f"{claim}/{name}", simulate, draw=state.name(claim), side="right", options=options
    )
    return run["law"]
