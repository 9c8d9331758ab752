"""What the author of a layer expects, as a claim against what is derived."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from checks.layers.planted import FAR, WRONG, Term, closest, constant, short
from checks.verdicts import IdentityClaim, Mutant
from theory.limits import Limit
from theory.limits.limit import distance
from theory.limits.numbers import evaluate


def expectation_claims(slug: str, limit: Limit) -> list[IdentityClaim]:
    """One claim for the regime, one for each stated drift or covariance."""
    found = []
    for key, value in limit.layer.expect.items():
        if key == "regime":
            wrong = value != limit.regime
            words = f"The regime that is derived (nothing is measured here) is {value}."
            if wrong:
                words += f" Derived is {limit.regime}: {'; '.join(limit.words)}."
            why = f"derived is {limit.regime}, stated is {value}" if wrong else ""
            found.append(_claim(f"{slug}/expected-regime", words, FAR * wrong, why))
            continue
        for what, stated in value.items():
            found.append(_stated(slug, limit, key, what, np.asarray(stated, float)))
    return found


def _stated(slug: str, limit: Limit, key: str, what: str, stated: np.ndarray) -> IdentityClaim:
    name = f"{slug}/expected-{what}-{key}"
    words = f"The {what} of {key} that is derived is {stated.tolist()} at the given point."
    try:
        derived = limit.evaluate(what, key)
    except ValueError as why:
        return _claim(name, f"{words} {why}", FAR, f"no number is derived: {why}")
    if derived.shape != stated.shape:
        why = f"derived has shape {derived.shape}, stated has {stated.shape}"
        return _claim(name, f"{words} Derived has shape {derived.shape}.", FAR, why)
    terms, why = _terms(limit, what, key), ""
    if distance(derived, stated) > 1:
        nearest = closest(terms, derived, stated)
        why = f"derived is {np.round(derived, 7).tolist()}"
        why += f"; stated is {nearest}" * bool(nearest)
        words += f" {why[0].upper()}{why[1:]}."
    mutants = []
    for k, term in enumerate(terms, start=1):
        for wrong in ("dropped", "doubled"):
            residual = distance(derived + WRONG[wrong] * term.value, stated)
            if residual > 10:
                description = f"the term {short(term.text)} {wrong}"
                mutants.append(
                    Mutant(f"term-{k}-{wrong}", description, {"residual": constant(residual)})
                )
    return _claim(name, words, distance(derived, stated), why, mutants[:8])


def _reason(why: str, residual: float) -> str:
    """What a claim of the author turns on."""
    if residual <= 1:
        return "what is stated is what is derived"
    return why or f"what is stated is off by {residual:.3g} roundings of its digits"


def _terms(limit: Limit, what: str, key: str) -> list[Term]:
    """Terms of the derived expression at the point of the layer."""
    table: Mapping[Any, sp.Expr] = limit.drift if what == "drift" else limit.covariance
    if what == "fluctuation" and limit.fluctuation is not None:
        table = limit.fluctuation.covariance
    place = key if what == "drift" else (key, key)
    values = limit.values()
    return [
        Term(str(part), evaluate(part, limit.axes[place], values))
        for part in table[place].expand().as_ordered_terms()
    ]


def _claim(
    name: str, words: str, residual: float, why: str, mutants: Sequence[Mutant] = ()
) -> IdentityClaim:
    return IdentityClaim(
        id=name, statement=words, residual=constant(residual), tolerance=1.0, seeds=1, cap=1,
        mutants=mutants, reason=partial(_reason, why),
    )  # fmt: skip
