"""What can be broken in a source: one place at a time, by the slips that mathematicians make.

A mutation replaces the text of one syntax node, so a mutated file differs from the source in that
place alone. Strings, annotations, imports, decorators and code that only raises are left alone:
they compute nothing.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

# Functions that are easily taken for each other, by their last name.
TWINS = {"sum": "mean", "max": "min", "maximum": "minimum", "sin": "cos", "sinh": "cosh",
         "argmax": "argmin", "std": "var", "zeros": "ones", "zeros_like": "ones_like"}  # fmt: skip
TWINS |= {twin: name for name, twin in TWINS.items()}
SYMMETRIC = {"maximum", "minimum", "Max", "Min", "add", "multiply", "hypot", "logaddexp", "Eq"}
OPPOSITE: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One place of a module's source, what stands there and what takes its place."""

    module: str
    function: str  # the enclosing one, with the names around it; empty outside of functions
    line: int
    kind: str
    before: str
    after: str
    span: tuple[int, int]  # offsets in the source, as UTF-8 bytes

    def apply(self, source: str) -> str:
        """The source with that place changed; raises ValueError where it says something else."""
        data = source.encode()
        start, end = self.span
        if data[start:end].decode() != self.before:
            raise ValueError(f"{self.module}, line {self.line}: the source is not as it was")
        return (data[:start] + f"({self.after})".encode() + data[end:]).decode()


def mutations(module: str, source: str) -> Iterator[Mutation]:
    """All mutations of a module's source, in the order of the source; each one compiles."""
    data = source.encode()
    starts = _line_starts(data)
    for node, function in _computing(ast.parse(source)):
        for kind, other in _changes(node):
            after = ast.unparse(ast.fix_missing_locations(other))
            span = tuple(
                starts[line - 1] + column
                for line, column in (
                    (node.lineno, node.col_offset),
                    (node.end_lineno or 0, node.end_col_offset or 0),
                )
            )
            before = data[slice(*span)].decode()
            where = module, function, node.lineno
            found = Mutation(*where, kind, before, after, (span[0], span[1]))
            if ast.dump(other) != ast.dump(node) and _compiles(found.apply(source)):
                yield found


def _line_starts(data: bytes) -> list[int]:
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutated", "exec")
    except SyntaxError:
        return False
    return True


def _computing(node: ast.AST, within: str = "") -> Iterator[tuple[ast.expr, str]]:
    """Expressions that compute something, with their function; parents before children."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        within = f"{within}.{node.name}".removeprefix(".")
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _computes_nothing(child):
                continue
            if isinstance(child, ast.expr):
                yield child, within
            yield from _computing(child, within)


def _computes_nothing(node: ast.AST) -> bool:
    words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    refusal = isinstance(node, ast.If) and all(isinstance(s, ast.Raise) for s in node.body)
    return (
        words
        or refusal
        or isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr)
    )


def _changes(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.BinOp(left, operator, right):
            yield from _of_operator(left, operator, right)
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign lost", operand
        case ast.Compare(left, [operator], [right]) if type(operator) in OPPOSITE:
            yield "comparison turned", ast.Compare(left, [OPPOSITE[type(operator)]()], [right])
        case ast.Constant(int() | float() as value) if not isinstance(value, bool):
            yield from _of_number(value)
        case ast.Call():
            yield from _of_call(node)
        case _:
            return


def _of_operator(
    left: ast.expr, operator: ast.operator, right: ast.expr
) -> Iterator[tuple[str, ast.expr]]:
    if type(operator) in OPPOSITE:
        yield "operator", ast.BinOp(left, OPPOSITE[type(operator)](), right)
    one = ("1", "1.0")  # a factor whose loss changes nothing
    if (
        isinstance(operator, ast.Add | ast.Sub | ast.Mult | ast.Div)
        and ast.unparse(right) not in one
    ):
        yield "dropped", left
    if isinstance(operator, ast.Add | ast.Mult) and ast.unparse(left) not in one:
        yield "dropped", right
    if isinstance(operator, ast.Sub):
        yield "dropped", ast.UnaryOp(ast.USub(), right)
    if isinstance(operator, ast.MatMult):
        yield "exchanged", ast.BinOp(right, operator, left)
    if isinstance(operator, ast.Pow):
        yield "power lost", left


def _is_one(node: ast.expr) -> bool:
    """A factor whose loss changes nothing."""
    return isinstance(node, ast.Constant) and node.value == 1


def _of_number(value: int | float) -> Iterator[tuple[str, ast.expr]]:
    yield (
        "constant",
        ast.Constant(value + 1 if isinstance(value, int) else 2 * value + (value == 0)),
    )
    if isinstance(value, int) and value > 1:
        yield "constant", ast.Constant(value - 1)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    function, arguments = node.func, node.args
    symmetric = ast.unparse(function).rpartition(".")[2] in SYMMETRIC
    starred = any(isinstance(a, ast.Starred) for a in arguments[:2])
    if len(arguments) > 1 and not starred and not symmetric:
        first, second, *rest = arguments
        yield "exchanged", ast.Call(function, [second, first, *rest], node.keywords)
    match function:
        case ast.Attribute(value, name) if name in TWINS:
            yield (
                "function",
                ast.Call(ast.Attribute(value, TWINS[name], ast.Load()), arguments, node.keywords),
            )
        case ast.Attribute(ast.Attribute(attr="random"), "split"):
            same = ast.parse("(lambda keys: keys.at[1:].set(keys[0]))", mode="eval").body
            yield "keys reused", ast.Call(same, [node], [])
        case ast.Attribute(attr="einsum"):
            yield from _of_einsum(node)
        case _:
            pass
    for place, keyword in enumerate(node.keywords):
        match keyword:
            case ast.keyword("axis", ast.Constant(int(axis))):
                other = ast.keyword("axis", ast.Constant(0 if axis else 1))
                changed = [*node.keywords[:place], other, *node.keywords[place + 1 :]]
                yield "axis", ast.Call(function, arguments, changed)
            case _:
                pass


def _of_einsum(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    match node.args:
        case [ast.Constant(str(text)), *rest] if "->" in text:
            inputs, output = text.replace(" ", "").split("->")
            for place, letters in enumerate(inputs.split(",")):
                if len(letters) == 2 and letters[0] != letters[1]:
                    parts = inputs.split(",")
                    parts[place] = letters[::-1]
                    spec = ast.Constant(f"{','.join(parts)}->{output}")
                    yield "transposed", ast.Call(node.func, [spec, *rest], node.keywords)
        case _:
            return
