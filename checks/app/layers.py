"""``verilimit derive FILE.py[:layer]`` and ``generate FILE.py``: a user's own layers."""

import json as json_of
from pathlib import Path
from typing import Any

import sympy as sp

import numerics  # noqa: F401  (a file may use JAX, in x64)
from checks.app.screen import coloured, console
from checks.suite.claimfile import ClaimFile
from checks.suite.files import require_writable, write_text
from checks.suite.problem import InputProblem
from theory.codegen.latex import latex as to_latex
from theory.codegen.layers import layer_source
from theory.layers.layer import Layer
from theory.limits import Limit, derive

UNDECIDED, CONTRADICTED = 3, 1  # exit statuses


def layers_in(target: str) -> dict[str, Layer]:
    """The layers that ``FILE.py`` defines, or the one that ``FILE.py:name`` names.

    Raises `InputProblem` when there is none.
    """
    path, _, name = target.partition(".py:")
    file = ClaimFile(Path(f"{path}.py" if name else path))
    found = {k: v for k, v in vars(file.module).items() if isinstance(v, Layer)}
    if not found or (name and name not in found):
        raise InputProblem(
            expected=f"{file.path} to define {f'the layer {name}' if name else 'a layer'}",
            received=", ".join(found) or "none",
            remedy="Write layer = vl.Layer(..) at module level.",
        )
    return {name: found[name]} if name else found


def derive_layers(target: str, *, latex: bool, json: Path | None) -> int:
    """Print the limits; 1 if one contradicts what is expected, else 3 if one is undecided."""
    require_writable(json, "--json")
    limits = {name: derive(layer) for name, layer in layers_in(target).items()}
    for limit in limits.values():
        _print(limit, latex=latex)
    if json is not None:
        records = {name: record_of(limit) for name, limit in limits.items()}
        only = next(iter(records.values())) if len(records) == 1 else records
        write_text(json, json_of.dumps(only, indent=2, ensure_ascii=False) + "\n")
    if any(limit.contradictions() for limit in limits.values()):
        return CONTRADICTED
    return UNDECIDED if any(x.regime == "UNDECIDED" for x in limits.values()) else 0


def generate_layers(target: str, *, check: bool) -> int:
    """Write ``FILE_NAME.py`` beside the file for each layer; 1 if ``check`` finds another text."""
    screen, stale = console(), False
    path = Path(target.partition(".py:")[0] + ".py" if ".py:" in target else target)
    for name, layer in layers_in(target).items():
        try:
            source = layer_source(layer, path.name)
        except (ValueError, NotImplementedError) as why:
            raise InputProblem(
                expected=f"a layer {name} that can be written as JAX",
                received=str(why),
                remedy="Change the layer.",
            ) from None
        out = path.with_name(f"{path.stem}_{name}_generated.py")
        same = out.exists() and out.read_text(encoding="utf-8") == source
        stale = stale or not same
        if not same and not check:
            write_text(out, source)
        screen.print(
            f"{out}: {'up to date' if same else 'stale' if check else 'written'}", markup=False
        )
    return int(check and stale)


def record_of(limit: Limit) -> dict[str, Any]:
    """What is derived, as plain data: formulas as LaTeX and as SymPy text."""

    def formulas(table: Any) -> dict[str, Any]:
        return {
            _key(k): {"sympy": str(e), "latex": _latex(e), "axes": [str(i) for i in limit.axes[k]]}
            for k, e in table.items()
        }

    found = {
        "layer": limit.layer.name,
        "regime": limit.regime,
        "words": list(limit.words),
        "hypotheses": dict(limit.hypotheses),
        "drift": formulas(limit.drift),
        "covariance": formulas(limit.covariance),
        "contradictions": limit.contradictions(),
    }
    if limit.fluctuation is not None:
        found["fluctuation"] = {
            "scale": str(limit.fluctuation.scale),
            "covariance": formulas(limit.fluctuation.covariance),
        }
    return found


def _print(limit: Limit, *, latex: bool) -> None:
    screen = console()
    write = _latex if latex else str
    screen.print(f"[bold]{limit.layer.name}[/]")
    screen.print(limit.regime, style="bold", markup=False)
    for sentence in limit.words:
        screen.print(f"  {sentence}", markup=False)
    for name, e in limit.drift.items():
        screen.print(
            f"drift of {_entry(name, limit.axes[name])} = {write(e)}", markup=False, soft_wrap=True
        )
    for (s, t), e in limit.covariance.items():
        axes, split = limit.axes[s, t], len(limit.layer.watch[s].shape)
        pair = f"{_entry(s, axes[:split])}, {_entry(t, axes[split:])}"
        screen.print(f"covariance of {pair} = {write(e)}", markup=False, soft_wrap=True)
    if limit.fluctuation is not None:
        screen.print(f"fluctuation: {limit.fluctuation}", markup=False, soft_wrap=True)
    for name, status in limit.hypotheses.items():
        word, _, why = status.partition(":")
        screen.print(f"{name} {coloured(word)}:{why}")
    for sentence in limit.contradictions():
        screen.print(f"CONTRADICTED: {sentence}", markup=False)
    screen.print("")


def _entry(name: str, axes: tuple[sp.Idx, ...]) -> str:
    return f"{name}[{', '.join(map(str, axes))}]" if axes else name


def _latex(expression: sp.Expr) -> str:
    try:
        return to_latex(expression)
    except (NotImplementedError, ValueError, TypeError):
        return sp.latex(expression)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else ", ".join(key)
