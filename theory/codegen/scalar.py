"""Pointwise SymPy expressions to one line of JAX: a table and a printer, strict."""

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.str import StrPrinter

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
    sp.tanh: "jnp.tanh",
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


class ScalarPrinter(StrPrinter):
    """Prints expressions in symbols, numbers and the functions of the table."""

    def __init__(self, culprit: str) -> None:
        """``culprit`` is the expression that an error names."""
        super().__init__()
        self.culprit = culprit

    def _print_Function(self, expr: sp.Expr) -> str:
        name = FUNCTIONS.get(expr.func)
        if name is None:
            known = ", ".join(sorted(f.__name__ for f in FUNCTIONS))
            raise NotImplementedError(
                f"no JAX function for {expr.func.__name__} in {self.culprit}; known are {known}. "
                f"Rewrite the expression or add a line to theory.codegen.scalar.FUNCTIONS"
            )
        return self._nested(name, [self._print(a) for a in expr.args])

    _print_Max = _print_Min = _print_Abs = _print_Function
    _print_atan2 = _print_sign = _print_loggamma = _print_Function

    def _nested(self, name: str, args: list[str]) -> str:
        """``f(a, b, c)``; binary functions of JAX are nested."""
        if name in ("jnp.maximum", "jnp.minimum") and len(args) > 2:
            return f"{name}({args[0]}, {self._nested(name, args[1:])})"
        return f"{name}({', '.join(args)})"

    def _print_log(self, expr: sp.Expr) -> str:
        """``log(1 + x)`` keeps its digits for small x."""
        argument = expr.args[0]
        if isinstance(argument, sp.Add) and sp.S.One in argument.args:
            return f"jnp.log1p({self._print(argument - 1)})"
        return f"jnp.log({self._print(argument)})"

    def _print_Add(self, expr: sp.Expr, order: object = None) -> str:
        """``exp(x) - 1`` keeps its digits for small x."""
        constant = sp.Add(*(a for a in expr.args if a.is_Number))
        for term in expr.args:
            weight, rest = term.as_coeff_Mul()
            if isinstance(rest, sp.exp) and constant == -weight:
                shifted = f"jnp.expm1({self._print(rest.args[0])})"
                others = sp.Add(*(a for a in expr.args if a != term and not a.is_Number))
                return self._print(weight * sp.Symbol(shifted) + others)
        return super()._print_Add(expr, order)

    def _print_Pow(self, expr: sp.Expr, rational: bool = False) -> str:
        base, power = expr.as_base_exp()
        if power == sp.Rational(1, 2):
            return f"jnp.sqrt({self._print(base)})"
        if power.is_Rational and power < 0:
            return f"1/{self.parenthesize(sp.Pow(base, -power, evaluate=False), PRECEDENCE['Pow'])}"
        if power.is_Rational and power.q == 2 and power.p > 2:
            whole = sp.Pow(base, power.p // 2, evaluate=False) if power.p > 3 else base
            whole = self.parenthesize(whole, PRECEDENCE["Mul"])
            return f"({whole}*jnp.sqrt({self._print(base)}))"
        exponent = self.parenthesize(power, PRECEDENCE["Pow"])
        return f"{self.parenthesize(base, PRECEDENCE['Pow'])}**{exponent}"

    def _print_Pi(self, expr: sp.Expr) -> str:
        return "jnp.pi"

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "jnp.e"

    def _print_EulerGamma(self, expr: sp.Expr) -> str:
        return "jnp.euler_gamma"

    def _print_Float(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    def _print_Integer(self, expr: sp.Expr) -> str:
        return str(int(expr))

    def _print_Symbol(self, expr: sp.Expr) -> str:
        return expr.name

    def emptyPrinter(self, expr: object) -> str:
        """Refuse what the table does not know."""
        raise NotImplementedError(
            f"cannot write {type(expr).__name__} ({expr}) as JAX, in {self.culprit}; use sums, "
            f"products, powers and the functions of theory.codegen.scalar.FUNCTIONS"
        )

    _print_Relational = _print_BooleanTrue = _print_Integral = _print_Derivative = emptyPrinter
    _print_Sum = _print_Product = _print_Limit = _print_Infinity = _print_NaN = emptyPrinter
    _print_ComplexInfinity = _print_NegativeInfinity = _print_ImaginaryUnit = emptyPrinter


def code(expression: sp.Expr, culprit: sp.Basic | str) -> str:
    """One line of JAX for a pointwise expression."""
    return ScalarPrinter(str(culprit)).doprint(expression)


def needs_parentheses(expression: sp.Expr) -> bool:
    """Whether ``.T`` or ``[...]`` may not simply be appended."""
    return precedence(expression) < PRECEDENCE["Atom"]
