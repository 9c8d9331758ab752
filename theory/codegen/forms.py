"""Functions that keep their digits at every float: what they are, and how JAX computes them.

JAX's own ``expm1``, ``tanh`` and ``sigmoid`` have right values, but their derivatives are written
in terms of the value, ``1 - tanh(x)**2``, which is zero where the function saturates. A helper is
such a function with its derivative written so that nothing cancels and nothing overflows; a
generated module defines the helpers that it calls.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sympy as sp

from theory.calculus.indices import NonNegative, free_indices


@dataclass(frozen=True)
class Form:
    """A function by its textbook formula, and the name that computes it."""

    formula: Callable[..., sp.Expr]
    name: str


def _function(name: str) -> type[sp.Expr]:
    return sp.Function(name, real=True)


(
    expm1, log1p, sigmoid, softplus, logaddexp, log_cosh, log1mexp, exp_difference, bose, sech,
    csch, power_log, xlog1px, power_minus_one, erfc, log_erfc, log_half_erfc, logsumexp,
) = map(
    _function,
    (
        "expm1", "log1p", "sigmoid", "softplus", "logaddexp", "log_cosh", "log1mexp",
        "exp_difference", "bose", "sech", "csch", "power_log", "xlog1px", "power_minus_one",
        "erfc",  # SymPy writes erfc(-x) as 2 - erfc(x), which is zero in the tail
        "log_erfc", "log_half_erfc",
        "logsumexp",  # of a sum of exponentials; SymPy turns exp(-log(sum)) into 1/sum
    ),
)  # fmt: skip

FORMS: dict[type[sp.Expr], Form] = {
    expm1: Form(lambda u: sp.exp(u) - 1, "_expm1"),
    log1p: Form(lambda u: sp.log(1 + u), "jnp.log1p"),
    sigmoid: Form(lambda u: 1 / (1 + sp.exp(-u)), "_sigmoid"),
    softplus: Form(lambda u: sp.log(1 + sp.exp(u)), "jax.nn.softplus"),
    logaddexp: Form(lambda u, v: sp.log(sp.exp(u) + sp.exp(v)), "jnp.logaddexp"),
    sp.tanh: Form(sp.tanh, "_tanh"),
    log_cosh: Form(lambda u: sp.log(sp.cosh(u)), "_log_cosh"),
    log1mexp: Form(lambda u: sp.log(1 - sp.exp(u)), "_log1mexp"),
    exp_difference: Form(lambda u, v: sp.exp(u) - sp.exp(v), "_exp_difference"),
    bose: Form(lambda u: 1 / (sp.exp(u) - 1), "_bose"),
    sech: Form(lambda u: 1 / sp.cosh(u), "_sech"),
    csch: Form(lambda u: 1 / sp.sinh(u), "_csch"),
    power_log: Form(lambda u, n: u**n * sp.log(u), "_power_log"),
    xlog1px: Form(lambda u: (1 + u) * sp.log(1 + u), "_xlog1px"),
    power_minus_one: Form(lambda u, p: (1 + u) ** p - 1, "_power_minus_one"),
    erfc: Form(sp.erfc, "jsp.erfc"),
    log_erfc: Form(lambda u: sp.log(sp.erfc(u)), "_log_erfc"),
    log_half_erfc: Form(lambda u: sp.log(sp.erfc(u) / 2), "_log_half_erfc"),
    logsumexp: Form(sp.log, "jnp.log"),
}

# name -> how the value is computed, and the derivative in each argument: g is the change of the
# argument, y the value.
_SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "_expm1(x)": ("jnp.expm1(x)", ("g * jnp.exp(x)",)),
    "_sigmoid(x)": ("jax.nn.sigmoid(x)", ("g * y * _sigmoid(-x)",)),
    "_tanh(x)": ("jnp.tanh(x)", ("g * _sech(x) ** 2",)),
    "_log_cosh(x)": (
        "jnp.where(\n"
        "        jnp.abs(x) < 1,\n"
        "        jnp.log1p(2 * jnp.sinh(x / 2) ** 2),\n"
        "        jnp.abs(x) + jnp.log1p(jnp.exp(-2 * jnp.abs(x))) - jnp.log(2),\n"
        "    )",
        ("g * _tanh(x)",),
    ),
    "_log1mexp(x)": (
        "jnp.where(\n        x > -1.5, jnp.log(-jnp.expm1(x)), jnp.log1p(-jnp.exp(x))\n    )",
        ("-g * _bose(-x)",),
    ),
    "_exp_difference(x, w)": (
        "-jnp.sign(x - w) * jnp.exp(jnp.maximum(x, w)) * jnp.expm1(-jnp.abs(x - w))",
        (
            "jnp.broadcast_to(g * jnp.exp(x), y.shape)",
            "jnp.broadcast_to(-g * jnp.exp(w), y.shape)",
        ),
    ),
    "_bose(x)": ("1 / jnp.expm1(x)", ("g * y * _bose(-x)",)),
    "_sech(x)": ("1 / jnp.cosh(x)", ("-g * y * _tanh(x)",)),
    "_csch(x)": ("1 / jnp.sinh(x)", ("-g * y / _tanh(x)",)),
    "_power_log(x, n)": (
        "jsp.xlogy(x**n, x)",
        ("g * (n * _power_log(x, n - 1) + x ** (n - 1))", "None"),
    ),
    "_power_minus_one(x, p)": (
        "jnp.where(\n"
        "        jnp.abs(p * jnp.log1p(x)) < 0.5,\n"
        "        jnp.expm1(p * jnp.log1p(x)),\n"
        "        (1 + x) ** p - 1,\n"
        "    )",
        ("g * p * (1 + x) ** (p - 1)", "None"),
    ),
    "_log_half_erfc(x)": (
        "jnp.where(\n"
        "        x < 0,\n"
        "        jnp.log1p(-jsp.erfc(-x) / 2),\n"
        "        jnp.where(x < 25, jnp.log(jsp.erfc(x) / 2), _log_erfc_tail(x) - jnp.log(2)),\n"
        "    )",
        ("g * _log_erfc_slope(x)",),
    ),
    "_log_erfc(x)": (
        "jnp.where(\n"
        "        x < 1,\n"
        "        jnp.log1p(-jsp.erf(x)),\n"
        "        jnp.where(x < 25, jnp.log(jsp.erfc(x)), _log_erfc_tail(x)),\n"
        "    )",
        ("g * _log_erfc_slope(x)",),
    ),
    "_xlog1px(x)": ("jsp.xlog1py(1 + x, x)", ("g * (jnp.log1p(x) + 1)",)),
}


def _lambda(arguments: str, slope: str) -> str:
    return slope if slope == "None" else f"lambda g, y, {arguments}: {slope}"


def _source(call: str) -> str:
    value, slopes = _SOURCES[call]
    name, arguments = call.removesuffix(")").split("(")
    derivatives = ", ".join(_lambda(arguments, slope) for slope in slopes)
    if len(slopes) > 1:
        listed = "".join(f"    {_lambda(arguments, slope)},\n" for slope in slopes)
        derivatives = f"\n{listed}"
    annotated = ", ".join(f'{a}: Num[Array, "..."] | float' for a in arguments.split(", "))
    return (
        f"@jax.custom_jvp\ndef {name}({annotated}) -> Array:\n    return {value}\n\n\n"
        f"{name}.defjvps({derivatives})"
    )


HELPERS = {call.split("(")[0]: _source(call) for call in _SOURCES} | {
    "_erfc_series": """\
def _erfc_series(x: Num[Array, "..."] | float) -> Array:
    \"\"\"sqrt(pi) x exp(x^2) erfc(x) for x >= 25, to rounding.\"\"\"
    v = 1 / (2 * jnp.maximum(x, 25) ** 2)
    return 1 - v * (1 - 3 * v * (1 - 5 * v * (1 - 7 * v * (1 - 9 * v * (1 - 11 * v)))))""",
    "_log_erfc_tail": """\
def _log_erfc_tail(x: Num[Array, "..."] | float) -> Array:
    return -(x**2) - jnp.log(jnp.sqrt(jnp.pi) * jnp.maximum(x, 25)) + jnp.log(_erfc_series(x))""",
    "_log_erfc_slope": """\
def _log_erfc_slope(x: Num[Array, "..."] | float) -> Array:
    near = jnp.minimum(x, 25)
    below = -2 * jnp.exp(-(near**2)) / (jnp.sqrt(jnp.pi) * jsp.erfc(near))
    return jnp.where(x < 25, below, -2 * x / _erfc_series(x))""",
}


def helpers(text: str) -> dict[str, str]:
    """The sources of the helpers that a text calls, directly or through another helper."""
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        called = set(re.findall(r"\b_[a-z0-9_]+(?=\()", waiting.pop()))
        for name in (n for n in HELPERS if n in called and n not in found):
            found[name] = HELPERS[name]
            waiting.append(HELPERS[name])
    return {name: HELPERS[name] for name in HELPERS if name in found}


def plain(expression: sp.Basic) -> sp.Basic:
    """The expression with every form replaced by its textbook formula."""
    if not expression.args:
        return expression
    arguments = [plain(a) for a in expression.args]
    form = FORMS.get(expression.func)
    return form.formula(*arguments) if form else expression.func(*arguments)


def entries(expression: sp.Basic) -> tuple[sp.Expr, ...]:
    """The entries of arrays, and the sums, of which an expression is a function, outermost only."""
    if isinstance(expression, sp.Indexed | sp.Sum):
        return (expression,)
    found = (e for a in expression.args for e in entries(a))
    return tuple(dict.fromkeys(found))


def exponent_and_weight(factors: Iterable[sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
    """``a, w`` of a product ``w exp(a)``."""
    factors = tuple(factors)
    exponents = [f.args[0] for f in factors if isinstance(f, sp.exp)]
    return sp.Add(*exponents), sp.Mul(*(f for f in factors if not isinstance(f, sp.exp)))


def is_sum_of_exponentials(expression: sp.Basic) -> bool:
    """A sum of which each term is an exponential times a positive weight, or an indicator."""
    if not isinstance(expression, sp.Sum):
        return False
    exponent, weight = exponent_and_weight(sp.Mul.make_args(expression.function))
    positive = all(isinstance(w, NonNegative) or w.is_positive for w in sp.Mul.make_args(weight))
    inside = free_indices(weight) | free_indices(exponent)
    summed = {i for i, *_ in expression.limits}
    indexed = all(isinstance(i, sp.Idx) for i in summed)
    return indexed and positive and exponent != 0 and inside >= summed
