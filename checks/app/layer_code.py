"""``verilimit generate FILE.py``: the finite layers of a user's file as JAX, beside the file."""

from pathlib import Path

from checks.app.layers import chosen
from checks.app.screen import console
from checks.suite.files import write_text
from checks.suite.problem import InputProblem
from theory.codegen.layers import layer_source


def generate_layers(target: str, *, check: bool) -> int:
    """Write ``FILE_LAYER_generated.py`` for each layer; 1 if ``check`` finds another text."""
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
        out = path.with_name(f"{path.stem}_{name}_generated.py")
        same = out.exists() and out.read_text(encoding="utf-8") == source
        stale = stale or not same
        if not same and not check:
            write_text(out, source)
        word = "up to date" if same else "stale" if check else "written"
        screen.print(f"{out}: {word}", markup=False)
    return int(check and stale)
