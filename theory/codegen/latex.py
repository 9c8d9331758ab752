"""LaTeX of indexed expressions, as a paper would set them."""

import re

import sympy as sp
from sympy.printing.latex import LatexPrinter

from theory.algebra.given import given
from theory.algebra.scope import instantiate
from theory.algebra.symbols import label

_NAME = re.compile(r"([A-Za-z]|\\mathrm\{[a-z]+\}|\\[a-zA-Z]+)(_\{(\w{0,2}|\\[a-z]+)\})?'*")


class IndexedLatex(LatexPrinter):
    """Entries with superscripts, sums over whole ranges without their limits."""

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = "".join(f"{self._print(i)} " for i in expr.indices).strip()
        return f"{{{self._print(expr.base)}}}^{{{indices}}}"

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        """In SymPy's order, but ``1 - x y`` and not ``- x y + 1``: no sum begins with a minus."""
        terms = super()._as_ordered_terms(expr, order)
        first = next((k for k, t in enumerate(terms) if not t.as_coeff_Mul()[0].is_negative), 0)
        return [terms[first], *terms[:first], *terms[first + 1 :]]

    raised: tuple[type, ...] = (sp.Indexed,)  # what has superscripts already, or is a product

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        # TeX and MathML refuse a second superscript.
        if isinstance(expr.base, self.raised):
            base = rf"\left({self._print(expr.base)}\right)"
            return template % (base, self._print(expr.exp))
        return super()._helper_print_standard_power(expr, template)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        # A name of several letters is a word, not a product of letters.
        text = super()._print_Symbol(expr, style)
        return rf"\mathrm{{{text}}}" if text.isalpha() and len(text) > 1 else text

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return self._print(expr.label)

    def _print_Idx(self, expr: sp.Idx) -> str:
        return self._print(expr.label)

    def _print_Sum(self, expr: sp.Sum) -> str:
        body = self._print(expr.function)
        if isinstance(expr.function, sp.Add):
            body = rf"\left({body}\right)"
        whole = [i for i, *ends in expr.limits if _is_whole(i, ends)]
        sums = [rf"\sum_{{{','.join(map(self._print, whole))}}}"] if whole else []
        # A part of a range may end at the index of another sum, which has to stand before it.
        for limit in reversed(expr.limits):
            if limit[0] not in whole:
                index, low, high = map(self._print, limit)
                sums.append(rf"\sum_{{{index}={low}}}^{{{high}}}")
        return " ".join([*sums, body])


def _is_whole(index: sp.Basic, ends: list[sp.Expr]) -> bool:
    return isinstance(index, sp.Idx) and ends == [index.lower, index.upper]


def latex(expression: sp.Basic, by: type[IndexedLatex] = IndexedLatex) -> str:
    """LaTeX of an expression, an equation or a rate; equal coefficients stand before brackets."""
    printer = by({"inv_trig_style": "full"})
    expression = _with_letters(given(expression, "latex"))
    if not (isinstance(expression, sp.Add) and expression.has(sp.Sum)):
        return printer.doprint(expression)
    brackets: dict[sp.Expr, list[sp.Expr]] = {}
    for term in expression.as_ordered_terms():
        weight, value = term.as_independent(sp.Sum, sp.Indexed, as_Add=False)
        sign = -1 if weight.could_extract_minus_sign() else 1
        brackets.setdefault(sign * weight, []).append(sign * value)
    parts = []
    for weight, values in brackets.items():
        body = sp.Add(*values)
        minus = weight != 1 and len(values) == 1 and body.as_coeff_Mul()[0] < 0
        part = printer.doprint(-body if minus else body)
        if weight != 1 and body.is_Add:
            part = rf"\left({part}\right)"
        if weight != 1 and body == 1:
            part = printer.doprint(weight)
        elif weight != 1:
            factor = printer.doprint(weight)
            part = rf"\left({factor}\right) {part}" if weight.is_Add else f"{factor} {part}"
        parts.append((" - " if minus else " + ") + part)
    positive = (k for k, part in enumerate(parts) if not part.startswith((" - ", " + -")))
    parts.insert(0, parts.pop(next(positive, 0)))
    return "".join(parts).removeprefix(" + ").removeprefix(" ")


def prints_its_code_name(symbol: sp.Basic) -> bool:
    r"""Whether what is printed is a name for code, as ``kernel_{at one}``, not mathematics.

    Mathematics is a letter or a word, with an index of at most two letters; or declared LaTeX.
    """
    declared = getattr(label(symbol), "latex", "")
    return not declared and not _NAME.fullmatch(latex(symbol))


def _with_letters(expression: sp.Basic) -> sp.Basic:
    """Fresh summation indices such as ``_2392`` get the first letters that are free."""
    found = {str(i.label): i for i in expression.atoms(sp.Idx)}
    fresh = sorted((name for name in found if name.startswith("_")), key=lambda n: (len(n), n))
    taken = {str(s) for s in expression.free_symbols} | set(found)
    letters = [c for c in "ijklpqrstuvwxyz" if c not in taken]
    mapping = {
        found[name]: sp.Idx(letter, (found[name].lower, found[name].upper))
        for name, letter in zip(fresh, letters, strict=False)
    }
    return instantiate(expression, mapping) if mapping else expression
