"""The limit of a layer as JAX source: drift, covariance and a factor of the noise.

One function for each formula, and three that put them together for a state of all statistics, one
after the other: ``drift``, ``covariance`` and ``noise_factor``, so that
``drift * dt + noise_factor @ dB`` is a step of the derived equation.
"""

from collections.abc import Sequence

import sympy as sp

from theory.algebra.definitions import define
from theory.codegen.function import Function
from theory.codegen.layers import HELPERS
from theory.codegen.module import generate
from theory.limits.limit import Limit

JOINT = {
    "drift": '''def drift({arguments}):
    """The drift of {watched}, flat, one after the other."""
    return jnp.concatenate([{drifts}])''',
    "covariance": '''def covariance({arguments}):
    """The covariance of {watched} per unit of time, a matrix in the order of ``drift``."""
    return jnp.block([
        {rows}
    ])''',
    "noise_factor": '''def noise_factor({arguments}):
    """The symmetric root of ``covariance``, a singular one too."""
    return root(covariance({arguments}))''',
}

EDGES = {  # rounding leaves the domain where two tokens agree; what is further outside is NaN
    "arccos": '''def arccos(x):
    """Of what rounding puts outside of [-1, 1], that of the end."""
    return jnp.arccos(jnp.where(jnp.abs(x) < 1 + 1e-9, jnp.clip(x, -1.0, 1.0), x))''',
    "arcsin": '''def arcsin(x):
    """Of what rounding puts outside of [-1, 1], that of the end."""
    return jnp.arcsin(jnp.where(jnp.abs(x) < 1 + 1e-9, jnp.clip(x, -1.0, 1.0), x))''',
    "sqrt": '''def sqrt(x):
    """Of what rounding puts below zero, zero."""
    return jnp.sqrt(jnp.where(jnp.abs(x) < 1e-12, jnp.maximum(x, 0.0), x))''',
}


def limit_source(limit: Limit, file: str) -> str:
    """JAX source of the limit of a layer; ``ValueError`` where it has none, or no code is known."""
    names = list(limit.layer.watch)
    if set(limit.drift) != set(names):
        raise ValueError(f"{limit.regime}: no drift of {', '.join(names)} is known")
    tables = [(f"drift_{s}", s, limit.drift[s]) for s in names]
    tables += [(f"covariance_{s}_{t}", (s, t), e) for (s, t), e in limit.covariance.items()]
    arguments = _arguments([e for *_, e in tables])
    functions = [_function(limit, name, key, e, arguments) for name, key, e in tables]
    taken = {*JOINT, *EDGES, "root", *(name for name, *_ in tables)} & set(map(str, arguments))
    if taken:
        raise ValueError(f"{', '.join(sorted(taken))} names a function of the module; rename it")
    title = f"{limit.layer.name}: the derived limit, {limit.regime}"
    source = generate("", title.replace('"', "'").replace("\\", "/"), functions, file)
    used = [name for name in EDGES if f"jnp.{name}(" in source]
    for name in used:
        source = source.replace(f"jnp.{name}(", f"{name}(")
    joint = ["drift", *(["covariance", "noise_factor"] if limit.covariance else [])]
    helpers = [EDGES[name] for name in used] + [HELPERS["root"]] * bool(limit.covariance)
    words = _words(names, arguments)
    parts = [*helpers, *(JOINT[name].format(**words) for name in joint)]
    return source.rstrip("\n") + "\n\n\n" + "\n\n\n".join(parts) + "\n"


def _arguments(formulas: Sequence[sp.Expr]) -> tuple[sp.Symbol | sp.IndexedBase, ...]:
    """Arrays, then numbers, by name; sizes that arrays have are none."""
    arrays = {x.base for e in formulas for x in e.atoms(sp.Indexed)}
    sizes = {s for x in arrays for d in x.shape for s in sp.sympify(d).free_symbols}
    labels = {x.label for x in arrays} | {i for e in formulas for i in e.atoms(sp.Idx)}
    numbers = {
        s
        for e in formulas
        for s in e.free_symbols
        if isinstance(s, sp.Symbol) and s not in sizes | labels
    }
    return (*sorted(arrays, key=str), *sorted(numbers, key=str))


def _function(
    limit: Limit, name: str, key: str | tuple[str, str], e: sp.Expr, arguments: tuple
) -> Function:
    words = key if isinstance(key, str) else " and ".join(key)
    what = "drift" if isinstance(key, str) else "covariance"
    per = "step" if limit.regime == "UNSTABLE" else "unit of time"
    return Function(
        define(name, limit.axes[key], e), arguments, f"The {what} of {words} per {per}.",
        f"Derived from the layer “{limit.layer.name}”.",
    )  # fmt: skip


def _words(names: Sequence[str], arguments: Sequence[sp.Basic]) -> dict[str, str]:
    listed = ", ".join(map(str, arguments))
    rows = [
        "[\n" + "".join(f"            {_block(s, t, listed)},\n" for t in names) + "        ],"
        for s in names
    ]
    return {
        "arguments": listed,
        "watched": ", ".join(names),
        "drifts": ", ".join(f"jnp.ravel(drift_{s}({listed}))" for s in names),
        "rows": "\n        ".join(rows),
    }


def _block(s: str, t: str, arguments: str) -> str:
    return f"covariance_{s}_{t}({arguments}).reshape(drift_{s}({arguments}).size, -1)"
