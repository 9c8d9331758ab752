"""LaTeX of indexed expressions, as a paper would set them."""

import sympy as sp
from sympy.printing.latex import LatexPrinter


class IndexedLatex(LatexPrinter):
    """Entries with superscripts, sums without their limits."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = "".join(f"{self._print(i)} " for i in expr.indices).strip()
        return f"{{{self._print(expr.base)}}}^{{{indices}}}"

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return self._print(expr.label)

    def _print_Idx(self, expr: sp.Idx) -> str:
        return self._print(expr.label)

    def _print_Sum(self, expr: sp.Sum) -> str:
        over = ",".join(self._print(limit[0]) for limit in expr.limits)
        body = self._print(expr.function)
        if isinstance(expr.function, sp.Add):
            body = rf"\left({body}\right)"
        return rf"\sum_{{{over}}} {body}"


def latex(expression: sp.Basic) -> str:
    """LaTeX of an expression, an equation or a rate; equal coefficients stand before brackets."""
    printer = IndexedLatex({"inv_trig_style": "full"})
    if not (isinstance(expression, sp.Add) and expression.has(sp.Sum)):
        return printer.doprint(expression)
    brackets: dict[sp.Expr, list[sp.Expr]] = {}
    for term in expression.as_ordered_terms():
        weight, value = term.as_independent(sp.Sum, sp.Indexed, as_Add=False)
        sign = -1 if weight.could_extract_minus_sign() else 1
        brackets.setdefault(sign * weight, []).append(sign * value)
    parts = []
    for weight, values in brackets.items():
        body = printer.doprint(sp.Add(*values))
        if len(values) > 1 and weight != 1:
            body = rf"\left({body}\right)"
        parts.append(body if weight == 1 else f"{printer.doprint(weight)} {body}")
    return " + ".join(parts)
