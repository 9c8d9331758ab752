"""``verilimit generate FILE.py``: the layers of a file, and their limits, as JAX beside it."""

from pathlib import Path

from checks.app.layers import chosen
from checks.app.screen import console
from checks.suite.files import write_text
from checks.suite.problem import InputProblem
from theory.codegen.layers import layer_source
from theory.codegen.limits import limit_source
from theory.limits import derive


def generate_layers(target: str, *, check: bool) -> int:
    """Write ``FILE_LAYER_generated.py`` and ``FILE_LAYER_limit_generated.py`` for each layer.

    The second has drift, covariance and noise factor; where no limit is known, or no code of it, it
    is said why. Returns 1 if ``check`` finds another text.
    """
    screen, stale = console(), False
    path = Path(target.partition(":")[0])
    for name, layer in chosen(target).items():
        try:
            source = layer_source(layer, path.name)
        except (ValueError, NotImplementedError) as why:
            raise InputProblem(
                expected=f"a layer {name} that can be written as JAX",
                received=str(why),
                remedy="Change the layer.",
            ) from None
        sources = {path.with_name(f"{path.stem}_{name}_generated.py"): source}
        limit = path.with_name(f"{path.stem}_{name}_limit_generated.py")
        try:
            sources[limit] = limit_source(derive(layer), path.name)
        except (ValueError, NotImplementedError) as why:
            screen.print(f"{limit}: not written: {why}", markup=False, soft_wrap=True)
        for out, text in sources.items():
            same = out.exists() and out.read_text(encoding="utf-8") == text
            stale = stale or not same
            if not same and not check:
                write_text(out, text)
            word = "up to date" if same else "stale" if check else "written"
            screen.print(f"{out}: {word}", markup=False, soft_wrap=True)
    return int(check and stale)
