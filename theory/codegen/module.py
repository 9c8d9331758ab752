"""The source of a room's generated module."""

import re
import textwrap
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import sympy as sp

from theory.calculus.indices import extent
from theory.codegen.forms import helpers
from theory.codegen.function import Cholesky, Definition, Function, LogSoftmax, Output, Softmax
from theory.codegen.latex import latex
from theory.codegen.lower import Lowering
from theory.codegen.scalar import code
from theory.codegen.stable import stable
from theory.codegen.text import aligned

WIDTH = 100


def generate(room: str, title: str, functions: Iterable[Function], source: str = "") -> str:
    """JAX source of the functions of a theorem, in the order of its derivation.

    ``source`` names the file that holds the theorem, by default that of a room of verilimit.
    """
    text = "\n\n\n".join(map(_definition, functions))
    text = "\n\n\n".join([*helpers(text).values(), text])
    special = "import jax.scipy.special as jsp\n" if "jsp." in text else ""
    softmax = "import jax\n" if re.search(r"\bjax\.", text) else ""
    source = source or f"theory/{room}.py"
    header = _wrapped(
        f"Generated from {source} by verilimit {_version()}; never edited by hand.", ""
    )
    return (
        f'"""{title}.\n\n{header}\nRegenerate with ``verilimit generate``.\n"""\n\n'
        f"{softmax}import jax.numpy as jnp\n{special}"
        "from jaxtyping import Array, Float, Num\n\n"
        f'Scalar = float | int | Num[Array, ""]\n\n\n{text}\n'
    )


def function_source(function: Function) -> str:
    """JAX source of one function, after that of the helpers that it calls."""
    text = _definition(function)
    return "\n\n\n".join([*helpers(text).values(), text])


def _definition(function: Function) -> str:
    """The function itself: what is displayed is the formula, what is computed its stable form."""
    computed = stable(function)
    taken = {_label(a) for a in computed.arguments} | {
        _label(d.array) for d in computed.definitions
    }
    lowering = Lowering(taken={*taken, *(str(s) for a in function.arguments for s in _dims(a))})
    for definition in computed.definitions:
        line = f"{_label(definition.array)} = {_value(lowering, definition)}"
        lowering.lines.append(line)
    results = ", ".join([_result(lowering, o) for o in computed.returned])
    body = "\n".join(_broken(line) for line in [*lowering.lines, f"return {results}"])
    body = "\n".join([*_sizes(function, body), *_scalars(function, body), body])
    return _signature(function) + textwrap.indent(f"{_docstring(function)}\n{body}", "    ")


def _result(lowering: Lowering, output: Output) -> str:
    """Code of one output; a number becomes an array explicitly."""
    text = lowering.output(output.expression, output.axes)
    return f"jnp.asarray({text})" if output.expression.is_number else text


def _scalars(function: Function, body: str) -> list[str]:
    """Numbers become arrays of floats, so that Python's own division and powers play no part."""
    names = [_label(a) for a in function.arguments if not isinstance(a, sp.IndexedBase)]
    used = [name for name in names if re.search(rf"\b{name}\b", body)]
    if len(used) < 2:
        return [f"{name} = 1.0 * jnp.asarray({name})" for name in used]
    listed = ", ".join(used)
    line = f"{listed} = (1.0 * jnp.asarray(a) for a in ({listed}))"
    if len(line) > WIDTH - 4:
        line = f"{listed} = (\n    1.0 * jnp.asarray(a)\n    for a in ({listed})\n)"
    return [line]


def _signature(function: Function) -> str:
    arguments = [f"{_label(a)}: {_shape(a)}" for a in function.arguments]
    returns = ", ".join(f'Float[Array, "{_spaced(o.axes)}"]' for o in function.returned)
    if len(function.returned) > 1:
        returns = f"tuple[{returns}]"
    text = f"def {function.name}({', '.join(arguments)}) -> {returns}:\n"
    if len(text) > WIDTH:
        listed = "".join(f"    {a},\n" for a in arguments)
        text = f"def {function.name}(\n{listed}) -> {returns}:\n"
    return text


def _broken(line: str) -> str:
    """A long assignment or return, broken at spaces inside parentheses."""
    if len(line) <= WIDTH - 4:
        return line
    head, rest = line.split(" ", 1) if line.startswith("return ") else line.split(" = ", 1)
    head += " (" if line.startswith("return ") else " = ("
    wrapped = textwrap.wrap(rest, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    return "\n".join([head, *(f"    {part}" for part in wrapped), ")"])


def _value(lowering: Lowering, definition: Definition) -> str:
    """Code of a named intermediate."""
    value, axes = definition.value, definition.axes
    if isinstance(value, Cholesky):
        return f"jnp.linalg.cholesky({_label(value.of)})"
    if isinstance(value, Softmax):
        logits = code(aligned(*lowering.array(value.logits), axes), value.logits)
        name = "log_softmax" if isinstance(value, LogSoftmax) else "softmax"
        return f"jax.nn.{name}({logits}, axis={axes.index(value.over)})"
    return lowering.output(value, axes)


def _docstring(function: Function) -> str:
    """Summary, reference, and the formula that the code computes."""
    formulas = [latex(o.expression) for o in function.returned]
    where = [
        f"{latex(d.array[d.axes] if d.axes else d.array)} = {_defined(d.value)}"
        for d in function.definitions
    ]
    lines = [f'r"""{function.summary}', "", _wrapped(function.reference, ""), ""]
    for formula in formulas:
        lines += ["Formula:", _wrapped(formula, "    "), ""]
    for formula in where:
        lines += ["where", _wrapped(formula, "    "), ""]
    return "\n".join(lines[:-1]) + '\n"""'


def _defined(value: sp.Expr | Cholesky | Softmax) -> str:
    if isinstance(value, Cholesky):
        return rf"\mathrm{{cholesky}}({latex(value.of)})"
    if isinstance(value, Softmax):
        return rf"\mathrm{{softmax}}_{{{latex(value.over)}}}\left({latex(value.logits)}\right)"
    return latex(value)


def _sizes(function: Function, body: str) -> list[str]:
    """``m = V.shape[0]`` for each size that the body uses."""
    arguments = {_label(a) for a in function.arguments}
    found: dict[str, str] = {}
    for argument in function.arguments:
        for axis, dim in enumerate(_dims(argument)):
            used = re.search(rf"(?<!\.)\b{dim}\b", body)
            if isinstance(dim, sp.Symbol) and str(dim) not in arguments and used:
                found.setdefault(str(dim), f"{_label(argument)}.shape[{axis}]")
    return [f"{name} = {where}" for name, where in found.items()]


def _label(argument: sp.Basic) -> str:
    return str(argument.label) if isinstance(argument, sp.IndexedBase) else str(argument)


def _dims(argument: sp.Basic) -> tuple[sp.Basic, ...]:
    return tuple(argument.shape) if isinstance(argument, sp.IndexedBase) else ()


def _shape(argument: sp.Basic) -> str:
    if not isinstance(argument, sp.IndexedBase):
        return "Scalar"
    dims = " ".join(str(d).replace(" ", "") for d in argument.shape)
    return f'Float[Array, "{" " if len(argument.shape) == 1 else ""}{dims}"]'


def _spaced(axes: tuple[sp.Idx, ...]) -> str:
    text = " ".join(str(extent(i)).replace(" ", "") for i in axes)
    return f" {text}" if len(axes) == 1 else text


def _wrapped(text: str, indent: str) -> str:
    return "\n".join(
        textwrap.wrap(
            text, WIDTH - 8, initial_indent=indent, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )
    )  # fmt: skip


def _version() -> str:
    try:
        return version("verilimit")
    except PackageNotFoundError:
        return "(not installed)"
