r"""How a formula is shown: in matrix notation where it has that form, in indices beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from sympy.matrices.expressions import DiagonalOf, MatAdd, MatMul, OneMatrix
from sympy.matrices.expressions.matexpr import MatrixElement

from theory.algebra.scope import free_indices
from theory.codegen.latex import IndexedLatex, latex
from theory.codegen.letters import lettered
from theory.codegen.matrices import DOT, Inner, Part, Value, matrix_entries, matrix_form

LONGER = 1.3  # times the index form: so long a matrix form is no help


class MatrixLatex(IndexedLatex):
    r"""Matrices without indices: ``V A^\top``, ``\operatorname{tr}``, ``\odot``."""

    raised = (sp.Indexed, Inner, MatrixElement)

    def _print_Part(self, expr: Part) -> str:
        indices = list(expr.entry.indices)
        while indices and indices[-1] == DOT:
            indices.pop()
        name = self._print(expr.entry.base)
        marks = " ".join(r"\cdot" if i == DOT else self._print(i) for i in indices)
        return f"{{{name}}}^{{{marks}}}" if marks else name

    def _print_MatMul(self, expr: MatMul) -> str:
        weight, matrices = expr.as_coeff_matrices()
        parts = [
            self._bracketed(m, MatAdd, sp.matrices.expressions.HadamardProduct) for m in matrices
        ]
        sign, weight = ("- ", -weight) if weight.could_extract_minus_sign() else ("", weight)
        if weight != 1:
            parts.insert(0, self._bracketed(weight, sp.Add))
        return sign + " ".join(parts)

    def _print_MatAdd(self, expr: MatAdd) -> str:
        text = ""
        for term in sorted(map(self._print, expr.args), key=lambda t: t.startswith("- ")):
            text += f" - {term[2:]}" if term.startswith("- ") else f" + {term}"
        return text.removeprefix(" + ").removeprefix(" ")

    def _print_HadamardProduct(self, expr: sp.Basic) -> str:
        return r" \odot ".join(self._bracketed(f, MatAdd, MatMul) for f in expr.args)

    def _print_HadamardPower(self, expr: sp.Basic) -> str:
        base, power = expr.args
        return rf"{self._base(base)}^{{\odot {self._print(power)}}}"

    def _print_Transpose(self, expr: sp.Basic) -> str:
        return rf"{self._base(expr.args[0])}^{{\top}}"

    def _print_DiagMatrix(self, expr: sp.Basic) -> str:
        return rf"\operatorname{{diag}}\left({self._print(expr.args[0])}\right)"

    _print_DiagonalOf = _print_DiagMatrix

    def _print_Trace(self, expr: sp.Basic) -> str:
        return rf"\operatorname{{tr}}\left({self._print(expr.args[0])}\right)"

    def _print_Inner(self, expr: sp.Basic) -> str:
        left, right = expr.args
        if isinstance(left, OneMatrix):
            return rf"\mathbf{{1}}^{{\top}} {self._bracketed(right, MatAdd)}"
        return rf"\left\langle {self._print(left)}, {self._print(right)} \right\rangle"

    def _print_OneMatrix(self, expr: OneMatrix) -> str:
        return r"\mathbf{1}"

    def _print_Identity(self, expr: sp.Basic) -> str:
        return r"\mathbf{I}"

    def _print_MatrixElement(self, expr: sp.Basic) -> str:
        matrix, row, column = expr.args
        if isinstance(matrix, DiagonalOf):
            matrix, column = matrix.args[0], row
        places = [row] if matrix.shape[1] == 1 else [row, column]
        if isinstance(matrix, Part) and list(matrix.entry.indices) == [DOT] * len(places):
            return self._print(sp.Indexed(matrix.entry.base, *places))
        marks = " ".join(map(self._print, places))
        return rf"\left({self._print(matrix)}\right)^{{{marks}}}"

    def _bracketed(self, expr: sp.Basic, *loose: type) -> str:
        text = self._print(expr)
        return rf"\left({text}\right)" if isinstance(expr, loose) else text

    def _base(self, expr: sp.Basic) -> str:
        """Of a power: in brackets unless it is a letter."""
        text = self._print(expr)
        return (
            f"{{{text}}}" if "^" not in text and isinstance(expr, Part) else rf"\left({text}\right)"
        )


@dataclass(frozen=True)
class Shown:
    """An equality in LaTeX: left and right side as they are read first, and in indices.

    ``matrices`` says whether the first differs from the second.
    """

    left: str
    right: str
    index_left: str
    index_right: str

    @property
    def matrices(self) -> bool:
        """Whether there is a matrix notation of its own."""
        return (self.left, self.right) != (self.index_left, self.index_right)


def shown(left: sp.Expr, right: sp.Expr) -> Shown:
    """Both sides as matrices or with entries of products, whichever is shorter.

    The index form is kept without a sum, when nothing is contracted, and where it is much shorter.
    """
    left, right = lettered(left, right)
    index = tuple(latex(side).replace(" + - ", " - ") for side in (left, right))
    if not (left.has(sp.Sum) or right.has(sp.Sum)):
        return Shown(*index, *index)
    axes = tuple(sorted(free_indices(left) | free_indices(right), key=str))
    entries = [matrix_entries(side) for side in (left, right)]
    forms: list[list[Value | None]] = [[*entries]]
    if 0 < len(axes) <= 2:
        forms.insert(0, [matrix_form(side, axes) for side in (left, right)])
    written = [
        [latex(side, MatrixLatex) for side in form if side is not None]
        for form in forms
        if None not in form
    ]
    first, second = (text.replace(" + - ", " - ") for text in min(written, key=_length))
    longer = _length((first, second)) > LONGER * _length(index)
    return Shown(*index, *index) if longer else Shown(first, second, *index)


def _length(sides: Sequence[str]) -> int:
    """How long formulas look: signs of LaTeX that print nothing do not count."""
    source = "".join(sides)
    return len(re.sub(r"\\left|\\right|[{}^_ ]", "", re.sub(r"\\[a-z]{3,}", "x", source)))
