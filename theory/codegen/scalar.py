"""Pointwise SymPy expressions to one line of JAX: a table and a printer, strict."""

import math

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.str import StrPrinter

from theory.codegen.forms import FORMS

# SymPy class -> JAX function. A function that is not here is an error, never a guess.
FUNCTIONS: dict[type[sp.Basic], str] = {
    sp.exp: "jnp.exp",
    sp.log: "jnp.log",
    sp.sin: "jnp.sin",
    sp.cos: "jnp.cos",
    sp.tan: "jnp.tan",
    sp.asin: "jnp.arcsin",
    sp.acos: "jnp.arccos",
    sp.atan: "jnp.arctan",
    sp.atan2: "jnp.arctan2",
    sp.sinh: "jnp.sinh",
    sp.cosh: "jnp.cosh",
    sp.asinh: "jnp.arcsinh",
    sp.atanh: "jnp.arctanh",
    sp.Abs: "jnp.abs",
    sp.sign: "jnp.sign",
    sp.floor: "jnp.floor",
    sp.ceiling: "jnp.ceil",
    sp.Max: "jnp.maximum",
    sp.Min: "jnp.minimum",
    sp.erf: "jsp.erf",
    sp.erfc: "jsp.erfc",
    sp.erfinv: "jsp.erfinv",
    sp.loggamma: "jsp.gammaln",
    sp.digamma: "jsp.digamma",
}
assert len(set(FUNCTIONS.values())) == len(FUNCTIONS), "two SymPy functions share a JAX name"
FUNCTIONS |= {function: form.name for function, form in FORMS.items()}


# What is printed besides these functions. All else is an error: the printer inherits methods for
# objects that JAX does not have.
ALLOWED = (
    sp.Add, sp.Mul, sp.Pow, sp.Symbol, sp.Integer, sp.Rational, sp.Float, sp.NumberSymbol,
)  # fmt: skip
LARGEST_INTEGER = 2**31  # from here on integers are written as floats: JAX has no larger ones


class ScalarPrinter(StrPrinter):
    """Prints expressions in symbols, numbers and the functions of the table."""

    def __init__(self, culprit: str) -> None:
        """``culprit`` is the expression that an error names."""
        super().__init__()
        self.culprit = culprit

    def _print(self, expr: sp.Basic, **kwargs: object) -> str:
        if isinstance(expr, sp.Basic) and expr.func in FUNCTIONS:
            return self._function(FUNCTIONS[expr.func], [self._print(a) for a in expr.args])
        if not isinstance(expr, ALLOWED):
            raise NotImplementedError(self._refusal(expr))
        return super()._print(expr, **kwargs)

    def _refusal(self, expr: object) -> str:
        known = ", ".join(sorted(f.__name__ for f in FUNCTIONS))
        name = getattr(expr, "func", type(expr)).__name__
        if isinstance(expr, sp.Function):
            return (
                f"no JAX function for {name} in {self.culprit}; known are {known}. "
                f"Rewrite the expression or add a line to theory.codegen.scalar.FUNCTIONS"
            )
        return (
            f"cannot write {name} ({expr}) as JAX, in {self.culprit}; use real numbers, sums, "
            f"products, powers and the functions {known}"
        )

    def _function(self, name: str, args: list[str]) -> str:
        """``f(a, b, c)``; binary functions of JAX are nested."""
        if name in ("jnp.maximum", "jnp.minimum") and len(args) > 2:
            return f"{name}({args[0]}, {self._function(name, args[1:])})"
        return f"{name}({', '.join(args)})"

    def _print_Mul(self, expr: sp.Expr) -> str:
        """A coefficient that does not fit into integers becomes a float."""
        weight, rest = expr.as_coeff_Mul()
        if weight.is_Rational and max(abs(weight.p), weight.q) >= LARGEST_INTEGER:
            factor = self.parenthesize(rest, PRECEDENCE["Mul"])
            return f"{self._float(weight)}*{factor}"
        return super()._print_Mul(expr)

    def _print_Pow(self, expr: sp.Expr, rational: bool = False) -> str:
        base, power = expr.as_base_exp()
        if power == sp.S.Half:
            return f"jnp.sqrt({self._print(base)})"
        if power == -sp.S.Half:
            return f"1/jnp.sqrt({self._print(base)})"
        bracketed = self.parenthesize(base, PRECEDENCE["Pow"])
        if power == -1:
            return f"1/{bracketed}"
        if power == 1:
            return bracketed
        return f"{bracketed}**{self.parenthesize(power, PRECEDENCE['Pow'])}"

    def _print_Pi(self, expr: sp.Expr) -> str:
        return "jnp.pi"

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "jnp.e"

    def _print_EulerGamma(self, expr: sp.Expr) -> str:
        return "jnp.euler_gamma"

    def _print_NumberSymbol(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    _print_GoldenRatio = _print_Catalan = _print_TribonacciConstant = _print_NumberSymbol

    def _print_Float(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    def _print_Integer(self, expr: sp.Expr) -> str:
        return str(int(expr)) if abs(expr) < LARGEST_INTEGER else self._float(expr)

    def _print_Rational(self, expr: sp.Expr) -> str:
        fits = max(abs(expr.p), expr.q) < LARGEST_INTEGER
        return f"{expr.p}/{expr.q}" if fits else self._float(expr)

    def _float(self, number: sp.Expr) -> str:
        """The nearest float, if the number has one that is neither zero nor infinite."""
        try:
            value = number.p / number.q
        except OverflowError:
            value = math.inf
        if not (math.isfinite(value) and value):
            raise NotImplementedError(f"no float is near the number {number} in {self.culprit}")
        return repr(value)

    def _print_Symbol(self, expr: sp.Expr) -> str:
        return expr.name

    def emptyPrinter(self, expr: object) -> str:
        """Refuse what the table does not know."""
        raise NotImplementedError(self._refusal(expr))


def code(expression: sp.Expr, culprit: sp.Basic | str) -> str:
    """One line of JAX for a pointwise expression."""
    return ScalarPrinter(str(culprit)).doprint(expression)


def needs_parentheses(expression: sp.Expr) -> bool:
    """Whether ``.T`` or ``[...]`` may not simply be appended."""
    return precedence(expression) < PRECEDENCE["Atom"]
