"""An expression as a straight-line program, which two arithmetics run: one proves, one replays.

Powers become products: the square of the ball [0 +/- 1] is not a number in Arb when it goes
through the logarithm, and x x loses that x is the same; ``square`` is an instruction of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

Instruction = tuple  # an operation, then indices of earlier instructions, or a constant's text
UNARY = {
    sp.exp: "exp", sp.log: "log", sp.acos: "acos", sp.erf: "erf", sp.tanh: "tanh",
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """Instructions in order; the last one is the value. ``variables`` are names, in order."""

    variables: tuple[str, ...]
    code: tuple[Instruction, ...]


@dataclass(frozen=True)
class Arithmetic:
    """What a program needs of numbers: a constant from an exact fraction, pi, and operations.

    ``operations`` has add, sub, mul, div, neg, square, sqrt and the functions of `UNARY`.
    """

    constant: Callable[[int, int], Any]
    pi: Callable[[], Any]
    operations: Mapping[str, Callable[..., Any]]


def compile_expression(expression: sp.Expr, variables: Sequence[sp.Symbol]) -> Program:
    """The program of a real expression; ValueError names what has no interval extension here."""
    code: list[Instruction] = []
    known: dict[Any, int] = {}

    def emit(*instruction: Any) -> int:
        if instruction not in known:
            code.append(instruction)
            known[instruction] = len(code) - 1
        return known[instruction]

    def fold(operation: str, parts: Sequence[int]) -> int:
        found = parts[0]
        for part in parts[1:]:
            found = emit(operation, found, part)
        return found

    def power(base: int, exponent: int) -> int:
        if exponent == 1:
            return base
        half = emit("square", power(base, exponent // 2))
        return half if exponent % 2 == 0 else emit("mul", half, base)

    def visit(node: sp.Expr) -> int:
        if node in variables:
            return emit("var", next(k for k, x in enumerate(variables) if x == node))
        if isinstance(node, sp.Rational):
            return emit("const", int(node.p), int(node.q))
        if node is sp.pi:
            return emit("pi")
        if node is sp.E:
            return emit("exp", emit("const", 1, 1))
        if isinstance(node, sp.Add):
            return fold("add", [visit(a) for a in node.args])
        if isinstance(node, sp.Mul):
            return product(node)
        if isinstance(node, sp.Pow):
            return root_or_power(node)
        if type(node) in UNARY:
            return emit(UNARY[type(node)], visit(node.args[0]))
        raise ValueError(
            f"no interval extension: expected sums, products, powers and "
            f"{', '.join(sorted(UNARY.values()))} of {', '.join(map(str, variables))}; received "
            f"{type(node).__name__} in {node}; rewrite the expression"
        )

    def product(node: sp.Expr) -> int:
        above, below = [], []
        for part in node.args:
            negative = isinstance(part, sp.Pow) and part.exp.is_number and part.exp.is_negative
            (below if negative else above).append(1 / part if negative else part)
        sign = above and above[0] == -1 and len(above) > 1
        found = fold("mul", [visit(a) for a in (above[1:] if sign else above) or [sp.S.One]])
        found = emit("div", found, fold("mul", [visit(b) for b in below])) if below else found
        return emit("neg", found) if sign else found

    def root_or_power(node: sp.Expr) -> int:
        base, exponent = node.args
        if base is sp.E:
            return emit("exp", visit(exponent))
        if exponent.is_number and exponent.is_negative:
            return emit("div", emit("const", 1, 1), visit(base**-exponent))
        if isinstance(exponent, sp.Integer):
            return power(visit(base), int(exponent))
        if isinstance(exponent, sp.Rational) and exponent.q & (exponent.q - 1) == 0:
            root = visit(base)  # defined at zero, where the logarithm is not
            for _ in range(int(exponent.q).bit_length() - 1):
                root = emit("sqrt", root)
            return power(root, int(exponent.p))
        return emit("exp", emit("mul", visit(exponent), emit("log", visit(base))))

    last = visit(sp.sympify(expression))
    return Program(tuple(map(str, variables)), tuple(code[: last + 1]))


def run(program: Program, arguments: Sequence[Any], arithmetic: Arithmetic) -> Any:
    """The value of the program in an arithmetic."""
    values: list[Any] = []
    for operation, *operands in program.code:
        if operation == "var":
            values.append(arguments[operands[0]])
        elif operation == "const":
            values.append(arithmetic.constant(*operands))
        elif operation == "pi":
            values.append(arithmetic.pi())
        else:
            values.append(arithmetic.operations[operation](*(values[i] for i in operands)))
    return values[-1]
